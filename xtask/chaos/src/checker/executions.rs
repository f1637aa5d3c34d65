//! What was executed has a row that says so, was executed once, and not before its time.

use super::evidence::Index;
use super::{Flaw, Verdict};
use crate::ledger::Row;
use crate::trace::Execution;

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    for (run, executions) in index.executed() {
        let Some(first) = executions.first() else { continue };
        match index.row(run) {
            Some(row) => check_run(index, row, executions, verdict),
            None => {
                verdict.found(Flaw::Unrecorded, first.job, first.started, format!("run {run} has no row: {first:?}"))
            }
        }
    }
    // Under a clock that was set back, what was due before is sent "before" it was due.
    let jumped = index.evidence.history.has_jumps();
    for row in index.evidence.rows.iter().filter(|_| !jumped) {
        if row.sent_at.is_some_and(|sent| sent < row.not_before) {
            verdict.found(Flaw::Early, row.job, row.scheduled_at, format!("{} was sent before its time", row.words()));
        }
    }
}

fn check_run(index: &Index<'_>, row: &Row, executions: &[&Execution], verdict: &mut Verdict) {
    let not_sent = ["planned", "waiting", "skipped"].contains(&row.state.as_str())
        || (row.state == "failed" && ["no_node", "refused"].contains(&row.reason.as_str()));
    for execution in executions {
        if not_sent || execution.job != row.job {
            let text = format!("{}, but was executed: {execution:?}", row.words());
            verdict.found(Flaw::Unrecorded, row.job, row.scheduled_at, text);
        }
        let due = row.scheduled_at.max(row.not_before);
        let latest = index.evidence.history.latest_admin_time(execution.started);
        if latest < due {
            let text = format!("{}, due {due}, was executed {} ms early: {execution:?}", row.words(), due - latest);
            verdict.found(Flaw::Early, row.job, row.scheduled_at, text);
        }
    }
    for (before, after) in executions.iter().zip(executions.iter().skip(1)) {
        match why_not_again(index, row, before, after) {
            None => verdict.repeated_with_cause += 1,
            Some(why) => {
                let text = format!("{} was executed twice: {why}: {before:?} and {after:?}", row.words());
                verdict.found(Flaw::Twice, row.job, row.scheduled_at, text);
            }
        }
    }
}

/// What speaks against a second execution; nothing where the process of the first was killed and the job wants its run
/// executed at least once.
fn why_not_again(index: &Index<'_>, row: &Row, before: &Execution, after: &Execution) -> Option<&'static str> {
    if index.job(row.job).is_some_and(|job| job.plan.at_most_once) {
        return Some("its job is at_most_once");
    }
    if before.node != after.node {
        return Some("by two nodes");
    }
    if before.process == after.process {
        return Some("by the same process");
    }
    let killed = index.evidence.history.killed_at(before.process);
    if killed.is_none_or(|killed| after.started < killed) { Some("and the first process lived on") } else { None }
}
