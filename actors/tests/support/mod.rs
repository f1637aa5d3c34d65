//! A [`World`]: a store, a scheduler on it, fake nodes, and time that passes only when a test says so.
//!
//! Tokio's time is paused. Left alone it would jump to the next timer whenever this thread is idle, while the store and the
//! nodes still work in real time on threads of their own; a parked blocking task prevents that. [`World::pass`] then moves
//! time in small steps with a real millisecond between them, in which the others get on.

mod clock;
pub(crate) mod job;
mod log;
mod node;
mod process;
mod time;

pub(crate) use clock::TestClock;
pub(crate) use node::{FakeNode, OnTrigger};
pub(crate) use process::Process;
pub(crate) use time::breathe;

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::{Reported, RunReport, Scheduler, SchedulerError, Settings};
use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::node::{Node, NodeHello};
use hzm_job_store::operation::By;
use hzm_job_store::outcome::Change;
use hzm_job_store::run::{Run, RunFilter};
use hzm_job_store::{Cursor, Store};
use std::sync::Arc;

/// See the module.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) executor: ExecutorId,
    settings: Settings,
    pub(crate) process: Process,
    log: slog::Logger,
    pub(crate) logged: log::Logged,
    _stillness: std::sync::mpsc::Sender<()>,
    _folder: tempfile::TempDir,
}

impl World {
    /// A scheduler with the settings that ship, and an executor that has no node yet.
    pub(crate) async fn start() -> World {
        World::start_with(|_| ()).await
    }

    /// The same with some settings changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> World {
        let stillness = time::hold_still();
        let folder = tempfile::tempdir().unwrap();
        let (log, logged) = log::logger();
        let url = format!("sqlite://{}/ledger.sqlite", folder.path().display());
        let store = Store::open(&url, &log).unwrap();
        let clock = Arc::new(TestClock::new());
        let mut settings = Settings { threads: 0, ..Settings::default() };
        change(&mut settings);
        let executor = executor(&store, "billing", "s3cret", clock.read()).await;
        let process = Process::boot(&store, &settings, &clock, &log).await;
        World { store, clock, executor, settings, process, log, logged, _stillness: stillness, _folder: folder }
    }

    /// The front door.
    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.process.scheduler
    }

    /// The scheduler ends where it stands, as if killed.
    pub(crate) async fn crash(&mut self) {
        self.process.kill().await;
    }

    /// Another scheduler starts on the same store; what the former one was, crashed or alive, is the caller's affair.
    pub(crate) async fn boot(&mut self) -> Process {
        let next = Process::boot(&self.store, &self.settings, &self.clock, &self.log).await;
        std::mem::replace(&mut self.process, next)
    }

    /// Crash and start at once.
    pub(crate) async fn restart(&mut self) {
        self.crash().await;
        self.boot().await;
    }

    /// A node that speaks the original protocol, registered.
    pub(crate) async fn node(&self) -> FakeNode {
        let node = FakeNode::start(self.store.clone(), self.clock.clone());
        self.register(&node, None).await;
        node
    }

    /// A node that runs our SDK, in a process of this name; it takes batches.
    pub(crate) async fn sdk_node(&self, instance: &str) -> FakeNode {
        let node = FakeNode::start(self.store.clone(), self.clock.clone());
        self.register(&node, Some(instance)).await;
        node
    }

    /// A node calls in; with an instance it is our SDK, without one a legacy program.
    pub(crate) async fn register(&self, node: &FakeNode, instance: Option<&str>) {
        let hello = NodeHello {
            executor: self.executor,
            address: node.address.clone(),
            agent: instance.map(|_| "hzmjob/0.1.0 batch/1".to_owned()),
            instance: instance.map(str::to_owned),
            secret_age: Default::default(),
            executor_version: self.version_of(self.executor).await,
        };
        self.during(self.scheduler().node_register(hello)).await.unwrap();
    }

    async fn version_of(&self, executor: ExecutorId) -> i64 {
        self.store.executor_get(executor).await.unwrap().unwrap().version
    }

    /// Another executor, with this key and secret.
    pub(crate) async fn other_executor(&self, key: &str, secret: &str) -> ExecutorId {
        let id = executor(&self.store, key, secret, self.clock.read()).await;
        self.during(self.scheduler().executor_changed(id)).await.unwrap();
        id
    }

    /// A node of this executor that speaks the original protocol, registered.
    pub(crate) async fn node_of(&self, executor: ExecutorId) -> FakeNode {
        let node = FakeNode::start(self.store.clone(), self.clock.clone());
        let hello = NodeHello {
            executor,
            address: node.address.clone(),
            agent: None,
            instance: None,
            secret_age: Default::default(),
            executor_version: self.version_of(executor).await,
        };
        self.during(self.scheduler().node_register(hello)).await.unwrap();
        node
    }

    /// The executor becomes one whose only node is this one, entered by hand.
    pub(crate) async fn enter_by_hand(&self, node: &FakeNode) {
        let before = self.store.executor_get(self.executor).await.unwrap().unwrap();
        let mut draft = before.spec.draft().clone();
        (draft.registration, draft.addresses) = (Registration::Manual, vec![node.address.clone()]);
        let edited =
            self.store.executor_update((before.id, before.version), draft.check().unwrap(), None, self.by()).await;
        assert!(matches!(edited, Ok(Change::Done(_))), "{edited:?}");
        self.during(self.scheduler().executor_changed(self.executor)).await.unwrap();
    }

    /// The executor gets another secret; the one before is good until then.
    pub(crate) async fn change_secret(&self, secret: &str, former_until: Option<DateTime<Utc>>) {
        let before = self.store.executor_get(self.executor).await.unwrap().unwrap();
        let draft = ExecutorDraft { app_secret: Some(secret.to_owned()), ..before.spec.draft().clone() };
        let (seen, spec) = ((before.id, before.version), draft.check().unwrap());
        let edited = self.store.executor_update(seen, spec, former_until, self.by()).await;
        assert!(matches!(edited, Ok(Change::Done(_))), "{edited:?}");
        self.during(self.scheduler().executor_changed(self.executor)).await.unwrap();
    }

    /// How the store sees a node; `None`: it was forgotten.
    pub(crate) async fn stored_node(&self, node: &FakeNode) -> Option<Node> {
        let nodes = self.store.node_list(Some(self.executor)).await.unwrap();
        nodes.into_iter().find(|known| known.address == node.address)
    }

    /// The rows of a job, in the order in which they were written.
    pub(crate) async fn runs(&self, job: JobId) -> Vec<Run> {
        let filter = RunFilter { job: Some(job), ..RunFilter::default() };
        let mut runs = Vec::new();
        let mut cursor = Some(Cursor::Newest);
        while let Some(from) = cursor {
            let page = self.store.run_page(filter.clone(), from, 500).await.unwrap();
            runs.extend(page.rows);
            cursor = page.older;
        }
        runs.sort_by_key(|run| run.id);
        runs
    }

    /// The only row of a job.
    pub(crate) async fn only_run(&self, job: JobId) -> Run {
        let mut runs = self.runs(job).await;
        assert_eq!(runs.len(), 1, "one row is expected: {runs:#?}");
        runs.remove(0)
    }

    /// Waits until the job has a row that is like this, and answers the first such row.
    pub(crate) async fn run_where(&self, job: JobId, wanted: impl Fn(&Run) -> bool) -> Run {
        self.until("a row like that", async || self.runs(job).await.iter().any(&wanted)).await;
        self.runs(job).await.into_iter().find(&wanted).unwrap()
    }

    /// Waits until a run is in this state, and answers its row.
    pub(crate) async fn run_becomes(&self, run: RunId, state: RunState) -> Run {
        let what = format!("run {run} becomes {}", state.word());
        self.until(&what, async || self.store.run_get(run).await.unwrap().unwrap().state == state).await;
        self.store.run_get(run).await.unwrap().unwrap()
    }

    /// A node of the executor reports success.
    pub(crate) async fn succeed(&self, run: RunId) -> Result<Reported, SchedulerError> {
        self.report(run, 200, "done").await
    }

    /// A node of the executor reports a failure.
    pub(crate) async fn fail(&self, run: RunId) -> Result<Reported, SchedulerError> {
        self.report(run, 500, "broken").await
    }

    async fn report(&self, run: RunId, code: i32, message: &str) -> Result<Reported, SchedulerError> {
        self.report_as(self.executor, run, code, message).await
    }

    /// A node of this executor reports.
    pub(crate) async fn report_as(
        &self,
        executor: ExecutorId,
        run: RunId,
        code: i32,
        message: &str,
    ) -> Result<Reported, SchedulerError> {
        let message = Some(message.to_owned());
        let report = RunReport { executor, run, succeeded: code == 200, code, message };
        self.during(self.scheduler().run_report(report)).await
    }

    /// The signature under a change.
    pub(crate) fn by(&self) -> By {
        By { user: "ann".into(), at: self.clock.read(), address: String::new(), account: None }
    }
}

