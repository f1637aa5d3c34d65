//! The ledger's one entrance: what is new, what existed, what changed, what came too late, who may write.

use crate::support::{at, change, due, ended, key, on_each_database, opened, withdrawal};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::StoreError;
use hzm_job_store::ledger::{Answer, Batch, Checkpoints, Entry, Known, NewRun, RunChange};
use hzm_job_store::page::Cursor;
use hzm_job_store::run::{Run, RunFilter};

const JOB: JobId = JobId(7);

/// A checkpoint of the job, and a mark.
fn told(millis: i64) -> Checkpoints {
    Checkpoints { until: vec![(JOB, at(millis))], mark: Some(1), ..Checkpoints::default() }
}

#[test]
fn a_new_row_is_read_back_as_it_was_written() {
    on_each_database(async |world| {
        let new = NewRun {
            executor: ExecutorId(3),
            kind: RunKind::Manual,
            attempt: 2,
            state: RunState::Dispatched,
            not_before: at(9),
            node: Some("http://a:1".into()),
            pinned: true,
            parameters: Some("{\"月\": 1}".into()),
            requested_by: Some("ann".into()),
            message: Some("by hand".into()),
            created_at: at(4),
            ..due(JOB, 5)
        };
        let id = opened(world.open(new).await);
        let expected = Run {
            id,
            job: JOB,
            executor: ExecutorId(3),
            kind: RunKind::Manual,
            scheduled_at: at(5),
            shard: 0,
            attempt: 2,
            state: RunState::Dispatched,
            reason: Reason::None,
            not_before: at(9),
            node: Some("http://a:1".into()),
            pinned: true,
            parameters: Some("{\"月\": 1}".into()),
            requested_by: Some("ann".into()),
            created_at: at(4),
            sent_at: None,
            accepted_at: None,
            cancel_at: None,
            finished_at: None,
            code: None,
            message: Some("by hand".into()),
        };
        assert_eq!(world.store.run_get(id).await.unwrap(), Some(expected));
        assert_eq!(world.store.run_get(RunId(id.0 + 1)).await.unwrap(), None);
    });
}

#[test]
fn the_same_fire_is_written_once() {
    on_each_database(async |world| {
        let id = opened(world.open(due(JOB, 1)).await);
        let again = NewRun { parameters: Some("other".into()), ..due(JOB, 1) };
        let answers = world.commit(vec![Entry::Open(again.clone()), Entry::Open(again)]).await;
        assert_eq!(answers, vec![Answer::Existed { run: id, state: RunState::Waiting }; 2]);
        assert_eq!(world.store.run_get(id).await.unwrap().unwrap().parameters, None, "the first one stands");
    });
}

#[test]
fn each_part_of_the_key_makes_another_fire() {
    on_each_database(async |world| {
        let others = [
            due(JOB, 1),
            due(JOB, 2),
            due(JobId(8), 1),
            NewRun { kind: RunKind::Manual, ..due(JOB, 1) },
            NewRun { attempt: 1, ..due(JOB, 1) },
        ];
        let ids = world.open_all(others).await;
        assert_eq!(ids.len(), 5);
        let attempts = world.store.run_attempts(&world.store.run_get(ids[0]).await.unwrap().unwrap()).await.unwrap();
        assert_eq!(attempts.iter().map(|run| run.id).collect::<Vec<_>>(), vec![ids[0], ids[4]]);
    });
}

#[test]
fn a_request_key_finds_the_run_it_made_the_first_time() {
    on_each_database(async |world| {
        let ask =
            |job, millis, name: &str| NewRun { kind: RunKind::Manual, request_key: key(name), ..due(job, millis) };
        let first = opened(world.open(ask(JOB, 1, "k1")).await);
        assert_eq!(world.open(ask(JOB, 2, "k1")).await, Answer::Existed { run: first, state: RunState::Waiting });
        opened(world.open(ask(JOB, 2, "k2")).await);
        opened(world.open(ask(JobId(8), 2, "k1")).await);
        assert!(matches!(
            world.change(change(first, RunState::Waiting, RunState::Cancelled, 5)).await,
            Answer::Changed { then: None }
        ));
        let later = world.open(ask(JOB, 9, "k1")).await;
        assert_eq!(later, Answer::Existed { run: first, state: RunState::Cancelled }, "also when it is over");
    });
}

