//! Jobs that are changed meanwhile: what the answers of the API demand, what they leave open, and what they do not allow.

use super::*;
use crate::meddling::{Answer, Deed, Meddled, Standing, What};

const EVERY_SECOND: Standing = Standing { enabled: true, anchor: 10_000, pace: Pace::Rate(1_000) };

/// Something that was asked for at this moment and answered ten milliseconds later.
fn deed(what: What, asked: i64, answer: Answer) -> Deed {
    Deed { what, asked, answered: asked + 10, answer }
}

fn stands(standing: Standing) -> Answer {
    Answer::Counts(Some(standing))
}

fn stopped(standing: Standing) -> Answer {
    stands(Standing { enabled: false, ..standing })
}

/// The job of [`sound`], three fires from 11,000 to 13,000, started at 10,000; then this was done to it.
fn after_start(deeds: impl IntoIterator<Item = Deed>) -> Evidence {
    let mut evidence = sound();
    let job = JobFacts { must_until: i64::MAX, may_until: i64::MAX, ..evidence.jobs.remove(0) };
    let started = Deed { answered: 10_005, ..deed(What::Start, 9_995, stands(EVERY_SECOND)) };
    let deeds = std::iter::once(started).chain(deeds).collect();
    evidence.meddled = vec![Meddled { job, deeds }];
    evidence
}

fn without_the_last(mut evidence: Evidence) -> Evidence {
    evidence.rows.pop();
    evidence.executions.pop();
    evidence
}

#[test]
fn between_a_start_and_a_stop_that_count_every_moment_has_its_row_and_none_other_has_one() {
    let evidence = after_start([deed(What::Stop, 13_400, stopped(EVERY_SECOND))]);
    finds_nothing(&evidence);
    let verdict = check(&evidence);
    assert_eq!((verdict.expected, verdict.changes, verdict.unclear_changes), (3, 2, 0));
    finds_only(&without_the_last(evidence), Flaw::Missing);
    let stopped_before = after_start([deed(What::Stop, 12_400, stopped(EVERY_SECOND))]);
    finds_only(&stopped_before, Flaw::Invented);
    finds_nothing(&without_the_last(stopped_before));
}

#[test]
fn a_moment_in_the_instant_of_the_stop_may_have_a_row_or_not() {
    let evidence = after_start([Deed { asked: 12_990, ..deed(What::Stop, 13_400, stopped(EVERY_SECOND)) }]);
    finds_nothing(&evidence);
    finds_nothing(&without_the_last(evidence));
}

#[test]
fn a_stop_without_a_clear_answer_leaves_open_what_comes_after_it_and_nothing_before() {
    let evidence = after_start([deed(What::Stop, 12_400, Answer::Either)]);
    finds_nothing(&evidence);
    let mut early = without_the_last(evidence);
    finds_nothing(&early);
    early.rows.remove(0);
    early.executions.remove(0);
    finds_only(&early, Flaw::Missing);
}

#[test]
fn an_edit_that_counts_tells_what_an_answer_before_it_left_open() {
    let told = |answer| {
        let edited = deed(What::Policy, 13_200, answer);
        after_start([
            deed(What::Stop, 12_400, Answer::Either),
            edited,
            deed(What::Delete, 13_500, Answer::Counts(None)),
        ])
    };
    let went_on = told(stands(EVERY_SECOND));
    finds_nothing(&went_on);
    finds_only(&without_the_last(went_on), Flaw::Missing);
    let was_stopped = told(stopped(EVERY_SECOND));
    finds_nothing(&without_the_last(was_stopped));
}

#[test]
fn a_start_that_counts_after_an_unclear_stop_proves_nothing_because_that_stop_may_still_come() {
    let again = deed(What::Start, 12_600, stands(EVERY_SECOND));
    let evidence = after_start([deed(What::Stop, 12_400, Answer::Either), again]);
    finds_nothing(&evidence);
    finds_nothing(&without_the_last(evidence));
}

#[test]
fn what_was_refused_changes_nothing() {
    let mut evidence = after_start([deed(What::Stop, 12_400, Answer::Refused)]);
    evidence.meddled[0].job.must_until = 13_000;
    finds_nothing(&evidence);
    finds_only(&without_the_last(evidence), Flaw::Missing);
}

