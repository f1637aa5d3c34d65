//! A batch in memory: what each entry is answered, and what is to be written.

use super::play::{Played, Seen, play};
use crate::columns::moment;
use crate::ledger::{Answer, Batch, Checkpoints, Entry, Known, NewRun, RequestKey, RunChange, Withdrawal};
use hzm_job_scheduler::run::RunState::{self, Dispatched, Failed, Planned, Running, Succeeded, Waiting};
use hzm_job_scheduler::run::{Reason, RunKind};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};

const HOUR: i64 = 3_600_000;

fn due(at: i64) -> NewRun {
    NewRun {
        job: JobId(7),
        executor: ExecutorId(1),
        kind: RunKind::Scheduled,
        scheduled_at: moment(at),
        attempt: 0,
        state: Waiting,
        reason: Reason::None,
        not_before: moment(at),
        node: None,
        pinned: false,
        parameters: None,
        requested_by: None,
        request_key: None,
        created_at: moment(at),
        message: None,
    }
}

fn asked(at: i64, key: &str) -> NewRun {
    let request_key = Some(RequestKey { key: key.into(), asked: Some("hash".into()) });
    NewRun { kind: RunKind::Manual, request_key, ..due(at) }
}

fn change(run: i64, from: RunState, to: RunState) -> RunChange {
    let (known, at) = (Known::default(), moment(HOUR + 5));
    RunChange { run: RunId(run), from, to, reason: Reason::None, at, known, then: None }
}

fn known(run: i64, from: RunState, to: RunState, known: Known) -> Entry {
    Entry::Change(RunChange { known, ..change(run, from, to) })
}

fn played(seen: Seen, entries: Vec<Entry>) -> Played {
    play(&Batch { epoch: 1, journal: 0, entries, first_id: 100, checkpoints: Checkpoints::default() }, seen)
}

fn holding(states: &[(i64, RunState)]) -> Seen {
    Seen { states: states.iter().map(|(id, state)| (*id, state.code())).collect(), ..Seen::default() }
}

#[test]
fn a_fire_that_comes_twice_in_one_batch_is_opened_once() {
    let played = played(Seen::default(), vec![Entry::Open(due(1)), Entry::Open(due(1)), Entry::Open(due(2))]);
    let existed = Answer::Existed { run: RunId(100), state: Waiting };
    assert_eq!(played.answers, [Answer::Opened(RunId(100)), existed, Answer::Opened(RunId(102))]);
    assert_eq!(played.opened.keys().copied().collect::<Vec<_>>(), [100, 102]);
}

#[test]
fn an_earlier_fire_is_answered_in_the_state_it_has_by_then() {
    let mut seen = holding(&[(9, Running)]);
    seen.fires.insert((1, 7, RunKind::Scheduled.code(), 0), 9);
    let played = played(seen, vec![Entry::Change(change(9, Running, Succeeded)), Entry::Open(due(1))]);
    assert_eq!(played.answers[1], Answer::Existed { run: RunId(9), state: Succeeded });
    assert!(played.opened.is_empty());
}

#[test]
fn several_changes_of_one_run_become_one_row_that_keeps_what_was_known() {
    let node = Known { node: Some("a".into()), sent_at: Some(moment(1)), ..Known::default() };
    let other = Known { node: Some("b".into()), code: Some(3), ..Known::default() };
    let entries = vec![
        known(9, Waiting, Dispatched, node),
        known(9, Waiting, Failed, Known::default()),
        known(9, Dispatched, Running, other),
        known(9, Running, Failed, Known { message: Some("no".into()), ..Known::default() }),
        known(9, Failed, Failed, Known { accepted_at: Some(moment(2)), ..Known::default() }),
        known(9, Failed, Succeeded, Known::default()),
    ];
    let played = played(holding(&[(9, Waiting)]), entries);
    let (made, missed) = (Answer::Changed { then: None }, |state| Answer::Missed { state: Some(state) });
    assert_eq!(played.answers, [made, missed(Dispatched), made, made, made, missed(Failed)]);
    let row = &played.changed[&9];
    assert_eq!((row.state, row.node.as_deref(), row.sent_at), (Failed.code(), Some("b"), Some(1)));
    assert_eq!((row.accepted_at, row.code, row.message.as_deref()), (Some(2), Some(3), Some("no")));
    assert_eq!(row.finished_at, Some(HOUR + 5));
    assert_eq!(played.outcomes.into_iter().collect::<Vec<_>>(), [((HOUR, Failed.code()), 1)]);
}

