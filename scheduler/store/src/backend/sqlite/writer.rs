//! One batch on its way into SQLite, entry by entry and in order.
//!
//! New rows that nothing else hangs on wait until there are enough of them for one statement, or until an entry comes whose
//! answer could depend on them; so every entry is answered as if they had been written one by one. The statements hit no
//! unique key, or the batch is given up and written again without waiting.

use super::rows::{ChangeRow, Fixed, OpenRows};
use crate::columns::{hour_millis, millis};
use crate::ledger::{Answer, Batch, Checkpoints, Entry, NewRun, RunChange, TakenRun};
use crate::schema::{job_debt, run, run_request, run_stat, run_taken};
use crate::taken_text::taken_text;
use diesel::prelude::*;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::run::RunState;
use std::collections::BTreeMap;

/// Rows of the largest statement: it saves a third of what a row costs, and a longer one saves nothing more.
const MANY: usize = 32;
/// Rows of the statement for what is left over.
const SOME: usize = 8;

/// Whether rows are taken to be new until a unique key says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Faith {
    /// They are.
    Good,
    /// Each is looked at by itself.
    None,
}

/// See the module.
pub(super) struct Writer<'c, 'b> {
    conn: &'c mut SqliteConnection,
    faith: Faith,
    /// Rows that wait for others, and their ids.
    news: Vec<(i64, &'b NewRun)>,
    /// (hour, state) -> how many runs ended so in this batch.
    outcomes: BTreeMap<(i64, i16), i64>,
}

impl<'c, 'b> Writer<'c, 'b> {
    pub(super) fn new(conn: &'c mut SqliteConnection, faith: Faith) -> Writer<'c, 'b> {
        Writer { conn, faith, news: Vec::with_capacity(MANY), outcomes: BTreeMap::new() }
    }

    /// Writes all of it and answers every entry.
    pub(super) fn write(mut self, batch: &'b Batch) -> QueryResult<Vec<Answer>> {
        let mut next = batch.first_id;
        let mut answers = Vec::with_capacity(batch.entries.len());
        for entry in &batch.entries {
            if !self.may_overtake(entry, batch.first_id) {
                self.flush()?;
            }
            answers.push(match entry {
                Entry::Open(new) if self.may_wait(new) => self.wait(new, next)?,
                Entry::Open(new) => self.open(new, next)?,
                Entry::Change(change) => self.change(change, next)?,
                Entry::Settle { job, version } => self.settle(job.0, *version)?,
                Entry::Withdraw(taken_back) => self.withdraw(taken_back.run.0)?,
                Entry::KeepTaken(runs) => self.keep_taken(runs, next)?,
                Entry::DropTaken(notes) => self.drop_taken(notes)?,
            });
            next += i64::from(entry.may_open());
        }
        self.flush()?;
        self.outcomes()?;
        self.checkpoints(batch)?;
        Ok(answers)
    }

    fn may_wait(&self, new: &NewRun) -> bool {
        self.faith == Faith::Good && new.request_key.is_none()
    }

    /// Whether an entry may be written before rows that wait: it can neither meet them nor make room for them.
    fn may_overtake(&self, entry: &Entry, first_id: i64) -> bool {
        match entry {
            Entry::Open(new) => self.may_wait(new),
            Entry::Change(change) => change.then.is_none() && change.run.0 < first_id,
            Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => true,
            Entry::Withdraw(_) => false,
        }
    }

    fn wait(&mut self, new: &'b NewRun, id: i64) -> QueryResult<Answer> {
        self.news.push((id, new));
        self.count(new.state, hour_millis(new.created_at));
        if self.news.len() == MANY {
            self.flush()?;
        }
        Ok(Answer::Opened(RunId(id)))
    }

    /// Writes the rows that wait.
    fn flush(&mut self) -> QueryResult<()> {
        let mut news = self.news.as_slice();
        if let Some(many) = OpenRows::<MANY>::of(news) {
            many.execute(self.conn)?;
            news = &[];
        }
        while let Some((some, rest)) = news.split_at_checked(SOME) {
            OpenRows::<SOME>::of(some).map_or(Ok(0), |some| some.execute(self.conn))?;
            news = rest;
        }
        for one in news.chunks(1) {
            OpenRows::<1>::of(one).map_or(Ok(0), |one| one.execute(self.conn))?;
        }
        self.news.clear();
        Ok(())
    }

