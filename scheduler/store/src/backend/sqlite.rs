//! SQLite: how it is opened, and the journal's batch in the form that is fastest there.
//!
//! `synchronous=FULL` with WAL makes every commit durable. A batch is a loop of prepared single-row statements inside one
//! `spawn_blocking` and one transaction: 17,000-21,000 inserts and 35,000-52,000 updates a second were measured in that
//! form with fsync on, and each statement tells for itself whether it was new.

use super::Ending;
use super::open_file::OpenFile;
use super::pool::{Pool, SqliteConn, SqliteWriter};
use crate::columns::{hour_millis, millis};
use crate::epoch;
use crate::error::{StoreError, says_passing};
use crate::ledger::{Answer, Batch, Entry, NewRun, RunChange};
use crate::migrate;
use crate::schema::{
    job_checkpoint, job_debt, job_last_end, journal_mark, partition_lease, run, run_request, run_stat,
};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::result::Error as DieselError;
use diesel_async::SimpleAsyncConnection;
use diesel_async::pooled_connection::bb8;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::partition::PARTITIONS;
use hzm_job_scheduler::run::{RunKind, RunState};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Readers; each is a thread of SQLite's own at most, and pages ask for little.
const READERS: u32 = 4;

/// What each connection is set to, beside how long it waits for a lock that another process holds.
const PRAGMAS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
     PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY";

/// Opens the file, makes its folder where that is missing, and migrates. `patience` bounds the wait for a connection, and
/// for a lock that another process holds.
pub(super) async fn open(path: String, patience: Duration) -> Result<Pool, StoreError> {
    if path.is_empty() || path.contains(":memory:") {
        return Err(cannot_open(
            &path,
            "the ledger needs a file; write sqlite://PATH, such as sqlite://data/ledger.sqlite",
        ));
    }
    if let Some(folder) = Path::new(&path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|source| cannot_open(&path, &source.to_string()))?;
    }
    let file = Arc::new(OpenFile::new(&path));
    let write = pool(&path, 1, patience, Some(file.clone())).await?;
    let mut conn = write.dedicated_connection().await.map_err(|source| cannot_open(&path, &source.to_string()))?;
    // The write lock makes a second process wait, which then finds nothing left to do.
    conn.spawn_blocking(|conn| Ok(conn.immediate_transaction(|conn| migrate::apply(conn, migrate::SQLITE)))).await??;
    drop(conn);
    file.check()?;
    Ok(Pool::Sqlite { write: SqliteWriter::new(write, file), read: pool(&path, READERS, patience, None).await? })
}

