//! A fresh, migrated database per test, on each kind of database that is to be tested, and short ways to fill it.

use crate::database::{Database, kinds};
use chrono::{DateTime, Utc};
use hzm_job_scheduler::executor::{ExecutorDraft, ExecutorSpec, Registration};
use hzm_job_scheduler::job::{JobDraft, JobSpec};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::Store;
use hzm_job_store::columns::moment;
use hzm_job_store::job::StoredJob;
use hzm_job_store::ledger::{Answer, Batch, Checkpoints, Entry, Known, NewRun, RequestKey, RunChange, Withdrawal};
use hzm_job_store::node::{Node, Registered};
use hzm_job_store::operation::By;
use hzm_job_store::outcome::Change;
use hzm_job_store::standing::Standing;
use std::time::Duration;

/// A store on a database of its own, and the epoch under which the test owns its partitions.
pub(crate) struct World {
    // Before the database, so that it is closed when that goes.
    pub(crate) store: Store,
    pub(crate) epoch: i64,
    pub(crate) database: Database,
}

/// Runs a test on a fresh database of each kind. The caller's runtime is a single thread, as an actor's is.
pub(crate) fn on_each_database(test: impl AsyncFn(World)) {
    for kind in kinds() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { test(World::on(&kind).await).await });
    }
}

/// A logger that says nothing.
pub(crate) fn silence() -> slog::Logger {
    slog::Logger::root(slog::Discard, slog::o!())
}

/// So many milliseconds after a full hour in 2026.
pub(crate) fn at(millis: i64) -> DateTime<Utc> {
    moment(1_795_366_800_000 + millis)
}

/// Somebody, at such a moment.
pub(crate) fn by(user: &str, millis: i64) -> By {
    By { user: user.into(), at: at(millis), address: String::new(), account: None }
}

/// An executor that registers itself.
pub(crate) fn executor(key: &str) -> ExecutorDraft {
    ExecutorDraft {
        name: format!("the {key}"),
        app_key: key.into(),
        app_secret: None,
        registration: Registration::Automatic,
        addresses: Vec::new(),
    }
}

/// An executor whose addresses were entered by hand.
pub(crate) fn manual_executor(key: &str, addresses: &[&str]) -> ExecutorSpec {
    let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
    ExecutorDraft { registration: Registration::Manual, addresses, ..executor(key) }.check().unwrap()
}

/// A job without a schedule.
pub(crate) fn job(of: ExecutorId, name: &str) -> JobSpec {
    JobDraft::new(of, name).check().unwrap()
}

/// What a change must have made.
pub(crate) fn done<T: std::fmt::Debug>(change: Change<T>) -> T {
    match change {
        Change::Done(made) => made,
        other => panic!("expected it to be done, got {other:?}"),
    }
}

/// The node that must have been written down.
pub(crate) fn registered(ended: Registered) -> Node {
    match ended {
        Registered::Done(node) => node,
        other => panic!("expected it to be written down, got {other:?}"),
    }
}

/// The id of a row that must be new.
pub(crate) fn opened(answer: Answer) -> RunId {
    match answer {
        Answer::Opened(id) => id,
        other => panic!("expected a new row, got {other:?}"),
    }
}

/// A key of "run now", of an order that asks for the usual.
pub(crate) fn key(key: &str) -> Option<RequestKey> {
    Some(RequestKey { key: key.into(), asked: Some("7".repeat(64)) })
}

/// A scheduled first attempt that waits.
pub(crate) fn due(job: JobId, millis: i64) -> NewRun {
    NewRun {
        job,
        executor: ExecutorId(1),
        kind: RunKind::Scheduled,
        scheduled_at: at(millis),
        attempt: 0,
        state: RunState::Waiting,
        reason: Reason::None,
        not_before: at(millis),
        node: None,
        pinned: false,
        parameters: None,
        requested_by: None,
        request_key: None,
        created_at: at(millis),
        message: None,
    }
}

/// The same as an outcome from the start.
pub(crate) fn ended(job: JobId, millis: i64, state: RunState) -> NewRun {
    NewRun { state, ..due(job, millis) }
}

/// A change that adds nothing but the state.
pub(crate) fn change(run: RunId, from: RunState, to: RunState, millis: i64) -> RunChange {
    RunChange { run, from, to, reason: Reason::None, at: at(millis), known: Known::default(), then: None }
}

/// Takes back a row that was written ahead.
pub(crate) fn withdrawal(run: RunId, job: JobId) -> Withdrawal {
    Withdrawal { run, job, scheduled_at: at(0) }
}

impl World {
    async fn on(kind: &str) -> World {
        let database = Database::on(kind);
        let store = Store::open(&database.url, &silence()).unwrap();
        let epoch = store.partition_claim_all("test".into(), at(60_000)).await.unwrap();
        World { store, epoch, database }
    }

    /// A second store on the same database, as a second process has it.
    pub(crate) fn another_store(&self) -> Store {
        Store::open(&self.database.url, &silence()).unwrap()
    }

    pub(crate) async fn executor(&self, key: &str) -> ExecutorId {
        done(self.store.executor_create(executor(key).check().unwrap(), by("ann", 0)).await.unwrap()).id
    }

    pub(crate) async fn job(&self, of: ExecutorId, name: &str) -> StoredJob {
        done(self.store.job_create(job(of, name), by("ann", 0)).await.unwrap())
    }

    /// A job of an executor of its own.
    pub(crate) async fn some_job(&self) -> JobId {
        let executor = self.executor("billing").await;
        self.job(executor, "report").await.job.id
    }

    /// A batch under the world's epoch, with ids leased for it.
    pub(crate) async fn batch(&self, entries: Vec<Entry>) -> Batch {
        let ids = self.store.run_id_block_lease(entries.len() as i64).await.unwrap();
        Batch { epoch: self.epoch, journal: 0, entries, first_id: ids.start, checkpoints: Checkpoints::default() }
    }

    pub(crate) async fn commit(&self, entries: Vec<Entry>) -> Vec<Answer> {
        self.store.ledger_commit(self.batch(entries).await).await.unwrap()
    }

    pub(crate) async fn open(&self, new: NewRun) -> Answer {
        self.commit(vec![Entry::Open(new)]).await[0]
    }

    pub(crate) async fn change(&self, change: RunChange) -> Answer {
        self.commit(vec![Entry::Change(change)]).await[0]
    }

    /// Opens them all and answers their ids.
    pub(crate) async fn open_all(&self, news: impl IntoIterator<Item = NewRun>) -> Vec<RunId> {
        let entries: Vec<Entry> = news.into_iter().map(Entry::Open).collect();
        self.commit(entries).await.into_iter().map(opened).collect()
    }

    /// Moves the checkpoints, and the mark past everything written so far that is not ahead of its moment.
    pub(crate) async fn checkpoint(&self) {
        let below = self.store.run_id_block_lease(1).await.unwrap().start;
        self.checkpoint_to(self.store.ledger_passed(0, below).await.unwrap()).await;
    }

    pub(crate) async fn checkpoint_to(&self, checkpoints: Checkpoints) {
        let batch = Batch { checkpoints, ..self.batch(Vec::new()).await };
        assert_eq!(self.store.ledger_commit(batch).await.unwrap(), Vec::new());
    }

    pub(crate) async fn standing(&self, job: JobId) -> Standing {
        let mut standings = self.store.ledger_standings(vec![job]).await.unwrap();
        assert_eq!(standings.len(), 1, "one standing for one job");
        standings.remove(0)
    }
}

/// Waits until `holds` says so, for ten seconds at most; between two looks the database does its work.
pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("the condition never held");
}
