//! Jobs: a draft with a few words changed, created and started.

use super::World;
use hzm_job_actors::{Ordered, RunOrder, SchedulerError};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::retry::RetryPolicy;
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::outcome::Change;

/// A schedule of this kind.
pub(crate) fn schedule(kind: ScheduleKind, expression: &str) -> ScheduleDraft {
    ScheduleDraft { kind, expression: expression.into(), ..ScheduleDraft::default() }
}

/// At the full second.
pub(crate) fn every_second() -> ScheduleDraft {
    schedule(ScheduleKind::Cron, "* * * * * ?")
}

/// At the full minute: in a short test, never by itself.
pub(crate) fn every_hour() -> ScheduleDraft {
    schedule(ScheduleKind::Cron, "0 0 * * * ?")
}

/// Retries after exactly one second, then two, then four.
pub(crate) fn retries(retries: u16) -> RetryPolicy {
    let pauses = RetryPolicy { interval_ms: 1_000, factor: 2.0, max_interval_ms: 60_000, ..RetryPolicy::default() };
    RetryPolicy { retries, jitter: 0.0, ..pauses }
}

impl World {
    /// A job, started.
    pub(crate) async fn job(&self, change: impl FnOnce(&mut JobDraft)) -> JobId {
        let id = self.stopped_job(change).await;
        self.enable(id, true).await;
        id
    }

    /// A job that runs only when somebody orders it, and a first run of it.
    pub(crate) async fn ordered(&self, change: impl FnOnce(&mut JobDraft)) -> (JobId, RunId) {
        let job = self.stopped_job(change).await;
        (job, self.run_now(job).await)
    }

    /// A job that is not started.
    pub(crate) async fn stopped_job(&self, change: impl FnOnce(&mut JobDraft)) -> JobId {
        let mut draft = JobDraft::new(self.executor, "report");
        draft.schedule = schedule(ScheduleKind::Manual, "");
        change(&mut draft);
        let id = done(self.store.job_create(draft.check().unwrap(), self.by()).await.unwrap()).job.id;
        self.during(self.scheduler().job_changed(id)).await.unwrap();
        id
    }

    /// Starts or stops a job.
    pub(crate) async fn enable(&self, id: JobId, enabled: bool) {
        done(self.store.job_enable(id, enabled, self.by()).await.unwrap());
        self.during(self.scheduler().job_changed(id)).await.unwrap();
    }

    /// Starts or stops a job in the store only.
    pub(crate) async fn enable_without_telling(&self, id: JobId, enabled: bool) {
        done(self.store.job_enable(id, enabled, self.by()).await.unwrap());
    }

    /// Edits a job.
    pub(crate) async fn edit(&self, id: JobId, change: impl FnOnce(&mut JobDraft)) {
        self.edit_without_telling(id, change).await;
        self.during(self.scheduler().job_changed(id)).await.unwrap();
    }

    /// Edits a job in the store only.
    pub(crate) async fn edit_without_telling(&self, id: JobId, change: impl FnOnce(&mut JobDraft)) {
        let before = self.store.job_get(id).await.unwrap().unwrap().job;
        let mut draft = before.spec.draft().clone();
        change(&mut draft);
        done(self.store.job_update(id, before.version, draft.check().unwrap(), self.by()).await.unwrap());
    }

    /// The version of a job in the store.
    pub(crate) async fn version(&self, id: JobId) -> i64 {
        self.store.job_get(id).await.unwrap().unwrap().job.version
    }

    /// Deletes a job.
    pub(crate) async fn delete(&self, id: JobId) {
        self.delete_without_telling(id).await;
        self.during(self.scheduler().job_changed(id)).await.unwrap();
    }

    /// Deletes a job in the store only.
    pub(crate) async fn delete_without_telling(&self, id: JobId) {
        done(self.store.job_delete(id, self.by()).await.unwrap());
    }

    /// Runs a job now and answers the run.
    pub(crate) async fn run_now(&self, job: JobId) -> RunId {
        match self.order(job, |_| ()).await.unwrap() {
            Ordered::Started(run) => run,
            other => panic!("job {job} was not run: {other:?}"),
        }
    }

    /// "Run now" with some words changed.
    pub(crate) async fn order(
        &self,
        job: JobId,
        change: impl FnOnce(&mut RunOrder),
    ) -> Result<Ordered, SchedulerError> {
        let mut order = RunOrder { job, parameters: None, node: None, by: "ann".into(), request_key: None };
        change(&mut order);
        self.during(self.scheduler().run_now(order)).await
    }
}

fn done<T: std::fmt::Debug>(change: Change<T>) -> T {
    match change {
        Change::Done(made) => made,
        other => panic!("the change was not made: {other:?}"),
    }
}