    fn open(&mut self, new: &NewRun, id: i64) -> QueryResult<Answer> {
        if let Some(request) = &new.request_key {
            let same = run_request::table.find((new.job.0, &request.key)).select(run_request::run_id);
            if let Some(earlier) = same.first::<i64>(self.conn).optional()? {
                // A key whose row was cleared since: what it asked for has long ended.
                let state = self.state(earlier)?.unwrap_or(RunState::Skipped);
                return Ok(Answer::Existed { run: RunId(earlier), state });
            }
        }
        if diesel::insert_or_ignore_into(run::table).values(new.row(id)).execute(self.conn)? == 0 {
            return self.existing(new);
        }
        if let Some(request) = &new.request_key {
            diesel::insert_into(run_request::table)
                .values((
                    run_request::job_id.eq(new.job.0),
                    run_request::request_key.eq(&request.key),
                    run_request::run_id.eq(id),
                    run_request::created_at.eq(millis(new.created_at)),
                    run_request::asked.eq(&request.asked),
                ))
                .execute(self.conn)?;
        }
        self.count(new.state, hour_millis(new.created_at));
        Ok(Answer::Opened(RunId(id)))
    }

    /// The row that was there first. There must be one: if not, it was the id that is in use already, and the batch fails
    /// (to be tried again under other ids) rather than lose a fire.
    fn existing(&mut self, new: &NewRun) -> QueryResult<Answer> {
        let same = run::table
            .filter(run::scheduled_at.eq(millis(new.scheduled_at)))
            .filter(run::job_id.eq(new.job.0))
            .filter(run::kind.eq(new.kind.code()))
            .filter(run::shard.eq(0))
            .filter(run::attempt.eq(new.attempt));
        let (id, code) = same.select((run::id, run::state)).first::<(i64, i16)>(self.conn)?;
        Ok(Answer::Existed { run: RunId(id), state: RunState::from_code(code).unwrap_or(RunState::Skipped) })
    }

    fn state(&mut self, id: i64) -> QueryResult<Option<RunState>> {
        let state = run::table.find(id).select(run::state).first::<i16>(self.conn).optional()?;
        Ok(state.and_then(RunState::from_code))
    }

    fn change(&mut self, change: &RunChange, id: i64) -> QueryResult<Answer> {
        // An outcome is final, whoever asks and whatever it names as its origin.
        let leaves_outcome = change.from.is_terminal() && change.from != change.to;
        if leaves_outcome || ChangeRow::of(change).execute(self.conn)? == 0 {
            return Ok(Answer::Missed { state: self.state(change.run.0)? });
        }
        if let Some(executor) = change.known.executor {
            self.fixed("UPDATE run SET executor_id = ? WHERE id = ?", &[executor.0, change.run.0])?;
        }
        if change.known.ends_turn {
            self.fixed(RAISE_LAST_END, &[millis(change.at), change.run.0])?;
        }
        if change.from != change.to {
            self.count(change.to, hour_millis(change.at));
        }
        let Some(next) = &change.then else { return Ok(Answer::Changed { then: None }) };
        match self.open(next, id)? {
            Answer::Opened(then) | Answer::Existed { run: then, .. } => Ok(Answer::Changed { then: Some(then) }),
            other => Ok(other),
        }
    }

    fn settle(&mut self, job: i64, version: i64) -> QueryResult<Answer> {
        diesel::delete(job_debt::table.find((job, version))).execute(self.conn)?;
        Ok(Answer::Changed { then: None })
    }

    fn withdraw(&mut self, id: i64) -> QueryResult<Answer> {
        let planned = run::table.filter(run::id.eq(id)).filter(run::state.eq(RunState::Planned.code()));
        if diesel::delete(planned).execute(self.conn)? == 1 {
            return Ok(Answer::Changed { then: None });
        }
        Ok(Answer::Missed { state: self.state(id)? })
    }

    fn count(&mut self, state: RunState, hour: i64) {
        if state.is_terminal() {
            *self.outcomes.entry((hour, state.code())).or_insert(0) += 1;
        }
    }

