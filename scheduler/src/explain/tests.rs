//! One test per verdict; all times are seconds of one day, the job fires every ten seconds.

use super::*;
use crate::schedule::ScheduleDraft;
use chrono::TimeDelta;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn schedule(kind: ScheduleKind, expression: &str) -> Schedule {
    Schedule::parse(&ScheduleDraft { kind, expression: expression.into(), ..ScheduleDraft::default() }).unwrap()
}

fn every_ten_seconds() -> Definition {
    Definition { schedule: schedule(ScheduleKind::Cron, "0/10 * * * * ?"), enabled: true, anchor: at(-1_000) }
}

fn act(second: i64, action: &str) -> Act {
    Act { operation: 7, at: at(second), user: "li".into(), action: action.into() }
}

/// The facts of a question about second 100, asked at second 1,000.
fn facts() -> Facts {
    Facts {
        at: at(100),
        now: at(1_000),
        then: Then::There(every_ten_seconds()),
        today: Some(every_ten_seconds()),
        before: Some(act(-1_000, "start")),
        after: None,
        rows: Vec::new(),
        shared: None,
        planned_until: Some(at(990)),
        clearings: Vec::new(),
    }
}

fn row(state: RunState, reason: Reason) -> Row {
    Row { run: RunId(5), kind: RunKind::Scheduled, due: at(100), attempt: 0, state, reason, sent_at: None }
}

fn verdict(facts: &Facts) -> Verdict {
    explain(facts).verdict
}

#[test]
fn what_was_sent_ran_and_how_late_it_left_is_told() {
    let sent = Row { sent_at: Some(at(100) + TimeDelta::milliseconds(12)), ..row(RunState::Failed, Reason::Reported) };
    let again = Row { attempt: 1, sent_at: Some(at(110)), ..row(RunState::Succeeded, Reason::None) };
    let told = explain(&Facts { rows: vec![again, sent], ..facts() });
    assert_eq!((told.verdict, told.late_ms), (Verdict::Ran, Some(12)));
    assert_eq!(
        (told.moments.occurrence, told.moments.previous, told.moments.next),
        (Some(at(100)), Some(at(90)), Some(at(110)))
    );
}

#[test]
fn what_ended_without_being_sent_is_told_with_its_reason() {
    let rows = vec![row(RunState::Failed, Reason::NoNode)];
    assert_eq!(verdict(&Facts { rows, ..facts() }), Verdict::NotSent(Reason::NoNode));
    let rows = vec![row(RunState::Skipped, Reason::Overlap)];
    assert_eq!(verdict(&Facts { rows, ..facts() }), Verdict::Skipped(Reason::Overlap));
}

#[test]
fn a_retry_that_waits_leaves_the_fire_open() {
    let sent = Row { sent_at: Some(at(100)), ..row(RunState::Failed, Reason::Reported) };
    let waiting = Row { attempt: 1, ..row(RunState::Waiting, Reason::None) };
    assert_eq!(verdict(&Facts { rows: vec![sent, waiting], ..facts() }), Verdict::Open(RunState::Waiting));
}

#[test]
fn a_row_that_stands_for_many_answers_for_each_of_them() {
    let shared = Some(Row { due: at(900), ..row(RunState::Skipped, Reason::MisfireMany) });
    assert_eq!(verdict(&Facts { shared, ..facts() }), Verdict::SharedRow);
}

#[test]
fn a_run_by_hand_answers_only_where_the_schedule_says_nothing() {
    let by_hand = Row { kind: RunKind::Manual, sent_at: Some(at(100)), ..row(RunState::Succeeded, Reason::None) };
    let rows = vec![by_hand.clone()];
    assert_eq!(verdict(&Facts { rows, ..facts() }), Verdict::Ran);
    let rows = vec![by_hand, row(RunState::Skipped, Reason::Overlap)];
    assert_eq!(verdict(&Facts { rows, ..facts() }), Verdict::Skipped(Reason::Overlap));
}

#[test]
fn a_moment_between_two_occurrences_names_both() {
    let told = explain(&Facts { at: at(103), ..facts() });
    assert_eq!(told.verdict, Verdict::NotDue);
    assert_eq!((told.moments.previous, told.moments.next), (Some(at(100)), Some(at(110))));
}

