//! The wake times of sleeping jobs: the one place that knows the time of jobs that nothing runs for.
//!
//! An entry is two numbers in two indexes, some 60 bytes: a million sleeping jobs are 60 MB and no actor at all.

use crate::JobId;
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

/// Sleeping jobs in the order in which they wake.
#[derive(Debug, Default)]
pub struct Agenda {
    order: BTreeSet<(i64, JobId)>,
    wake: HashMap<JobId, i64>,
}

impl Agenda {
    /// Lets `job` sleep until `at`, whatever was said of it before.
    pub fn set(&mut self, job: JobId, at: DateTime<Utc>) {
        self.remove(job);
        let at = at.timestamp_millis();
        self.wake.insert(job, at);
        self.order.insert((at, job));
    }

    /// Whether `job` sleeps here.
    #[must_use]
    pub fn contains(&self, job: JobId) -> bool {
        self.wake.contains_key(&job)
    }

    /// Forgets `job`.
    pub fn remove(&mut self, job: JobId) {
        if let Some(at) = self.wake.remove(&job) {
            self.order.remove(&(at, job));
        }
    }

    /// Takes out the jobs that wake at or before `now`, the longest overdue first, at most `limit`.
    pub fn take_due(&mut self, now: DateTime<Utc>, limit: usize) -> Vec<JobId> {
        let last = (now.timestamp_millis(), JobId(i64::MAX));
        let due: Vec<JobId> = self.order.range(..=last).take(limit).map(|(_, job)| *job).collect();
        due.iter().for_each(|job| self.remove(*job));
        due
    }

    /// When the next job wakes.
    #[must_use]
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.order.first().and_then(|(at, _)| DateTime::from_timestamp_millis(*at))
    }

    /// How many jobs sleep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wake.len()
    }

    /// Whether no job sleeps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wake.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn jobs_wake_in_the_order_of_their_times_and_only_once() {
        let mut agenda = Agenda::default();
        agenda.set(JobId(1), at(30));
        agenda.set(JobId(2), at(10));
        agenda.set(JobId(3), at(20));
        assert_eq!(agenda.take_due(at(20), 10), [JobId(2), JobId(3)]);
        assert_eq!(agenda.take_due(at(20), 10), []);
        assert_eq!(agenda.next(), Some(at(30)));
    }

    #[test]
    fn the_last_word_about_a_job_counts() {
        let mut agenda = Agenda::default();
        agenda.set(JobId(1), at(10));
        agenda.set(JobId(1), at(50));
        assert_eq!((agenda.len(), agenda.take_due(at(49), 10)), (1, vec![]));
        agenda.remove(JobId(1));
        assert_eq!((agenda.len(), agenda.next()), (0, None));
    }

    #[test]
    fn a_crowd_of_one_instant_comes_in_bursts() {
        let mut agenda = Agenda::default();
        (0..1_000).for_each(|id| agenda.set(JobId(id), at(5)));
        assert_eq!(agenda.take_due(at(5), 300).len(), 300);
        assert_eq!(agenda.len(), 700);
    }
}