    fn keep_taken(&mut self, runs: &[TakenRun], id: i64) -> QueryResult<Answer> {
        let note = (run_taken::id.eq(id), run_taken::taken.eq(taken_text(runs)));
        diesel::insert_into(run_taken::table).values(note).execute(self.conn)?;
        Ok(Answer::Kept(id))
    }

    fn drop_taken(&mut self, notes: &[i64]) -> QueryResult<Answer> {
        self.kept(DROP_TAKEN, notes.iter().map(i64::to_string))?;
        Ok(Answer::Changed { then: None })
    }

    fn outcomes(&mut self) -> QueryResult<()> {
        for ((hour, state), runs) in std::mem::take(&mut self.outcomes) {
            diesel::insert_into(run_stat::table)
                .values((run_stat::hour.eq(hour), run_stat::state.eq(state), run_stat::runs.eq(runs)))
                .on_conflict((run_stat::hour, run_stat::state))
                .do_update()
                .set(run_stat::runs.eq(run_stat::runs + runs))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Keeps what the batch tells, one statement for any number of facts; what is further already stays.
    fn checkpoints(&mut self, batch: &Batch) -> QueryResult<()> {
        let Checkpoints { until, open, over, mark } = &batch.checkpoints;
        self.kept(RAISE_CHECKPOINTS, until.iter().map(|(job, until)| format!("[{},{}]", job.0, millis(*until))))?;
        self.kept(KEEP_OPEN, open.iter().map(|(run, job)| format!("[{},{}]", run.0, job.0)))?;
        self.kept(FORGET_OPEN, over.iter().map(|run| run.0.to_string()))?;
        if let Some(mark) = mark {
            self.fixed(RAISE_MARK, &[batch.journal, *mark])?;
        }
        Ok(())
    }

    /// Plays a statement with these values as JSON, unless there are none.
    fn kept(&mut self, sql: &'static str, values: impl Iterator<Item = String>) -> QueryResult<()> {
        let json = values.collect::<Vec<_>>().join(",");
        if !json.is_empty() {
            Fixed { sql, numbers: &[], json: Some(&format!("[{json}]")) }.execute(self.conn)?;
        }
        Ok(())
    }

    fn fixed(&mut self, sql: &'static str, numbers: &[i64]) -> QueryResult<usize> {
        Fixed { sql, numbers, json: None }.execute(self.conn)
    }
}

/// Keeps when the job of a run last ended one: (when, run).
const RAISE_LAST_END: &str = "INSERT INTO job_last_end (job_id, ended_at) SELECT job_id, ? FROM run WHERE id = ? \
     ON CONFLICT (job_id) DO UPDATE SET ended_at = excluded.ended_at WHERE job_last_end.ended_at < excluded.ended_at";

/// Deletes notes of runs that nodes took.
const DROP_TAKEN: &str = "DELETE FROM run_taken WHERE id IN (SELECT value FROM json_each(?))";

/// Raises the checkpoints that the batch tells. `WHERE TRUE` tells SQLite that the `ON` is no join's.
const RAISE_CHECKPOINTS: &str = "INSERT INTO job_checkpoint (job_id, planned_until) \
     SELECT value ->> 0, max(value ->> 1) FROM json_each(?) WHERE TRUE GROUP BY value ->> 0 \
     ON CONFLICT (job_id) DO UPDATE SET planned_until = excluded.planned_until \
     WHERE job_checkpoint.planned_until < excluded.planned_until";

/// Keeps that runs are open: (run, job).
const KEEP_OPEN: &str = "INSERT INTO run_open (run_id, job_id) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE TRUE \
     ON CONFLICT (run_id) DO NOTHING";

/// Forgets that they are.
const FORGET_OPEN: &str = "DELETE FROM run_open WHERE run_id IN (SELECT value FROM json_each(?))";

/// Raises a journal's mark: (journal, run).
const RAISE_MARK: &str = "INSERT INTO journal_mark (journal, run_id) VALUES (?, ?) \
     ON CONFLICT (journal) DO UPDATE SET run_id = excluded.run_id WHERE journal_mark.run_id < excluded.run_id";
