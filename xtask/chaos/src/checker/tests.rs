//! The checker is shown ledgers that are damaged in every way it claims to see, and one that is not.

use super::*;
use crate::faults::Fault;
use crate::history::{Happening, History};
use crate::job::{JobFacts, JobPlan, Misfire, Overlap, Pace};
use crate::ledger::Row;
use crate::trace::{Ending, Execution};

mod meddled;
mod reasons;

const THRESHOLD: i64 = 2_000;

/// Three fires of one job, a second apart, each executed for half a second; nothing is wrong with it.
fn sound() -> Evidence {
    let plan = JobPlan {
        name: "job".into(),
        pace: Pace::Rate(1_000),
        overlap: Overlap::Skip,
        overlap_limit: 5,
        misfire: Misfire::FireOnce,
        retries: 2,
        at_most_once: false,
        timeout_ms: 0,
        takes_ms: 500,
        fails_every: 0,
    };
    let job = JobFacts { plan, id: 1, anchor: 10_000, must_until: 13_000, may_until: 13_500 };
    Evidence {
        jobs: vec![job],
        meddled: Vec::new(),
        rows: (1..=3).map(|number| row(number, 10_000 + number * 1_000)).collect(),
        orders: Vec::new(),
        executions: (1..=3).map(|number| execution(number, 10_000 + number * 1_000 + 5)).collect(),
        history: History::default(),
        misfire_threshold: THRESHOLD,
    }
}

fn row(id: i64, due: i64) -> Row {
    Row {
        id,
        job: 1,
        kind: "scheduled".into(),
        scheduled_at: due,
        attempt: 0,
        state: "succeeded".into(),
        reason: "none".into(),
        not_before: due,
        node: Some("http://127.0.0.1:1".into()),
        created_at: due + 1,
        sent_at: Some(due + 2),
        accepted_at: Some(due + 3),
        cancel_at: None,
        finished_at: Some(due + 510),
        message: Some(Ending::Succeeded.message(id)),
    }
}

fn execution(run: i64, started: i64) -> Execution {
    Execution { run, job: 1, node: 0, process: 100, started, ended: Some((started + 500, Ending::Succeeded)) }
}

fn skipped(id: i64, due: i64, reason: &str) -> Row {
    let (state, reason) = ("skipped".to_owned(), reason.to_owned());
    Row {
        state,
        reason,
        node: None,
        sent_at: None,
        accepted_at: None,
        finished_at: None,
        message: None,
        ..row(id, due)
    }
}

fn ended(row: Row, state: &str, reason: &str) -> Row {
    Row { state: state.into(), reason: reason.into(), ..row }
}

/// A failed first attempt of the second fire, with its report, and the second attempt that follows.
fn retried() -> Evidence {
    let mut evidence = sound();
    evidence.rows[1] = ended(evidence.rows[1].clone(), "failed", "reported");
    evidence.rows[1].message = Some(Ending::Failed.message(2));
    evidence.executions[1].ended = Some((12_505, Ending::Failed));
    let again =
        Row { id: 9, attempt: 1, not_before: 12_600, created_at: 12_510, sent_at: Some(12_610), ..row(9, 12_000) };
    evidence.rows.push(Row { finished_at: Some(12_900), ..again });
    let execution = Execution { ended: Some((12_890, Ending::Succeeded)), ..execution(9, 12_615) };
    evidence.executions.insert(2, execution);
    evidence
}

#[track_caller]
fn finds_only(evidence: &Evidence, flaw: Flaw) {
    let verdict = check(evidence);
    let found: Vec<Flaw> = verdict.findings.iter().map(|finding| finding.flaw).collect();
    assert!(
        !found.is_empty() && found.iter().all(|found| *found == flaw),
        "{flaw:?} expected: {:#?}",
        verdict.findings
    );
    assert!(
        verdict.findings.iter().all(|finding| finding.job == 1 || flaw == Flaw::Invented),
        "{:?}",
        verdict.findings
    );
}

#[track_caller]
fn finds_nothing(evidence: &Evidence) {
    let verdict = check(evidence);
    assert_eq!(verdict.findings, []);
}

#[test]
fn a_sound_ledger_is_sound_and_counted() {
    let verdict = check(&sound());
    assert_eq!(verdict.findings, []);
    assert_eq!((verdict.expected, verdict.rows, verdict.executions), (3, 3, 3));
    finds_nothing(&retried());
}

#[test]
fn a_moment_without_a_row_is_missing() {
    let mut evidence = sound();
    evidence.rows.remove(1);
    evidence.executions.remove(1);
    finds_only(&evidence, Flaw::Missing);
}

#[test]
fn moments_after_the_last_that_must_be_there_may_be_missing() {
    let mut evidence = sound();
    evidence.jobs[0].must_until = 12_000;
    evidence.rows.pop();
    evidence.executions.pop();
    finds_nothing(&evidence);
}

#[test]
fn one_row_may_stand_for_many_moments_before_it() {
    let mut evidence = sound();
    evidence.rows.remove(0);
    evidence.executions.remove(0);
    evidence.executions.remove(0);
    evidence.rows[0] = skipped(2, 12_000, "misfire_many");
    finds_nothing(&evidence);
}