async fn pool(
    path: &str,
    size: u32,
    patience: Duration,
    file: Option<Arc<OpenFile>>,
) -> Result<bb8::Pool<SqliteConn>, StoreError> {
    let mut config = ManagerConfig::<SqliteConn>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let pragmas = format!("PRAGMA busy_timeout={}; {PRAGMAS}", patience.as_millis());
    config.custom_setup = Box::new(move |path: &str| {
        let (path, pragmas, file) = (path.to_owned(), pragmas.clone(), file.clone());
        async move {
            let mut conn = <SqliteConn as diesel_async::AsyncConnection>::establish(&path).await?;
            conn.batch_execute(&pragmas).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            file.iter().for_each(|file| file.opened());
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(path, config);
    // None is given up for its age: with the last connection the write-ahead log goes, and another one is made.
    let builder = bb8::Pool::builder().max_size(size).connection_timeout(patience);
    let made = builder.idle_timeout(None).max_lifetime(None).build(manager).await;
    made.map_err(|source| cannot_open(path, &source.to_string()))
}

/// Whether it can be opened later is told by SQLite's words only.
fn cannot_open(path: &str, reason: &str) -> StoreError {
    let (what, mut reason) = (format!("the SQLite file {path}"), reason.to_owned());
    if says_passing(&reason) {
        return StoreError::Away { what, reason, brief: "the file is locked, or its disk is full or fails" };
    }
    if Path::new(path).is_dir() {
        reason = format!("{reason}: it is a folder; name a file in it, such as {path}/ledger.sqlite");
    }
    StoreError::Open { what, reason }
}

/// Writes the batch in one transaction, on SQLite's thread.
pub(crate) async fn ledger_play(
    conn: &mut SqliteConn,
    batch: Batch,
    ending: Ending,
) -> Result<Vec<Answer>, StoreError> {
    let epoch = batch.epoch;
    let written = conn.spawn_blocking(move |conn| {
        in_txn(conn, |conn| {
            let leases = partition_lease::table.filter(partition_lease::id.lt(PARTITIONS));
            if let Err(error) = epoch::check(&leases.select(partition_lease::epoch).load(conn)?, epoch) {
                return Ok(Err(error));
            }
            let mut writer = Writer { conn, outcomes: BTreeMap::new() };
            let answers = writer.entries(&batch)?;
            writer.outcomes()?;
            writer.checkpoints(&batch)?;
            ending.check()?;
            Ok(Ok(answers))
        })
    });
    written.await?
}

/// A transaction whose failure is told by its cause. When the disk is full or fails, SQLite undoes the transaction itself;
/// the rollback that follows then finds none, and diesel would hand on the words of that.
fn in_txn<T>(
    conn: &mut SqliteConnection,
    body: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    let mut cause = None;
    let done = conn.immediate_transaction(|conn| {
        body(conn).map_err(|error| {
            cause = Some(error);
            DieselError::RollbackTransaction
        })
    });
    done.map_err(|error| cause.unwrap_or(error))
}

/// One batch on its way into the database.
struct Writer<'c> {
    conn: &'c mut SqliteConnection,
    /// (hour, state) -> how many runs ended so in this batch.
    outcomes: BTreeMap<(i64, i16), i64>,
}

impl Writer<'_> {
    fn entries(&mut self, batch: &Batch) -> QueryResult<Vec<Answer>> {
        let mut next = batch.first_id;
        let mut answers = Vec::with_capacity(batch.entries.len());
        for entry in &batch.entries {
            answers.push(match entry {
                Entry::Open(new) => self.open(new, next)?,
                Entry::Change(change) => self.change(change, next)?,
                Entry::Settle { job, version } => self.settle(job.0, *version)?,
                Entry::Withdraw(taken_back) => self.withdraw(taken_back.run.0)?,
            });
            next += i64::from(entry.may_open());
        }
        Ok(answers)
    }

    fn open(&mut self, new: &NewRun, id: i64) -> QueryResult<Answer> {
        if let Some(request) = &new.request_key {
            let same = run_request::table.find((new.job.0, &request.key)).select(run_request::run_id);
            if let Some(earlier) = same.first::<i64>(self.conn).optional()? {
                let state = run::table.find(earlier).select(run::state).first::<i16>(self.conn).optional()?;
                // A key whose row was cleared since: what it asked for has long ended.
                let state = state.and_then(RunState::from_code).unwrap_or(RunState::Skipped);
                return Ok(Answer::Existed { run: RunId(earlier), state });
            }
        }
        if diesel::insert_or_ignore_into(run::table).values(new.row(id)).execute(self.conn)? == 0 {
            return self.existing(new);
        }
        if let Some(request) = &new.request_key {
            let made = (new.job.0, &request.key, id, millis(new.created_at));
            diesel::insert_into(run_request::table)
                .values((
                    run_request::job_id.eq(made.0),
                    run_request::request_key.eq(made.1),
                    run_request::run_id.eq(made.2),
                    run_request::created_at.eq(made.3),
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

    fn change(&mut self, change: &RunChange, id: i64) -> QueryResult<Answer> {
        // An outcome is final, whoever asks and whatever it names as its origin.
        let leaves_outcome = change.from.is_terminal() && change.from != change.to;
        let seen = run::table.filter(run::id.eq(change.run.0)).filter(run::state.eq(change.from.code()));
        if leaves_outcome || diesel::update(seen).set(RunSet::of(change)).execute(self.conn)? == 0 {
            let now = run::table.find(change.run.0).select(run::state).first::<i16>(self.conn).optional()?;
            return Ok(Answer::Missed { state: now.and_then(RunState::from_code) });
        }
        if change.known.ends_turn {
            self.ended(change)?;
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
        let now = run::table.find(id).select(run::state).first::<i16>(self.conn).optional()?;
        Ok(Answer::Missed { state: now.and_then(RunState::from_code) })
    }

    /// Keeps when the run's job last ended one.
    fn ended(&mut self, change: &RunChange) -> QueryResult<()> {
        let (run, at) = (run::table.find(change.run.0), millis(change.at));
        let job: i64 = run.select(run::job_id).first(self.conn)?;
        let raised = diesel::insert_into(job_last_end::table)
            .values((job_last_end::job_id.eq(job), job_last_end::ended_at.eq(at)))
            .on_conflict(job_last_end::job_id)
            .do_update()
            .set(job_last_end::ended_at.eq(at));
        methods::FilterDsl::filter(raised, job_last_end::ended_at.lt(at)).execute(self.conn)?;
        Ok(())
    }

    fn count(&mut self, state: RunState, hour: i64) {
        if state.is_terminal() {
            *self.outcomes.entry((hour, state.code())).or_insert(0) += 1;
        }
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

    fn checkpoints(&mut self, batch: &Batch) -> QueryResult<()> {
        if batch.checkpoints.is_empty() {
            return Ok(());
        }
        for (job, until) in &batch.checkpoints {
            self.checkpoint_raise(job.0, millis(*until))?;
        }
        // A journal that was restarted does not remember what it wrote before: the rows between the marks do.
        let mark = journal_mark::table.find(batch.journal).select(journal_mark::run_id);
        let mark: i64 = mark.first(self.conn).optional()?.unwrap_or(0);
        // A row ahead of its moment counts when that has come: until then the mark stays below it.
        let planned = run::table.filter(run::state.eq(RunState::Planned.code()).and(run::id.gt(mark)));
        let planned: Option<i64> = planned.select(min(run::id)).first(self.conn)?;
        let below = planned.map_or(batch.first_id, |planned| planned.min(batch.first_id));
        let passed = run::table
            .filter(run::id.gt(mark).and(run::id.lt(below)))
            .filter(run::kind.eq(RunKind::Scheduled.code()))
            .group_by(run::job_id)
            .select((run::job_id, max(run::scheduled_at)));
        for (job, until) in passed.load::<(i64, Option<i64>)>(self.conn)? {
            self.checkpoint_raise(job, until.unwrap_or(i64::MIN))?;
        }
        // Ids of this batch and of later ones lie at or above first_id, so everything below is reflected now.
        diesel::replace_into(journal_mark::table)
            .values((journal_mark::journal.eq(batch.journal), journal_mark::run_id.eq(mark.max(below - 1))))
            .execute(self.conn)?;
        Ok(())
    }

    /// Moves a checkpoint forward; one that is further already stays.
    fn checkpoint_raise(&mut self, job: i64, until: i64) -> QueryResult<()> {
        let raised = diesel::insert_into(job_checkpoint::table)
            .values((job_checkpoint::job_id.eq(job), job_checkpoint::planned_until.eq(until)))
            .on_conflict(job_checkpoint::job_id)
            .do_update()
            .set(job_checkpoint::planned_until.eq(until));
        methods::FilterDsl::filter(raised, job_checkpoint::planned_until.lt(until)).execute(self.conn)?;
        Ok(())
    }
}

/// The columns of a change; `None` leaves a column as it is.
#[derive(AsChangeset)]
#[diesel(table_name = run)]
struct RunSet<'a> {
    state: i16,
    reason: i16,
    node: Option<&'a str>,
    executor_id: Option<i64>,
    sent_at: Option<i64>,
    accepted_at: Option<i64>,
    cancel_at: Option<i64>,
    finished_at: Option<i64>,
    code: Option<i32>,
    message: Option<&'a str>,
}

impl<'a> RunSet<'a> {
    fn of(change: &'a RunChange) -> RunSet<'a> {
        RunSet {
            state: change.to.code(),
            reason: change.reason.code(),
            node: change.known.node.as_deref(),
            executor_id: change.known.executor.map(|executor| executor.0),
            sent_at: change.known.sent_at.map(millis),
            accepted_at: change.known.accepted_at.map(millis),
            cancel_at: change.known.cancel_at.map(millis),
            // Known facts may be added to an outcome later; its end stays when it was.
            finished_at: (change.to.is_terminal() && change.from != change.to).then(|| millis(change.at)),
            code: change.known.code,
            message: change.known.message.as_deref(),
        }
    }
}
