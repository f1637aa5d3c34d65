//! Old runs written straight into the database while no admin runs: succeeded ones, as the journal leaves them, with the
//! checkpoints that follow from them. The counts per hour are left out: no call of the benchmark reads them.

use crate::ledger::Ledger;

/// Rows of one statement.
const PIECE: u32 = 100_000;
/// Between two runs, in milliseconds of due time.
const STEP_MS: i64 = 500;

/// Which runs.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Of this executor.
    pub executor: i64,
    /// Of the jobs from this number on, in turn.
    pub first_job: i64,
    /// So many jobs.
    pub jobs: u32,
    /// How many runs.
    pub runs: u32,
    /// When the last one was due, in milliseconds since 1970.
    pub until: i64,
}

/// Writes them.
///
/// # Errors
/// When the database refuses.
pub fn write(ledger: &mut Ledger, history: History) -> Result<(), String> {
    let first = ledger.lease_ids("run", u64::from(history.runs))?;
    for from in (0..history.runs).step_by(PIECE as usize) {
        ledger.execute(&rows(history, first, from, PIECE.min(history.runs - from)))?;
    }
    ledger.execute(&reflected(history, first + i64::from(history.runs) - 1))
}

/// The statement for `many` runs from this place in the history on.
fn rows(history: History, first: i64, from: u32, many: u32) -> String {
    let History { executor, first_job, jobs, runs, until } = history;
    let begin = until - i64::from(runs) * STEP_MS;
    format!(
        "INSERT INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, node, \
         pinned, created_at, sent_at, accepted_at, finished_at, code, message) \
         SELECT {first} + place, {first_job} + place % {jobs}, {executor}, 0, {begin} + place * {STEP_MS}, 0, 0, 10, 0, \
         {begin} + place * {STEP_MS}, 'http://127.0.0.1:7777', FALSE, {begin} + place * {STEP_MS}, \
         {begin} + place * {STEP_MS} + 2, {begin} + place * {STEP_MS} + 3, {begin} + place * {STEP_MS} + 5, 200, '' \
         FROM (SELECT {from} + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS place \
         FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, {DIGITS} e, {DIGITS} f) places WHERE place < {from} + {many}"
    )
}

/// Numbers that every database can count with.
const DIGITS: &str = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
     UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

/// What the journal would have noted up to the run of this number.
fn reflected(history: History, last: i64) -> String {
    let History { first_job, jobs, .. } = history;
    let end = first_job + i64::from(jobs);
    format!(
        "DELETE FROM job_checkpoint WHERE job_id >= {first_job} AND job_id < {end}; \
         INSERT INTO job_checkpoint (job_id, planned_until) SELECT job_id, MAX(scheduled_at) FROM run \
         WHERE job_id >= {first_job} AND job_id < {end} GROUP BY job_id; \
         DELETE FROM journal_mark WHERE journal = 0; \
         INSERT INTO journal_mark (journal, run_id) VALUES (0, {last})"
    )
}