#[test]
fn a_change_is_made_from_the_state_it_names_and_from_no_other() {
    on_each_database(async |world| {
        let id = opened(world.open(due(JOB, 1)).await);
        let node = Known { node: Some("http://a:1".into()), sent_at: Some(at(2)), ..Known::default() };
        let sent = RunChange { known: node, ..change(id, RunState::Waiting, RunState::Dispatched, 2) };
        assert_eq!(world.change(sent.clone()).await, Answer::Changed { then: None });
        assert_eq!(world.change(sent).await, Answer::Missed { state: Some(RunState::Dispatched) });
        let nobody = change(RunId(999), RunState::Waiting, RunState::Failed, 3);
        assert_eq!(world.change(nobody).await, Answer::Missed { state: None });
        let result = Known { code: Some(500), message: Some("no disk".into()), ..Known::default() };
        let failed = RunChange {
            reason: Reason::Reported,
            known: result,
            ..change(id, RunState::Dispatched, RunState::Failed, 8)
        };
        assert_eq!(world.change(failed).await, Answer::Changed { then: None });
        let run = world.store.run_get(id).await.unwrap().unwrap();
        assert_eq!((run.state, run.reason, run.finished_at), (RunState::Failed, Reason::Reported, Some(at(8))));
        assert_eq!((run.node.as_deref(), run.sent_at), (Some("http://a:1"), Some(at(2))), "what was known stays");
        assert_eq!((run.code, run.message.as_deref()), (Some(500), Some("no disk")));
    });
}

#[test]
fn a_run_that_goes_to_another_executors_node_belongs_to_that_executor() {
    on_each_database(async |world| {
        let id = opened(world.open(due(JOB, 1)).await);
        let moved = Known { node: Some("http://b:1".into()), executor: Some(ExecutorId(9)), ..Known::default() };
        let sent = RunChange { known: moved, ..change(id, RunState::Waiting, RunState::Dispatched, 2) };
        let running = change(id, RunState::Dispatched, RunState::Running, 3);
        assert_eq!(world.commit(vec![Entry::Change(sent)]).await, vec![Answer::Changed { then: None }]);
        assert_eq!(world.commit(vec![Entry::Change(running)]).await, vec![Answer::Changed { then: None }]);
        let run = world.store.run_get(id).await.unwrap().unwrap();
        assert_eq!((run.executor, run.node.as_deref()), (ExecutorId(9), Some("http://b:1")), "and stays with it");
    });
}

#[test]
fn a_fact_may_be_added_without_a_change_of_state() {
    on_each_database(async |world| {
        let id = opened(world.open(due(JOB, 1)).await);
        let asked = Known { cancel_at: Some(at(3)), ..Known::default() };
        let same = RunChange { known: asked, ..change(id, RunState::Waiting, RunState::Waiting, 3) };
        assert_eq!(world.change(same).await, Answer::Changed { then: None });
        let run = world.store.run_get(id).await.unwrap().unwrap();
        assert_eq!((run.state, run.cancel_at, run.finished_at), (RunState::Waiting, Some(at(3)), None));
        assert_eq!(world.store.stat_hours(at(0), at(10)).await.unwrap(), Vec::new());
    });
}

#[test]
fn an_outcome_is_final_even_for_a_writer_that_names_it() {
    on_each_database(async |world| {
        let id = opened(world.open(ended(JOB, 1, RunState::Succeeded)).await);
        let before = world.store.run_get(id).await.unwrap();
        for to in RunState::ALL.into_iter().filter(|to| *to != RunState::Succeeded) {
            let answer = world.change(change(id, RunState::Succeeded, to, 9)).await;
            assert_eq!(answer, Answer::Missed { state: Some(RunState::Succeeded) }, "to {to:?}");
        }
        assert_eq!(world.store.run_get(id).await.unwrap(), before);
    });
}

#[test]
fn the_following_attempt_is_written_with_its_change_or_not_at_all() {
    on_each_database(async |world| {
        let id = opened(world.open(due(JOB, 1)).await);
        let retry = NewRun { attempt: 1, not_before: at(60), ..due(JOB, 1) };
        let fails = RunChange { then: Some(Box::new(retry)), ..change(id, RunState::Waiting, RunState::Failed, 2) };
        let missed = RunChange { from: RunState::Running, ..fails.clone() };
        assert_eq!(world.change(missed).await, Answer::Missed { state: Some(RunState::Waiting) });
        let first = world.store.run_get(id).await.unwrap().unwrap();
        assert_eq!(world.store.run_attempts(&first).await.unwrap().len(), 1);
        let Answer::Changed { then: Some(next) } = world.change(fails.clone()).await else {
            panic!("a retry was asked for")
        };
        let next = world.store.run_get(next).await.unwrap().unwrap();
        assert_eq!((next.attempt, next.not_before, next.state), (1, at(60), RunState::Waiting));
        assert_eq!(world.change(fails).await, Answer::Missed { state: Some(RunState::Failed) });
        assert_eq!(world.store.run_attempts(&first).await.unwrap().len(), 2);
    });
}

