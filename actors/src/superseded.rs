//! What was due under a definition that is over and never got a row: because the job's actor was dead, or because its rows
//! waited for a database that was away. The new definition knows nothing of these occurrences, so they get their rows here.

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::progress::{Backlog, Progress};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_store::ledger::NewRun;

/// A change of a job's definition.
pub(crate) struct Change<'j> {
    /// The job as it was.
    pub(crate) before: &'j Job,
    /// The job as it is now.
    pub(crate) after: &'j Job,
    /// Whether it is deleted now.
    pub(crate) deleted: bool,
}

impl Change<'_> {
    /// Until when the former schedule was in force; `None`: it still is, or it never was.
    fn end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.before.enabled {
            return None;
        }
        let counts_anew = self.after.anchor > self.before.anchor;
        let is_over = counts_anew || self.deleted || !self.after.enabled;
        is_over.then(|| if counts_anew { self.after.anchor.min(now) } else { now })
    }

    /// The rows of what was due until the change and has none; `stands` tells how far the job had come.
    pub(crate) fn rows(&self, stands: &Progress, now: DateTime<Utc>) -> Vec<NewRun> {
        let Some(end) = self.end(now) else { return Vec::new() };
        let stood = Progress { anchor: self.before.anchor, ..*stands };
        let backlog = stood.backlog(self.before.spec.schedule(), end, TimeDelta::zero(), usize::MAX);
        self.rows_of(&backlog, now)
    }

    fn rows_of(&self, backlog: &Backlog, now: DateTime<Utc>) -> Vec<NewRun> {
        if let Some((first, until)) = backlog.collapsed {
            let text =
                format!("occurrences from {first} to {until} were not executed; they are too many for a row each");
            return vec![NewRun { message: Some(text), ..self.row(until, now) }];
        }
        backlog.due.iter().map(|due| self.row(*due, now)).collect()
    }

    fn row(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> NewRun {
        NewRun {
            job: self.before.id,
            executor: self.before.spec.draft().executor,
            kind: RunKind::Scheduled,
            scheduled_at: due,
            attempt: 0,
            state: RunState::Skipped,
            reason: Reason::Superseded,
            not_before: due,
            node: None,
            pinned: false,
            parameters: None,
            requested_by: None,
            request_key: None,
            created_at: now,
            message: None,
        }
    }
}
