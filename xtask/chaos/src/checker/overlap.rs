//! Two executions of one job never go on side by side where its policy forbids it, except where the ledger says that the
//! first one was given up.

use std::collections::HashMap;

use super::evidence::Index;
use super::{Flaw, Verdict};
use crate::job::Overlap;
use crate::trace::Execution;

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    let mut by_job: HashMap<i64, Vec<&Execution>> = HashMap::new();
    for execution in &index.evidence.executions {
        by_job.entry(execution.job).or_default().push(execution);
    }
    for (job, executions) in by_job {
        let limit = match index.job(job).map(|job| (job.plan.overlap, job.plan.overlap_limit)) {
            None => continue,
            Some((Overlap::Parallel, limit)) => limit,
            Some(_) => 1,
        };
        check_job(index, job, limit, &executions, verdict);
    }
}

/// `executions` ascend by their starts.
fn check_job(index: &Index<'_>, job: i64, limit: usize, executions: &[&Execution], verdict: &mut Verdict) {
    let mut going: Vec<&Execution> = Vec::new();
    for execution in executions {
        going.retain(|other| other.run != execution.run && goes_on(index, other, execution.started));
        if is_given_up(index, execution.run, execution.started) {
            // Its trigger was on the way for longer than the scheduler waited. Nothing that starts later waits for it.
            verdict.started_after_given_up += 1;
            continue;
        }
        if going.len() >= limit {
            let others: Vec<String> = going.iter().map(|other| format!("{other:?}")).collect();
            let text =
                format!("{execution:?} started beside {}, and {limit} may go on at a time", others.join(" and "));
            verdict.found(Flaw::SideBySide, job, execution.started, text);
        }
        going.push(execution);
    }
}

/// Whether an execution still goes on at a moment, and the ledger still counts on it.
fn goes_on(index: &Index<'_>, execution: &Execution, at: i64) -> bool {
    let killed = index.evidence.history.killed_at(execution.process);
    let ended = execution.ended.map(|(ended, _)| ended);
    if ended.or(killed).is_some_and(|ended| ended <= at) {
        return false;
    }
    !is_given_up(index, execution.run, at)
}

/// Whether the ledger had given a run up before a moment.
fn is_given_up(index: &Index<'_>, run: i64, at: i64) -> bool {
    let Some(row) = index.row(run) else { return false };
    let jumped = index.evidence.history.has_jumps();
    let is_over = |moment: Option<i64>| moment.is_some_and(|moment| jumped || moment <= at);
    // A run that was asked to stop to make room is not waited for; that is what `replace` means. An admin that was killed
    // asks again after its start.
    let asked_again = || row.cancel_at.is_some_and(|asked| index.evidence.history.was_admin_killed(at, asked));
    is_over(row.cancel_at) || asked_again() || (row.was_given_up() && is_over(row.finished_at))
}