#[test]
fn a_batch_of_a_thousand_answers_every_entry_in_order() {
    on_each_database(async |world| {
        let ids = world.open_all((0..1_000).map(|number| due(JOB, number))).await;
        assert!(ids.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "dense and in order");
        let changes = ids.iter().map(|id| Entry::Change(change(*id, RunState::Waiting, RunState::Succeeded, 5)));
        let answers = world.commit(changes.collect()).await;
        assert_eq!(answers, vec![Answer::Changed { then: None }; 1_000]);
        assert_eq!(world.store.run_count(vec![RunState::Succeeded]).await.unwrap(), 1_000);
        let stats = world.store.stat_hours(at(0), at(1)).await.unwrap();
        assert_eq!(
            stats.iter().map(|count| (count.state, count.runs)).collect::<Vec<_>>(),
            [(RunState::Succeeded, 1_000)]
        );
    });
}

#[test]
fn outcomes_are_counted_in_the_hour_they_happen() {
    on_each_database(async |world| {
        const HOUR: i64 = 3_600_000;
        let runs = world.open_all((0..4).map(|number| due(JOB, number))).await;
        world.open_all([ended(JOB, 10, RunState::Skipped)]).await;
        let ends = [(0, RunState::Succeeded, 5), (1, RunState::Succeeded, HOUR - 1), (2, RunState::Failed, HOUR)];
        for (run, to, millis) in ends {
            world.change(change(runs[run], RunState::Waiting, to, millis)).await;
            world.change(change(runs[run], RunState::Waiting, to, millis)).await;
        }
        world.change(change(runs[3], RunState::Waiting, RunState::Dispatched, 5)).await;
        let counts = async |from, until| {
            let counts = world.store.stat_hours(at(from), at(until)).await.unwrap();
            counts.iter().map(|count| (count.hour, count.state, count.runs)).collect::<Vec<_>>()
        };
        let first = vec![(at(0), RunState::Succeeded, 2), (at(0), RunState::Skipped, 1)];
        assert_eq!(counts(30, HOUR).await, first);
        assert_eq!(counts(HOUR, 2 * HOUR).await, vec![(at(HOUR), RunState::Failed, 1)]);
        assert_eq!(counts(0, HOUR + 1).await.len(), 3);
    });
}

#[test]
fn an_epoch_that_is_over_writes_nothing() {
    on_each_database(async |world| {
        let id = opened(world.open(due(JOB, 1)).await);
        let epoch = world.store.partition_claim_all("other".into(), at(1)).await.unwrap();
        assert!(epoch > world.epoch);
        let entries = vec![Entry::Change(change(id, RunState::Waiting, RunState::Failed, 2)), Entry::Open(due(JOB, 2))];
        let old = Batch { checkpoints: told(2), ..world.batch(entries.clone()).await };
        let refused = world.store.ledger_commit(old).await;
        assert!(matches!(refused, Err(StoreError::Fenced { ours }) if ours == world.epoch), "{refused:?}");
        let page = world.store.run_page(RunFilter::default(), Cursor::Newest, 9).await.unwrap();
        assert_eq!(page.rows.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Waiting]);
        assert_eq!(world.store.stat_hours(at(0), at(9)).await.unwrap(), Vec::new());
        let new = Batch { epoch, ..world.batch(entries).await };
        assert_eq!(world.store.ledger_commit(new).await.unwrap().len(), 2, "the new owner may");
    });
}

#[test]
fn an_epoch_that_nobody_claimed_writes_nothing() {
    on_each_database(async |world| {
        let ahead = Batch { epoch: world.epoch + 1, ..world.batch(vec![Entry::Open(due(JOB, 1))]).await };
        assert!(matches!(world.store.ledger_commit(ahead).await, Err(StoreError::Fenced { .. })));
        assert_eq!(world.store.run_count(RunState::ALL.to_vec()).await.unwrap(), 0);
    });
}

#[test]
fn an_id_that_is_in_use_is_an_error_and_loses_no_fire() {
    on_each_database(async |world| {
        let first = world.batch(vec![Entry::Open(due(JOB, 1))]).await;
        let second = Batch { entries: vec![Entry::Open(due(JOB, 2))], ..first.clone() };
        world.store.ledger_commit(first.clone()).await.unwrap();
        assert!(world.store.ledger_commit(second).await.is_err(), "another fire under the same id");
        let same = world.store.ledger_commit(first).await.unwrap();
        assert!(matches!(same[0], Answer::Existed { .. }), "the same batch again is harmless");
        opened(world.open(due(JOB, 2)).await);
    });
}