/// An executor and a job that is only run by hand, made before any scheduler runs.
pub(crate) async fn by_hand(store: &Store) -> (ExecutorId, JobId) {
    let at = DateTime::UNIX_EPOCH;
    let executor = executor(store, "billing", "s3cret", at).await;
    let mut draft = JobDraft::new(executor, "by hand");
    draft.schedule.kind = ScheduleKind::Manual;
    match store
        .job_create(draft.check().unwrap(), By { user: "ann".into(), at, address: String::new(), account: None })
        .await
        .unwrap()
    {
        Change::Done(made) => (executor, made.job.id),
        other => panic!("no job was made: {other:?}"),
    }
}

async fn executor(store: &Store, key: &str, secret: &str, at: DateTime<Utc>) -> ExecutorId {
    let draft = ExecutorDraft {
        name: key.into(),
        app_key: key.into(),
        app_secret: Some(secret.into()),
        registration: Registration::Automatic,
        addresses: Vec::new(),
    };
    match store
        .executor_create(draft.check().unwrap(), By { user: "ann".into(), at, address: String::new(), account: None })
        .await
        .unwrap()
    {
        Change::Done(made) => made.id,
        other => panic!("no executor was made: {other:?}"),
    }
}

/// So many seconds.
pub(crate) const fn seconds(count: i64) -> TimeDelta {
    TimeDelta::seconds(count)
}

/// So many milliseconds.
pub(crate) const fn millis(count: i64) -> TimeDelta {
    TimeDelta::milliseconds(count)
}