#[test]
fn another_schedule_counts_from_its_own_anchor_and_the_former_one_until_then() {
    let slower = Standing { anchor: 12_405, pace: Pace::Rate(1_500), ..EVERY_SECOND };
    let mut evidence = after_start([deed(What::Schedule, 12_400, stands(slower))]);
    evidence.meddled[0].job.must_until = 14_000;
    let moved = Row { id: 3, ..row(3, 13_905) };
    evidence.rows[2] = moved;
    evidence.executions[2] = execution(3, 13_910);
    finds_nothing(&evidence);
    evidence.rows[2] = row(3, 13_000);
    evidence.executions[2] = execution(3, 13_005);
    let verdict = check(&evidence);
    let found: Vec<Flaw> = verdict.findings.iter().map(|finding| finding.flaw).collect();
    assert_eq!(found, [Flaw::Missing, Flaw::Invented], "{:#?}", verdict.findings);
}

#[test]
fn an_unclear_start_allows_rows_and_demands_none() {
    let mut evidence = after_start([]);
    evidence.meddled[0].deeds[0].answer = Answer::Either;
    finds_nothing(&evidence);
    evidence.rows.clear();
    evidence.executions.clear();
    finds_nothing(&evidence);
}

#[test]
fn rows_of_a_job_that_nobody_started_are_invented() {
    let mut evidence = after_start([]);
    evidence.meddled[0].deeds.clear();
    finds_only(&evidence, Flaw::Invented);
}

#[test]
fn an_unclear_deletion_may_come_at_any_time_later() {
    let edited = deed(What::Policy, 12_600, stands(EVERY_SECOND));
    let evidence = after_start([deed(What::Delete, 12_400, Answer::Either), edited]);
    finds_nothing(&evidence);
    finds_nothing(&without_the_last(evidence));
}

#[test]
fn a_skip_because_of_a_change_needs_a_change() {
    let mut evidence = after_start([deed(What::Stop, 13_400, stopped(EVERY_SECOND))]);
    for reason in ["stopped", "superseded"] {
        evidence.rows[2] = Row { created_at: 13_405, ..skipped(3, 13_000, reason) };
        evidence.executions.truncate(2);
        finds_nothing(&evidence);
        evidence.rows[2].created_at = 13_300;
        finds_only(&evidence, Flaw::Reason);
    }
    evidence.meddled[0].deeds[1] = deed(What::Policy, 13_400, stands(EVERY_SECOND));
    evidence.meddled[0].job.must_until = 13_000;
    evidence.rows[2].created_at = 13_405;
    finds_only(&evidence, Flaw::Reason);
}

#[test]
fn a_cancellation_because_of_a_deletion_needs_one() {
    let mut evidence = after_start([deed(What::Delete, 13_200, Answer::Counts(None))]);
    evidence.rows[2] = Row { message: None, ..ended(row(3, 13_000), "cancelled", "deleted") };
    evidence.executions.truncate(2);
    finds_nothing(&evidence);
    evidence.meddled[0].deeds[1].answer = Answer::Refused;
    evidence.meddled[0].job.must_until = 13_000;
    finds_only(&evidence, Flaw::Reason);
}

#[test]
fn nothing_of_such_a_job_is_tried_again_or_done_twice() {
    let mut evidence = after_start([deed(What::Stop, 13_400, stopped(EVERY_SECOND))]);
    evidence.rows[2].attempt = 1;
    finds_only(&evidence, Flaw::Attempts);
    let mut evidence = after_start([deed(What::Stop, 13_400, stopped(EVERY_SECOND))]);
    evidence.rows.push(skipped(9, 12_000, "overlap"));
    finds_only(&evidence, Flaw::Double);
}

#[test]
fn after_a_jump_of_the_clock_moments_are_not_looked_at() {
    let mut evidence = without_the_last(after_start([deed(What::Stop, 13_400, stopped(EVERY_SECOND))]));
    evidence.history.offsets = vec![(11_000, 3_600_000)];
    finds_nothing(&evidence);
}

#[test]
fn what_was_owed_when_a_change_and_a_kill_met_an_outage_must_have_its_row() {
    let mut evidence = without_the_last(after_start([deed(What::Stop, 13_400, stopped(EVERY_SECOND))]));
    let fault = |fault, began, ended| Happening { fault, node: 0, began, ended };
    evidence.history.happenings =
        vec![fault(Fault::DatabaseRefuse, 12_500, 13_200), fault(Fault::AdminKill, 14_000, 15_000)];
    finds_only(&evidence, Flaw::Missing);
}
