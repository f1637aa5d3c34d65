//! An outcome that is not an executor's own has a reason that the job's policies allow.

use std::collections::HashMap;

use super::evidence::Index;
use super::{Flaw, Verdict};
use crate::history::History;
use crate::job::{JobFacts, Misfire, Overlap};
use crate::ledger::Row;

/// A run whose end is not committed yet still stands in the way of others; a commit may take so long, in milliseconds, and as
/// long as a fault keeps the admin from writing.
const COMMIT_MS: i64 = 10_000;

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    let mut by_job: HashMap<i64, Vec<&Row>> = HashMap::new();
    for row in &index.evidence.rows {
        by_job.entry(row.job).or_default().push(row);
    }
    for job in &index.evidence.jobs {
        let mut rows = by_job.remove(&job.id).unwrap_or_default();
        rows.sort_by_key(|row| row.created_at);
        for row in rows.iter().filter(|row| row.has_ended()) {
            if let Some(why) = objection(index, job, row, &rows) {
                verdict.found(Flaw::Reason, job.id, row.scheduled_at, format!("{}: {why}", row.words()));
            }
        }
    }
}

/// What speaks against an outcome, if anything.
pub(super) fn objection(index: &Index<'_>, job: &JobFacts, row: &Row, rows: &[&Row]) -> Option<&'static str> {
    let plan = &job.plan;
    let stopped = row.finished_at.unwrap_or(row.created_at) >= job.must_until;
    let demand = |met: bool, why: &'static str| if met { None } else { Some(why) };
    match (row.state.as_str(), row.reason.as_str()) {
        ("succeeded", "none") | ("failed", "reported" | "no_node" | "refused") => None,
        ("skipped", "overlap") => {
            let fits = matches!(plan.overlap, Overlap::Skip | Overlap::Parallel);
            demand(fits, "its overlap policy skips nothing")
                .or_else(|| demand(met_another(&index.evidence.history, row, rows), "no run of the job was open then"))
        }
        ("skipped", "queue_full") => demand(plan.overlap == Overlap::Queue, "it has no queue"),
        ("skipped", "misfire") => {
            let late = row.created_at - row.scheduled_at > index.evidence.misfire_threshold;
            demand(plan.misfire != Misfire::FireAll, "every late fire is to be executed")
                .or_else(|| demand(late, "it was not late"))
        }
        ("skipped", "misfire_many") => None,
        ("skipped", "misfire_limit" | "misfire_window") => {
            demand(plan.misfire == Misfire::FireAll, "its misfire policy has no limit")
        }
        // Superseded: it was due in the moment in which the job was stopped, and had no row yet.
        ("skipped", "stopped" | "superseded") => demand(stopped, "the job was not stopped"),
        ("timed_out", "timeout") => demand(plan.timeout_ms > 0, "it has no timeout").or_else(|| {
            demand(index.evidence.history.has_jumps() || had_its_time(plan.timeout_ms, row), "its time was not up")
        }),
        ("cancelled", "replaced") => {
            let newer = rows.iter().any(|other| other.scheduled_at > row.scheduled_at);
            demand(plan.overlap == Overlap::Replace && newer, "nothing took its place")
        }
        ("lost", "crash_while_sending") => demand(plan.at_most_once, "it could have been sent again"),
        ("lost", "node_offline" | "node_restarted" | "silence") => None,
        _ => Some("nothing that was done leads to this outcome"),
    }
}

fn had_its_time(timeout: i64, row: &Row) -> bool {
    // From the first trigger on, while nobody knows whether it was taken.
    let began = row.sent_at.or(row.accepted_at);
    // A queued run counts from its trigger; one that never left cannot have run out of time.
    began.zip(row.finished_at).is_some_and(|(began, finished)| finished - began >= timeout)
}

/// Whether another row of the job was open when this one was written; `rows` ascend by their writing.
fn met_another(history: &History, row: &Row, rows: &[&Row]) -> bool {
    let earlier = rows.iter().filter(|other| other.id != row.id && other.created_at <= row.created_at);
    let mut candidates = earlier.filter(|other| other.state != "skipped");
    candidates.any(|other| {
        other.finished_at.is_none_or(|finished| {
            finished.saturating_add(COMMIT_MS) >= row.created_at || history.could_not_write(finished, row.created_at)
        })
    })
}
