//! Jobs whose definition is being changed: they fire nothing until it is known how they stand.
//!
//! A row that was written ahead is judged after a crash by when its job was last changed: what was due later never left under the
//! former definition. That is true because a change is dated *after* its job is held, and a fire looks for holds *after* it looked
//! at the clock: what left before the hold was due before the change, however long the database takes to write that.

use crate::front_door::Scheduler;
use crate::messages::RefreshJob;
use crate::surroundings::Foundation;
use hzm_job_scheduler::JobId;
use hzm_job_store::StoreError;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long to wait before the store is asked again how a job stands.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Why a job fires nothing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Somebody is changing its definition.
    Changing,
    /// Its definition was changed, and who asks knows an older one.
    Changed,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// How many jobs are noted: fires need no lock while there are none.
    noted: AtomicUsize,
    jobs: Mutex<HashMap<JobId, Note>>,
}

#[derive(Debug, Default)]
struct Note {
    /// Changes under way.
    changing: usize,
    /// The version of the definition that was written last.
    version: i64,
}

impl Holds {
    /// Whether a job must not fire now, of which this version is known.
    pub(crate) fn look(&self, job: JobId, version: i64) -> Option<Held> {
        if self.noted.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let jobs = self.lock();
        let note = jobs.get(&job)?;
        let is_older = (note.version > version).then_some(Held::Changed);
        if note.changing > 0 { Some(Held::Changing) } else { is_older }
    }

    /// This version of a job is in force now.
    pub(crate) fn in_force(&self, job: JobId, version: i64) {
        if self.noted.load(Ordering::SeqCst) > 0 {
            self.note(job, |note| note.version = if note.version <= version { 0 } else { note.version });
        }
    }

    fn begin(&self, job: JobId) {
        self.note(job, |note| note.changing += 1);
    }

    fn end(&self, job: JobId, version: i64) {
        self.note(job, |note| {
            *note = Note { changing: note.changing.saturating_sub(1), version: note.version.max(version) }
        });
    }

    fn note(&self, job: JobId, change: impl FnOnce(&mut Note)) {
        let mut jobs = self.lock();
        let note = jobs.entry(job).or_default();
        change(note);
        if note.changing == 0 && note.version == 0 {
            jobs.remove(&job);
        }
        self.noted.store(jobs.len(), Ordering::SeqCst);
    }

    /// The map is sound after a panic elsewhere: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Note>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        if self.is_told {
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

/// Ends the hold of a job with what the store says of it.
async fn ask(base: Foundation, job: JobId) {
    loop {
        match version(&base, job).await {
            Ok(version) => {
                base.directory.holds.end(job, version);
                break;
            }
            Err(error) => {
                slog::warn!(base.log, "a job fires nothing until it is known whether it was changed"; "job" => job.0, "error" => %error);
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

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobId = JobId(7);

    #[test]
    fn a_job_is_held_while_it_is_changed_and_until_it_knows_how() {
        let holds = Holds::default();
        assert_eq!(holds.look(JOB, 1), None);
        holds.begin(JOB);
        assert_eq!((holds.look(JOB, 1), holds.look(JobId(8), 1)), (Some(Held::Changing), None));
        holds.end(JOB, 2);
        assert_eq!((holds.look(JOB, 1), holds.look(JOB, 2)), (Some(Held::Changed), None));
        holds.in_force(JOB, 1);
        assert_eq!(holds.look(JOB, 1), Some(Held::Changed), "that is the former one");
        holds.in_force(JOB, 2);
        assert_eq!(holds.look(JOB, 1), None);
        assert!(holds.lock().is_empty(), "nothing is kept");
    }

    #[test]
    fn two_changes_at_once_hold_a_job_until_both_are_over() {
        let holds = Holds::default();
        holds.begin(JOB);
        holds.begin(JOB);
        holds.end(JOB, 2);
        holds.in_force(JOB, 2);
        assert_eq!(holds.look(JOB, 2), Some(Held::Changing));
        holds.end(JOB, 0);
        assert_eq!(holds.look(JOB, 2), None);
        assert!(holds.lock().is_empty());
    }
}