#[test]
fn two_rows_for_one_moment_are_double() {
    let mut evidence = sound();
    evidence.rows.push(Row { id: 9, ..skipped(9, 12_000, "overlap") });
    finds_only(&evidence, Flaw::Double);
}

#[test]
fn a_row_for_a_moment_when_nothing_was_due_is_invented() {
    let mut evidence = sound();
    evidence.rows[2].scheduled_at += 7;
    evidence.rows[2].not_before += 7;
    evidence.rows[2].created_at += 7;
    evidence.jobs[0].must_until = 12_000;
    evidence.rows[2].sent_at = evidence.rows[2].sent_at.map(|sent| sent + 7);
    evidence.executions[2].started += 7;
    finds_only(&evidence, Flaw::Invented);
}

#[test]
fn a_row_of_an_unknown_job_is_invented() {
    let mut evidence = sound();
    evidence.rows.push(Row { job: 77, ..skipped(9, 12_000, "overlap") });
    finds_only(&evidence, Flaw::Invented);
}

#[test]
fn a_row_without_an_outcome_is_open() {
    let mut evidence = sound();
    evidence.rows[2] = Row { finished_at: None, message: None, ..ended(evidence.rows[2].clone(), "running", "none") };
    finds_only(&evidence, Flaw::Open);
}

#[test]
fn an_execution_before_its_moment_is_early() {
    let mut evidence = sound();
    evidence.executions[1].started = 11_999;
    finds_only(&evidence, Flaw::Early);
    evidence.history.offsets = vec![(11_000, 3_600_000)];
    finds_nothing(&evidence);
}

#[test]
fn a_trigger_that_left_before_its_time_is_early() {
    let mut evidence = retried();
    evidence.rows[3].sent_at = Some(12_599);
    finds_only(&evidence, Flaw::Early);
}

#[test]
fn a_gap_between_attempts_is_found() {
    let mut evidence = retried();
    evidence.rows[3].attempt = 2;
    finds_only(&evidence, Flaw::Attempts);
}

#[test]
fn an_attempt_after_a_success_is_found() {
    let mut evidence = retried();
    evidence.rows[1] = row(2, 12_000);
    evidence.executions[1] = execution(2, 12_005);
    finds_only(&evidence, Flaw::Attempts);
}

#[test]
fn more_attempts_than_the_policy_allows_are_found() {
    let mut evidence = retried();
    evidence.jobs[0].plan.retries = 0;
    finds_only(&evidence, Flaw::Attempts);
}

#[test]
fn a_failure_that_is_not_tried_again_is_found() {
    let mut evidence = retried();
    evidence.rows.pop();
    evidence.executions.remove(2);
    finds_only(&evidence, Flaw::Attempts);
    evidence.jobs[0].must_until = 12_400;
    evidence.rows.pop();
    evidence.executions.pop();
    finds_nothing(&evidence);
}

#[test]
fn a_lost_run_is_tried_again_only_where_twice_is_better_than_never() {
    let mut evidence = retried();
    evidence.rows[1] = ended(evidence.rows[1].clone(), "lost", "node_offline");
    finds_nothing(&evidence);
    evidence.jobs[0].plan.at_most_once = true;
    finds_only(&evidence, Flaw::Attempts);
}

#[test]
fn an_execution_without_a_row_is_unrecorded() {
    let mut evidence = sound();
    evidence.executions.push(execution(55, 13_600));
    finds_only(&evidence, Flaw::Unrecorded);
}

#[test]
fn an_execution_of_what_was_skipped_is_unrecorded() {
    let mut evidence = sound();
    evidence.rows[1] = skipped(2, 12_000, "overlap");
    finds_only(&evidence, Flaw::Unrecorded);
    evidence.rows[1] = ended(evidence.rows[1].clone(), "failed", "no_node");
    evidence.jobs[0].plan.retries = 0;
    finds_only(&evidence, Flaw::Unrecorded);
}

#[test]
fn a_second_execution_needs_a_kill_of_the_first_process() {
    let mut evidence = sound();
    evidence.executions[1].ended = None;
    evidence.executions.insert(2, Execution { process: 200, ..execution(2, 12_200) });
    let twice = check(&evidence);
    assert_eq!((twice.count(Flaw::Twice), twice.repeated_with_cause), (1, 0), "{:?}", twice.findings);
    evidence.history.killed = vec![(100, 12_100)];
    evidence.executions[3].process = 200;
    let explained = check(&evidence);
    assert_eq!((explained.findings.len(), explained.repeated_with_cause), (0, 1), "{:?}", explained.findings);
    evidence.history.killed = vec![(100, 12_300)];
    assert_eq!(check(&evidence).count(Flaw::Twice), 1, "it was killed only after the second began");
}