#[test]
fn run_ids_are_never_given_out_twice() {
    on_each_database(async |world| {
        let first = world.store.run_id_block_lease(10).await.unwrap();
        let none = world.store.run_id_block_lease(-5).await.unwrap();
        let second = world.another_store().run_id_block_lease(3).await.unwrap();
        assert!(none.is_empty());
        assert_eq!((first.end - first.start, second.start, second.end - second.start), (10, first.end, 3));
        let refused = world.store.run_id_block_lease(1 << 53).await;
        assert!(matches!(refused, Err(StoreError::IdsExhausted { name: "run" })), "{refused:?}");
        assert_eq!(world.store.run_id_block_lease(1).await.unwrap().start, second.end, "a refusal uses none up");
    });
}

#[test]
fn a_row_written_ahead_can_be_taken_back_until_something_happened_to_it() {
    on_each_database(async |world| {
        let ahead = |millis| NewRun { state: RunState::Planned, ..due(JOB, millis) };
        let runs = world.open_all([ahead(1), ahead(2)]).await;
        world.change(change(runs[1], RunState::Planned, RunState::Succeeded, 5)).await;
        let back = |run| vec![Entry::Withdraw(withdrawal(run, JOB))];
        assert_eq!(world.commit(back(runs[0])).await, [Answer::Changed { then: None }]);
        assert_eq!(world.commit(back(runs[0])).await, [Answer::Missed { state: None }]);
        assert_eq!(world.commit(back(runs[1])).await, [Answer::Missed { state: Some(RunState::Succeeded) }]);
        assert_eq!(world.store.run_get(runs[0]).await.unwrap(), None);
    });
}

#[test]
fn what_takes_the_place_of_a_row_written_ahead_comes_in_the_same_transaction() {
    on_each_database(async |world| {
        let planned = opened(world.open(NewRun { state: RunState::Planned, ..due(JOB, 1) }).await);
        let skipped = NewRun { state: RunState::Skipped, reason: Reason::Overlap, ..due(JOB, 1) };
        let answers = world.commit(vec![Entry::Withdraw(withdrawal(planned, JOB)), Entry::Open(skipped)]).await;
        assert!(matches!(answers[..], [Answer::Changed { then: None }, Answer::Opened(_)]), "{answers:?}");
        let page = world.store.run_page(RunFilter::default(), Cursor::Newest, 9).await.unwrap();
        assert_eq!(page.rows.iter().map(|run| run.reason).collect::<Vec<_>>(), [Reason::Overlap]);
    });
}

#[test]
fn who_owns_the_jobs_is_told_until_somebody_else_takes_them() {
    on_each_database(async |world| {
        world.store.partition_confirm(world.epoch).await.unwrap();
        let epoch = world.store.partition_claim_all("other".into(), at(1)).await.unwrap();
        let refused = world.store.partition_confirm(world.epoch).await;
        assert!(matches!(refused, Err(StoreError::Fenced { ours }) if ours == world.epoch), "{refused:?}");
        world.store.partition_confirm(epoch).await.unwrap();
    });
}

#[test]
fn a_rehearsal_writes_nothing_and_minds_no_words() {
    on_each_database(async |world| {
        let first = opened(world.open(NewRun { request_key: key("k"), ..due(JOB, 1) }).await);
        let poison = Some("\u{1}\"月\0".repeat(900));
        let next = NewRun { parameters: poison.clone(), attempt: 1, ..due(JOB, 1) };
        let known = Known { message: poison.clone(), ends_turn: true, ..Known::default() };
        let ends = change(first, RunState::Waiting, RunState::Failed, 3);
        let entries = vec![
            Entry::Open(NewRun { message: poison, request_key: key("new"), ..due(JOB, 2) }),
            Entry::Open(NewRun { request_key: key("k"), ..due(JOB, 3) }),
            Entry::Open(due(JOB, 1)),
            Entry::Change(RunChange { known, then: Some(Box::new(next)), ..ends }),
        ];
        let batch = Batch { epoch: world.epoch, journal: 0, entries, first_id: first.0 + 500, checkpoints: told(2) };
        world.store.ledger_rehearse(batch.clone()).await.unwrap();
        let rows = world.store.run_page(RunFilter::default(), Cursor::Newest, 9).await.unwrap().rows;
        assert_eq!(rows.iter().map(|run| (run.id, run.state)).collect::<Vec<_>>(), [(first, RunState::Waiting)]);
        let stranger = Batch { epoch: world.epoch - 1, ..batch };
        assert!(matches!(world.store.ledger_rehearse(stranger).await, Err(StoreError::Fenced { .. })));
    });
}