#[test]
fn any_millisecond_of_a_second_means_its_occurrence() {
    let told = explain(&Facts { at: at(100) + TimeDelta::milliseconds(999), ..facts() });
    assert_eq!(told.moments.occurrence, Some(at(100)));
}

#[test]
fn before_its_creation_and_after_its_end_a_job_is_not_there() {
    let told = explain(&Facts { then: Then::NotYet, after: Some(act(500, "create")), ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::NotCreatedYet, Some(act(500, "create"))));
    let told = explain(&Facts { then: Then::Deleted, today: None, before: Some(act(50, "delete")), ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::Deleted, Some(act(50, "delete"))));
}

#[test]
fn a_stopped_job_names_who_stopped_it() {
    let then = Then::There(Definition { enabled: false, ..every_ten_seconds() });
    let told = explain(&Facts { then, before: Some(act(50, "stop")), ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::Stopped, Some(act(50, "stop"))));
}

#[test]
fn another_schedule_then_names_who_changed_it_since() {
    let then = Then::There(Definition { schedule: schedule(ScheduleKind::Cron, "0 0 3 * * ?"), ..every_ten_seconds() });
    let told = explain(&Facts { then, after: Some(act(400, "update")), ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::ScheduleDiffered, Some(act(400, "update"))));
}

#[test]
fn what_lies_before_the_anchor_was_nobodys() {
    let then = Then::There(Definition { anchor: at(100), ..every_ten_seconds() });
    let told = explain(&Facts { then, before: Some(act(100, "start")), ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::BeforeAnchor, Some(act(100, "start"))));
}

#[test]
fn the_future_is_due_or_not() {
    assert_eq!(verdict(&Facts { now: at(50), ..facts() }), Verdict::WillBeDue);
    assert_eq!(verdict(&Facts { now: at(50), at: at(103), ..facts() }), Verdict::WillNotBeDue);
}

#[test]
fn an_occurrence_that_nobody_wrote_down_yet_is_a_backlog() {
    assert_eq!(verdict(&Facts { planned_until: Some(at(90)), ..facts() }), Verdict::Backlog);
    assert_eq!(verdict(&Facts { planned_until: None, ..facts() }), Verdict::Backlog);
}

#[test]
fn a_job_that_changed_before_its_row_was_written_was_overtaken() {
    let today = Some(Definition { enabled: false, ..every_ten_seconds() });
    let told = explain(&Facts { planned_until: Some(at(90)), today, after: Some(act(101, "stop")), ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::Overtaken, Some(act(101, "stop"))));
}

#[test]
fn a_row_that_was_written_and_is_gone_was_cleared_by_somebody() {
    let clearing = |due_before| Clearing { act: act(900, "clear"), due_before };
    let told = explain(&Facts { clearings: vec![clearing(None)], ..facts() });
    assert_eq!((told.verdict, told.act), (Verdict::Cleared, Some(act(900, "clear"))));
    let older_only = Facts { clearings: vec![clearing(Some(at(100)))], ..facts() };
    assert_eq!(verdict(&older_only), Verdict::Unrecorded, "that clearing took older rows only");
}

#[test]
fn schedules_without_a_list_of_occurrences_say_so() {
    let with = |kind, expression| {
        let then = Then::There(Definition { schedule: schedule(kind, expression), ..every_ten_seconds() });
        verdict(&Facts { then, ..facts() })
    };
    assert_eq!(with(ScheduleKind::FixedDelay, "10s"), Verdict::FollowsEnd);
    assert_eq!(with(ScheduleKind::Manual, ""), Verdict::ByHandOnly);
}

#[test]
fn the_last_occurrence_is_found_however_long_ago_it_was() {
    let then = Definition { schedule: schedule(ScheduleKind::Cron, "* * * * * ? 2027"), enabled: true, anchor: at(0) };
    let asked = DateTime::from_timestamp(4_000_000_000, 0).unwrap();
    let found = moments(&Then::There(then), asked);
    assert_eq!(found.previous.unwrap().to_rfc3339(), "2027-12-31T23:59:59+00:00");
    assert_eq!((found.occurrence, found.next), (None, None));
    let first = moments(&Then::There(Definition { anchor: at(95), ..every_ten_seconds() }), at(100));
    assert_eq!((first.previous, first.occurrence), (None, Some(at(100))));
}
