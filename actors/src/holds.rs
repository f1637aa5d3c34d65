//! Jobs whose definition is being changed: they fire nothing until it is known how they stand.
//!
//! A row that was written ahead is judged after a crash by when its job was last changed: what was due later never left under the
//! former definition. That is true because a change is dated *after* its job is held, and a fire looks for holds *after* it looked
//! at the clock: what left before the hold was due before the change, however long the database takes to write that.

use hzm_job_scheduler::JobId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

    /// A change of a job begins.
    pub(crate) fn begin(&self, job: JobId) {
        self.note(job, |note| note.changing += 1);
    }

    /// A change is over, and the definition has at least this version.
    pub(crate) fn end(&self, job: JobId, version: i64) {
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
