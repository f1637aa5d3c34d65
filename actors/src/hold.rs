//! Holding a job while its definition is changed in the store, and letting it go again; why, is told in [`crate::holds`].

use crate::front_door::Scheduler;
use crate::messages::RefreshJob;
use crate::surroundings::Foundation;
use hzm_job_scheduler::JobId;
use hzm_job_store::StoreError;
use std::time::Duration;

/// How long to wait before the store is asked again how a job stands.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Scheduler {
    /// Holds a job while its definition is changed in the store: date the change after this. Then tell how it came out.
    #[must_use]
    pub fn job_hold(&self, job: JobId) -> Hold {
        self.base.directory.holds.begin(job);
        Hold { base: self.base.clone(), job, is_told: false }
    }
}

/// A job that fires nothing while its definition is being changed. Where nobody tells how that came out (an answer of the database
/// that got lost, a caller that went away), the store is asked, and the job waits for that.
pub struct Hold {
    base: Foundation,
    job: JobId,
    is_told: bool,
}

impl Hold {
    /// The definition has this version now. The job goes on when it has that too.
    pub fn changed(self, version: i64) {
        self.tell(version);
    }

    /// The definition is as it was: the job goes on.
    pub fn unchanged(self) {
        self.tell(0);
    }

    fn tell(mut self, version: i64) {
        self.is_told = true;
        self.base.directory.holds.end(self.job, version);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.is_told || !self.base.directory.holds.lose(self.job) {
            return;
        }
        let (base, job) = (self.base.clone(), self.job);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(ask(base, job))),
            // The process ends.
            Err(_) => slog::debug!(base.log, "a job stays held"; "job" => job.0),
        }
    }
}

/// Ends the holds of a job of which nobody tells any more, with what the store says of it; those too that come while it is asked.
async fn ask(base: Foundation, job: JobId) {
    // Told once: the journal's own log goes on telling of a database that is away.
    let mut is_told = false;
    loop {
        let many = base.directory.holds.unknown(job);
        match version(&base, job).await {
            Ok(version) if base.directory.holds.found(job, many, version) => {}
            Ok(_) => break,
            Err(error) => {
                if !std::mem::replace(&mut is_told, true) {
                    slog::warn!(base.log, "a job fires nothing until it is known whether it was changed"; "job" => job.0, "error" => %error);
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
    let Some(shard) = base.directory.shard_of(job) else { return };
    if !matches!(shard.refresh.send(RefreshJob(job)).await, Ok(Ok(()))) {
        // It looks for itself at its next fire.
        slog::debug!(base.log, "a job was not told that it may have been changed"; "job" => job.0);
    }
}

async fn version(base: &Foundation, job: JobId) -> Result<i64, StoreError> {
    let standing = base.store.ledger_standings(vec![job]).await?;
    Ok(standing.first().map_or(0, |standing| standing.job.version))
}