#[test]
fn no_cause_allows_a_second_execution_by_another_node_or_the_same_process_or_of_an_at_most_once_job() {
    let mut evidence = sound();
    evidence.executions[1].ended = None;
    evidence.history.killed = vec![(100, 12_100)];
    let second = Execution { process: 200, ..execution(2, 12_200) };
    evidence.executions.insert(2, Execution { node: 1, ..second.clone() });
    assert_eq!(check(&evidence).count(Flaw::Twice), 1);
    evidence.executions[2] = Execution { process: 100, ..second.clone() };
    assert_eq!(check(&evidence).count(Flaw::Twice), 1);
    evidence.executions[2] = second;
    evidence.jobs[0].plan.at_most_once = true;
    assert_eq!(check(&evidence).count(Flaw::Twice), 1);
}

#[test]
fn two_runs_side_by_side_break_the_policy() {
    let mut evidence = sound();
    evidence.executions[0].ended = Some((12_100, Ending::Succeeded));
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Replace] {
        evidence.jobs[0].plan.overlap = overlap;
        finds_only(&evidence, Flaw::SideBySide);
    }
    evidence.jobs[0].plan.overlap = Overlap::Parallel;
    finds_nothing(&evidence);
    evidence.jobs[0].plan.overlap_limit = 1;
    finds_only(&evidence, Flaw::SideBySide);
}

#[test]
fn a_run_that_was_given_up_may_go_on_beside_the_next() {
    let mut evidence = sound();
    evidence.executions[0].ended = Some((12_100, Ending::Succeeded));
    evidence.jobs[0].plan.retries = 0;
    evidence.rows[0] = ended(evidence.rows[0].clone(), "lost", "node_offline");
    finds_nothing(&evidence);
    evidence.rows[0].finished_at = Some(12_050);
    finds_only(&evidence, Flaw::SideBySide);
    evidence.rows[0] = Row { cancel_at: Some(11_900), ..row(1, 11_000) };
    finds_nothing(&evidence);
}

#[test]
fn a_trigger_that_was_under_way_for_too_long_is_told_apart() {
    let mut evidence = sound();
    evidence.jobs[0].plan.retries = 0;
    evidence.rows[0] = ended(evidence.rows[0].clone(), "lost", "node_offline");
    evidence.executions[0] = execution(1, 12_200);
    evidence.executions.swap(0, 1);
    finds_nothing(&evidence);
    assert_eq!(check(&evidence).started_after_given_up, 1);
    evidence.rows[0].finished_at = Some(12_300);
    finds_only(&evidence, Flaw::SideBySide);
}

#[test]
fn an_admin_that_was_killed_may_have_asked_before() {
    let mut evidence = sound();
    evidence.jobs[0].plan.overlap = Overlap::Replace;
    evidence.executions[0].ended = Some((12_100, Ending::Succeeded));
    evidence.rows[0] = Row { cancel_at: Some(13_000), ..row(1, 11_000) };
    finds_only(&evidence, Flaw::SideBySide);
    evidence.history.happenings = vec![Happening { fault: Fault::AdminKill, node: 0, began: 12_050, ended: 12_500 }];
    finds_nothing(&evidence);
}

#[test]
fn a_killed_process_executes_nothing_any_more() {
    let mut evidence = sound();
    evidence.jobs[0].plan.retries = 0;
    evidence.executions[0].ended = None;
    evidence.executions[0].process = 99;
    evidence.rows[0] = Row { finished_at: Some(12_900), ..ended(evidence.rows[0].clone(), "lost", "node_restarted") };
    finds_only(&evidence, Flaw::SideBySide);
    evidence.history.killed = vec![(99, 11_500)];
    finds_nothing(&evidence);
}

#[test]
fn another_end_than_the_executor_saw_is_found() {
    let mut evidence = sound();
    evidence.executions[1].ended = Some((12_505, Ending::Failed));
    finds_only(&evidence, Flaw::Result);
    evidence.executions.remove(1);
    finds_only(&evidence, Flaw::Result);
}

#[test]
fn the_words_of_another_run_are_found() {
    let mut evidence = sound();
    evidence.rows[1].message = Some(Ending::Succeeded.message(3));
    finds_only(&evidence, Flaw::Result);
}

#[test]
fn a_failure_that_nobody_reported_is_found() {
    let mut evidence = sound();
    evidence.jobs[0].plan.retries = 0;
    evidence.rows[1] = ended(evidence.rows[1].clone(), "failed", "reported");
    finds_only(&evidence, Flaw::Result);
}

#[test]
fn an_order_by_hand_leads_to_one_run() {
    let mut evidence = sound();
    evidence.rows.push(Row { kind: "manual".into(), ..row(9, 13_700) });
    evidence.executions.push(execution(9, 13_705));
    let order = |runs: &[i64]| vec![Ordered { job: 1, key: "k".into(), runs: runs.to_vec() }];
    evidence.orders = order(&[9, 9]);
    finds_nothing(&evidence);
    evidence.orders = order(&[]);
    finds_nothing(&evidence);
    evidence.orders = order(&[9, 8]);
    let verdict = check(&evidence);
    assert_eq!((verdict.count(Flaw::Double), verdict.count(Flaw::Missing)), (1, 1), "{:?}", verdict.findings);
    evidence.orders = order(&[9]);
    evidence.rows.push(Row { kind: "manual".into(), ..row(10, 14_700) });
    evidence.executions.push(execution(10, 14_705));
    finds_only(&evidence, Flaw::Double);
}
