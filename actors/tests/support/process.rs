//! A scheduler that can be killed: all its actors are tasks of one set, and dropping the set ends them where they stand,
//! with nothing drained. What was handed to the database by then may still be committed, as after `kill -9`.

use super::TestClock;
use hzm_job_actors::{Clock, Scheduler, Settings, start};
use hzm_job_store::Store;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

/// See the module.
pub(crate) struct Process {
    pub(crate) scheduler: Scheduler,
    /// Whether the executor stood in the look-up tables the moment the actors had been started.
    pub(crate) knew_executor: bool,
    tasks: JoinHandle<()>,
}

impl Process {
    pub(super) async fn boot(
        store: &Store,
        settings: &Settings,
        clock: &Arc<TestClock>,
        log: &slog::Logger,
    ) -> Process {
        let (store, settings, log) = (store.clone(), settings.clone(), log.clone());
        let clock: Arc<dyn Clock> = clock.clone();
        let (told, started) = oneshot::channel();
        let tasks = LocalSet::new();
        tasks.spawn_local(async move {
            let scheduler = start(store, settings, clock, log).await.unwrap();
            let knew_executor = scheduler.executor_by_key("billing").is_some();
            assert!(told.send((scheduler, knew_executor)).is_ok(), "nobody waits for the scheduler");
        });
        let tasks = spawn_local(tasks);
        let (scheduler, knew_executor) = started.await.unwrap();
        Process { scheduler, knew_executor, tasks }
    }

    /// Ends all its actors where they stand.
    pub(crate) async fn kill(&mut self) {
        self.tasks.abort();
        let ended = (&mut self.tasks).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()), "the scheduler had ended by itself");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}