#[test]
fn a_change_of_a_row_of_the_same_batch_becomes_part_of_its_insertion() {
    let node = Known { node: Some("a".into()), ..Known::default() };
    let played = played(Seen::default(), vec![Entry::Open(due(1)), known(100, Waiting, Succeeded, node)]);
    assert!(played.changed.is_empty());
    let row = &played.opened[&100];
    assert_eq!((row.state, row.node.as_deref(), row.finished_at), (Succeeded.code(), Some("a"), Some(HOUR + 5)));
    assert_eq!(played.outcomes.len(), 1);
}

#[test]
fn the_following_attempt_is_opened_with_its_change_or_not_at_all() {
    let next = Some(Box::new(NewRun { attempt: 1, ..due(1) }));
    let fails = |from| Entry::Change(RunChange { then: next.clone(), ..change(9, from, Failed) });
    let played = played(holding(&[(9, Running)]), vec![fails(Waiting), fails(Running), fails(Running)]);
    let missed = |state| Answer::Missed { state: Some(state) };
    assert_eq!(played.answers, [missed(Running), Answer::Changed { then: Some(RunId(101)) }, missed(Failed)]);
    assert_eq!(played.opened.len(), 1);
}

#[test]
fn a_request_key_finds_the_run_of_an_earlier_batch_and_of_this_one() {
    let mut seen = holding(&[(9, Running)]);
    seen.requests.insert((7, "old".into()), 9);
    seen.requests.insert((7, "cleared".into()), 8);
    let entries = [asked(1, "old"), asked(2, "cleared"), asked(3, "new"), asked(4, "new")].map(Entry::Open);
    let played = played(seen, entries.into());
    let existed = |run, state| Answer::Existed { run: RunId(run), state };
    let skipped = existed(8, RunState::Skipped);
    assert_eq!(played.answers, [existed(9, Running), skipped, Answer::Opened(RunId(102)), existed(102, Waiting)]);
    assert_eq!(played.requests.len(), 1);
}

#[test]
fn a_run_that_is_not_there_is_missed() {
    let played = played(Seen::default(), vec![Entry::Change(change(9, Waiting, Failed))]);
    assert_eq!(played.answers, [Answer::Missed { state: None }]);
    assert!(played.changed.is_empty() && played.outcomes.is_empty());
}

#[test]
fn what_is_taken_back_leaves_room_for_another_row_and_takes_earlier_changes_with_it() {
    let taken_back = Withdrawal { run: RunId(9), job: JobId(7), scheduled_at: moment(1) };
    let mut seen = holding(&[(9, Planned)]);
    seen.fires.insert((1, 7, RunKind::Scheduled.code(), 0), 9);
    let entries = vec![
        Entry::Open(due(1)),
        known(9, Planned, Planned, Known { code: Some(3), ..Known::default() }),
        Entry::Withdraw(taken_back),
        Entry::Open(due(1)),
        Entry::Withdraw(taken_back),
    ];
    let played = played(seen, entries);
    let done = Answer::Changed { then: None };
    let existed = Answer::Existed { run: RunId(9), state: Planned };
    assert_eq!(played.answers, [existed, done, done, Answer::Opened(RunId(101)), Answer::Missed { state: None }]);
    assert!(played.changed.is_empty() && played.withdrawn.contains(&9) && played.opened.contains_key(&101));
}
