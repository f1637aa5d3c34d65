//! Attempts at a fire count up without gaps, each after an outcome that the retry policy names, as long as it allows.

use super::evidence::{Attempts, Index};
use super::{Flaw, Verdict};
use crate::job::JobFacts;
use crate::ledger::Row;

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    for job in &index.evidence.jobs {
        for (moment, attempts) in index.fires(job.id).into_iter().flatten() {
            check_fire(job, *moment, attempts, verdict);
        }
    }
}

fn check_fire(job: &JobFacts, moment: i64, attempts: &Attempts<'_>, verdict: &mut Verdict) {
    let rows: Vec<&Row> = attempts.values().filter_map(|same| same.first().copied()).collect();
    let mut fail = |text: String| verdict.found(Flaw::Attempts, job.id, moment, text);
    for (number, row) in (0..).zip(&rows) {
        if row.attempt != number {
            fail(format!("{} stands where attempt {number} should", row.words()));
        }
        if row.attempt > job.plan.retries {
            fail(format!("{}, and only {} retries are allowed", row.words(), job.plan.retries));
        }
    }
    for (before, after) in rows.iter().zip(rows.iter().skip(1)) {
        if !is_tried_again(job, before) {
            fail(format!("{} follows {}, which is not tried again", after.words(), before.words()));
        }
        if before.finished_at.is_none_or(|finished| after.not_before < finished) {
            fail(format!("{} may start before {} ended", after.words(), before.words()));
        }
    }
    let Some(last) = rows.last().filter(|last| last.attempt < job.plan.retries && is_tried_again(job, last)) else {
        return;
    };
    // What ends while the job is being stopped is rightly not tried again.
    if last.finished_at.is_some_and(|finished| finished < job.must_until) {
        fail(format!("no attempt follows {}", last.words()));
    }
}

fn is_tried_again(job: &JobFacts, row: &Row) -> bool {
    match row.state.as_str() {
        "failed" | "timed_out" => true,
        "lost" => !job.plan.at_most_once,
        _ => false,
    }
}
