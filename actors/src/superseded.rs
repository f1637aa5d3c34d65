//! What was due under a definition that is over and never got a row: because the job's actor was dead, the scheduler behind,
//! or the database away. The new definition knows nothing of these occurrences, so they get their rows here.

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::progress::{Backlog, Progress};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::debt::Debt;
use hzm_job_store::ledger::{Answer, Entry, NewRun};

/// What pays a debt: a row for each occurrence that it may owe, and then its end. An occurrence that has its row keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) rows: Vec<Entry>,
    pub(crate) end: Entry,
}

impl Payment {
    /// Whether every occurrence has a row for good, by the answers to `rows`. One that was written ahead may yet be taken back by
    /// its job, which then does not write it anew: the schedule is over.
    pub(crate) fn is_complete(answers: &[Answer]) -> bool {
        let planned = |answer: &Answer| matches!(answer, Answer::Existed { state: RunState::Planned, .. });
        !answers.iter().any(planned)
    }
}

/// How a debt is paid.
pub(crate) fn payment(debt: &Debt, stands: &Progress, now: DateTime<Utc>) -> Payment {
    let job = &debt.before;
    // Where a fixed delay stands is told by its runs alone. For the others rows of later definitions say nothing.
    let planned_until = match job.spec.schedule().kind() {
        ScheduleKind::FixedDelay => stands.planned_until,
        _ => debt.floor,
    };
    let stood = Progress { anchor: job.anchor, planned_until, ..*stands };
    let backlog = stood.backlog(job.spec.schedule(), debt.until, TimeDelta::zero(), usize::MAX);
    let rows = rows_of(debt, &backlog, now).into_iter().map(Entry::Open).collect();
    Payment { rows, end: Entry::Settle { job: job.id, version: job.version } }
}

fn rows_of(debt: &Debt, backlog: &Backlog, now: DateTime<Utc>) -> Vec<NewRun> {
    if let Some((first, until)) = backlog.collapsed {
        let text = format!("occurrences from {first} to {until} were not executed; they are too many for a row each");
        return vec![NewRun { message: Some(text), ..row(debt, until, now) }];
    }
    backlog.due.iter().map(|due| row(debt, *due, now)).collect()
}

fn row(debt: &Debt, due: DateTime<Utc>, now: DateTime<Utc>) -> NewRun {
    NewRun {
        job: debt.before.id,
        executor: debt.before.spec.draft().executor,
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
