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
    /// Those of them of which nobody tells any more how they came out.
    unknown: usize,
    /// The version of the definition that was written last.
    version: i64,
}

impl Note {
    fn over(&mut self, many: usize, version: i64) {
        self.changing = self.changing.saturating_sub(many);
        self.version = self.version.max(version);
    }
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
        self.note(job, |note| note.over(1, version));
    }

    /// Nobody will tell how a change came out. Returns whether it is the only such one of the job: then nobody asks yet.
    pub(crate) fn lose(&self, job: JobId) -> bool {
        self.note(job, |note| {
            note.unknown += 1;
            note.unknown == 1
        })
    }

    /// Of how many changes of a job nobody tells how they came out. To be read before the store is asked.
    pub(crate) fn unknown(&self, job: JobId) -> usize {
        self.lock().get(&job).map_or(0, |note| note.unknown)
    }

    /// So many unknown changes are over, and the definition has at least this version. Returns whether more became unknown since.
    pub(crate) fn found(&self, job: JobId, many: usize, version: i64) -> bool {
        self.note(job, |note| {
            note.unknown = note.unknown.saturating_sub(many);
            note.over(many, version);
            note.unknown > 0
        })
    }

    fn note<T>(&self, job: JobId, change: impl FnOnce(&mut Note) -> T) -> T {
        let mut jobs = self.lock();
        let note = jobs.entry(job).or_default();
        let told = change(note);
        if note.changing == 0 && note.version == 0 {
            jobs.remove(&job);
        }
        self.noted.store(jobs.len(), Ordering::SeqCst);
        told
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
    fn one_asks_for_all_changes_of_a_job_of_which_nobody_tells() {
        let holds = Holds::default();
        for _ in 0..3 {
            holds.begin(JOB);
        }
        assert!(holds.lose(JOB), "the first one asks");
        assert!(!holds.lose(JOB), "it asks for the second one too");
        let asked_for = holds.unknown(JOB);
        assert!(!holds.lose(JOB));
        assert!(holds.found(JOB, asked_for, 2), "one became unknown after the store was asked");
        assert_eq!(holds.look(JOB, 2), Some(Held::Changing));
        assert!(!holds.found(JOB, holds.unknown(JOB), 3));
        assert_eq!((holds.look(JOB, 2), holds.look(JOB, 3)), (Some(Held::Changed), None));
        holds.in_force(JOB, 3);
        assert!(holds.lock().is_empty());
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
