//! Outcomes and the reasons beside them: each needs a policy, and what was really so.

use super::*;

/// The second fire ended so, without an execution.
fn with(state: &str, reason: &str) -> Evidence {
    let mut evidence = sound();
    evidence.jobs[0].plan.retries = 0;
    evidence.rows[1] = ended(evidence.rows[1].clone(), state, reason);
    evidence.executions.remove(1);
    evidence
}

#[test]
fn a_skip_for_overlap_needs_a_policy_and_a_run_that_was_open() {
    let mut evidence = with("skipped", "overlap");
    finds_nothing(&evidence);
    evidence.jobs[0].plan.overlap = Overlap::Queue;
    finds_only(&evidence, Flaw::Reason);
    evidence.jobs[0].plan.overlap = Overlap::Skip;
    evidence.rows[0].finished_at = Some(1_000);
    finds_only(&evidence, Flaw::Reason);
    let locked = Happening { fault: Fault::DatabaseLock, node: 0, began: 900, ended: 12_500 };
    evidence.history.happenings = vec![locked];
    finds_nothing(&evidence);
}

#[test]
fn a_skip_for_lateness_needs_a_policy_and_a_fire_that_was_late() {
    let mut evidence = with("skipped", "misfire");
    finds_only(&evidence, Flaw::Reason);
    evidence.rows[1].created_at = 12_000 + THRESHOLD + 1;
    finds_nothing(&evidence);
    evidence.jobs[0].plan.misfire = Misfire::FireAll;
    finds_only(&evidence, Flaw::Reason);
}

#[test]
fn every_other_reason_needs_the_policy_that_gives_it() {
    for (state, reason) in [
        ("skipped", "queue_full"),
        ("skipped", "misfire_limit"),
        ("skipped", "stopped"),
        ("skipped", "superseded"),
        ("skipped", "none"),
        ("cancelled", "replaced"),
        ("cancelled", "by_user"),
        ("timed_out", "timeout"),
        ("lost", "crash_while_sending"),
        ("failed", "node_shutdown"),
    ] {
        finds_only(&with(state, reason), Flaw::Reason);
    }
}

#[test]
fn a_timeout_before_its_time_is_found() {
    let mut evidence = with("timed_out", "timeout");
    evidence.jobs[0].plan.timeout_ms = 400;
    finds_nothing(&evidence);
    evidence.jobs[0].plan.timeout_ms = 5_000;
    finds_only(&evidence, Flaw::Reason);
}

#[test]
fn a_timeout_counts_from_the_first_trigger_however_late_one_was_accepted() {
    let mut evidence = with("timed_out", "timeout");
    evidence.jobs[0].plan.timeout_ms = 400;
    evidence.rows[1].accepted_at = evidence.rows[1].finished_at;
    finds_nothing(&evidence);
}

#[test]
fn a_fire_that_was_due_when_its_job_was_stopped_may_say_so() {
    for reason in ["stopped", "superseded"] {
        let mut evidence = with("skipped", reason);
        evidence.jobs[0].must_until = 12_400;
        evidence.rows.truncate(2);
        evidence.executions.truncate(1);
        finds_nothing(&evidence);
    }
}
