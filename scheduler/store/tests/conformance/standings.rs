//! Where jobs stand: checkpoints, the mark, the rows beyond it, and what a restart finds.

use crate::support::{at, by, change, done, due, ended, on_each_database, opened};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_store::Page;
use hzm_job_store::ledger::{Answer, Checkpoints, Known, NewRun, RunChange};
use hzm_job_store::page::Cursor;
use hzm_job_store::run::{Run, RunFilter};
use hzm_job_store::run_clear::{ClearRule, ClearScope};

#[test]
fn a_job_that_never_fired_stands_at_nothing() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let standing = world.standing(id).await;
        assert_eq!((standing.job.id, standing.deleted, standing.planned_until), (id, false, None));
        assert_eq!((standing.open.len(), standing.last_end, standing.last_manual), (0, None, None));
        assert!(world.store.ledger_standings(vec![JobId(99)]).await.unwrap().is_empty());
    });
}

#[test]
fn rows_beyond_the_mark_tell_what_the_checkpoint_does_not() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        world.open_all([due(id, 10), due(id, 20)]).await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(20)), "without any checkpoint");
        world.checkpoint().await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(20)));
        world.open_all([due(id, 30), NewRun { kind: RunKind::Manual, ..due(id, 40) }]).await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(30)), "manual runs are no occurrences");
    });
}

#[test]
fn the_mark_moves_with_the_last_piece_and_what_it_passes_has_its_checkpoint() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let (one, two) = (world.job(executor, "one").await.job.id, world.job(executor, "two").await.job.id);
        let runs = world.open_all([due(one, 10), due(two, 20)]).await;
        let mut passed = world.store.ledger_passed(0, runs[1].0 + 1).await.unwrap();
        passed.until.sort_unstable();
        passed.open.sort_unstable();
        let (until, open) = (vec![(one, at(10)), (two, at(20))], vec![(runs[0], one), (runs[1], two)]);
        assert_eq!(passed, Checkpoints { until, open, over: Vec::new(), mark: Some(runs[1].0) });
        let piece = passed.piece(1);
        assert_eq!((piece.until.len(), piece.mark), (1, None));
        world.checkpoint_to(piece).await;
        assert_eq!(world.standing(one).await.planned_until, Some(at(10)), "by its row");
        assert_eq!(world.store.ledger_passed(0, runs[1].0 + 1).await.unwrap().until.len(), 2, "the mark stayed");
        let mut left = world.store.ledger_passed(0, runs[1].0 + 1).await.unwrap();
        while !left.is_empty() {
            world.checkpoint_to(left.piece(1)).await;
        }
        for (job, until, run) in [(one, at(10), runs[0]), (two, at(20), runs[1])] {
            let standing = world.standing(job).await;
            assert_eq!(standing.planned_until, Some(until));
            assert_eq!(standing.open.iter().map(|run| run.id).collect::<Vec<_>>(), [run], "open below the mark");
        }
        assert_eq!(world.store.ledger_passed(0, runs[1].0 + 1).await.unwrap(), Checkpoints::default());
        assert_eq!(world.store.ledger_passed(0, 0).await.unwrap(), Checkpoints::default(), "nothing was committed yet");
    });
}

#[test]
fn a_checkpoint_never_moves_back_and_neither_does_the_mark() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let told = |until: i64, mark: i64| Checkpoints {
            until: vec![(id, at(until))],
            mark: Some(mark),
            ..Checkpoints::default()
        };
        let run = opened(world.open(due(id, 60)).await);
        world.checkpoint_to(told(50, run.0)).await;
        world.checkpoint_to(told(40, run.0 - 1)).await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(50)), "and the row is below the mark");
    });
}

#[test]
fn open_runs_are_listed_oldest_first_also_those_of_deleted_jobs() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let runs = world.open_all([due(id, 1), due(id, 2), ended(id, 3, RunState::Skipped), due(id, 4)]).await;
        world.change(change(runs[1], RunState::Waiting, RunState::Cancelled, 5)).await;
        done(world.store.job_delete(id, by("ann", 6)).await.unwrap());
        let standing = world.standing(id).await;
        assert!(standing.deleted && !standing.job.enabled);
        assert_eq!(standing.open.iter().map(|run| run.id).collect::<Vec<_>>(), vec![runs[0], runs[3]]);
        assert_eq!(world.store.ledger_open_jobs().await.unwrap(), vec![id]);
    });
}

#[test]
fn jobs_with_open_runs_are_each_named_once() {
    on_each_database(async |world| {
        assert!(world.store.ledger_open_jobs().await.unwrap().is_empty());
        let planned = NewRun { state: RunState::Planned, ..due(JobId(5), 9) };
        world.open_all([due(JobId(5), 1), due(JobId(5), 2), planned, due(JobId(3), 1)]).await;
        world.open_all([ended(JobId(4), 1, RunState::Lost)]).await;
        assert_eq!(world.store.ledger_open_jobs().await.unwrap(), vec![JobId(3), JobId(5)]);
    });
}

#[test]
fn the_last_end_is_the_latest_one_whatever_began_last() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let slow = opened(world.open(due(id, 1)).await);
        world.open(ended(id, 2, RunState::Skipped)).await;
        assert_eq!(world.standing(id).await.last_end, None, "what was skipped ended nothing");
        assert_eq!(
            world.change(change(slow, RunState::Waiting, RunState::Succeeded, 90)).await,
            Answer::Changed { then: None }
        );
        assert_eq!(world.standing(id).await.last_end, Some(at(90)));
        world.open(due(id, 95)).await;
        assert_eq!(world.standing(id).await.last_end, Some(at(90)), "a run that goes on does not hide it");
    });
}

#[test]
fn an_end_that_is_kept_outlives_its_row_and_many_later_ones() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let (id, other) = (world.job(executor, "one").await.job.id, world.job(executor, "two").await.job.id);
        let slow = opened(world.open(due(id, 1)).await);
        let quick = opened(world.open(due(id, 2)).await);
        let end = |run, at| {
            let ended = change(run, RunState::Waiting, RunState::Succeeded, at);
            RunChange { known: Known { ends_turn: true, ..Known::default() }, ..ended }
        };
        world.change(end(slow, 90)).await;
        // One that began later ended before, and was written later.
        world.change(end(quick, 80)).await;
        assert_eq!(world.change(end(quick, 99)).await, Answer::Missed { state: Some(RunState::Succeeded) });
        world.open_all((0..20).map(|number| ended(id, 100 + number, RunState::Skipped))).await;
        assert_eq!(world.standing(id).await.last_end, Some(at(90)));
        world.store.run_clear_batch(ClearRule::All, ClearScope::default(), at(200)).await.unwrap();
        assert_eq!(world.standing(id).await.last_end, Some(at(90)), "cleared runs are remembered");
        assert_eq!(world.standing(other).await.last_end, None);
    });
}

#[test]
fn the_last_manual_moment_is_remembered() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let manual = |millis| NewRun { kind: RunKind::Manual, ..due(id, millis) };
        world.open_all([manual(8), manual(7), due(id, 30)]).await;
        assert_eq!(world.standing(id).await.last_manual, Some(at(8)));
    });
}

#[test]
fn several_jobs_are_told_apart() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let (one, two) = (world.job(executor, "one").await.job.id, world.job(executor, "two").await.job.id);
        world.open_all([due(one, 10), due(two, 20), due(two, 25)]).await;
        let mut standings = world.store.ledger_standings(vec![one, two]).await.unwrap();
        standings.sort_by_key(|standing| standing.job.id);
        let told: Vec<_> = standings.iter().map(|told| (told.job.id, told.planned_until, told.open.len())).collect();
        assert_eq!(told, vec![(one, Some(at(10)), 1), (two, Some(at(25)), 2)]);
    });
}

#[test]
fn a_row_ahead_of_its_moment_does_not_count_as_an_occurrence_that_is_done() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        world.open(due(id, 1)).await;
        let ahead = opened(world.open(NewRun { state: RunState::Planned, ..due(id, 1_000) }).await);
        assert_eq!(world.standing(id).await.planned_until, Some(at(1)));
        assert_eq!(world.standing(id).await.open.last().map(|run| run.id), Some(ahead), "but it is there");
        world.checkpoint().await;
        world.change(change(ahead, RunState::Planned, RunState::Succeeded, 1_005)).await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(1_000)), "the mark had not passed it");
        world.checkpoint().await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(1_000)), "the checkpoint has it now");
    });
}

#[test]
fn runs_stay_open_below_the_mark_until_they_end_and_are_then_forgotten() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let (one, two) = (world.job(executor, "one").await.job.id, world.job(executor, "two").await.job.id);
        let runs = world.open_all([due(one, 1), ended(one, 2, RunState::Failed), due(two, 3), due(one, 4)]).await;
        world.checkpoint().await;
        let later = world.open_all([due(one, 5), ended(two, 6, RunState::Succeeded)]).await;
        let open = async || {
            let filter = |cursor| {
                let states = RunState::ALL.into_iter().filter(|state| !state.is_terminal()).collect();
                (RunFilter { states, ..RunFilter::default() }, cursor)
            };
            let (states, newest) = filter(Cursor::Newest);
            let page = world.store.run_page(states.clone(), newest, 50).await.unwrap();
            let upwards = world.store.run_page(states, Cursor::After(0), 50).await.unwrap();
            assert_eq!(upwards.rows, page.rows, "the same from the other end");
            page.rows.iter().rev().map(|run| run.id).collect::<Vec<_>>()
        };
        assert_eq!(open().await, [runs[0], runs[2], runs[3], later[0]]);
        let mine = async |job| world.standing(job).await.open.iter().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!((mine(one).await, mine(two).await), (vec![runs[0], runs[3], later[0]], vec![runs[2]]));
        assert_eq!(world.store.ledger_open_jobs().await.unwrap(), [one, two]);
        for run in [runs[0], runs[2]] {
            world.change(change(run, RunState::Waiting, RunState::Succeeded, 9)).await;
        }
        assert_eq!(open().await, [runs[3], later[0]], "told by their own rows");
        assert_eq!(world.store.ledger_open_jobs().await.unwrap(), [one]);
        let below = world.store.run_id_block_lease(1).await.unwrap().start;
        let passed = world.store.ledger_passed(0, below).await.unwrap();
        let (mut over, open_now) = (passed.over.clone(), passed.open.clone());
        over.sort_unstable();
        assert_eq!((over, open_now), (vec![runs[0], runs[2]], vec![(later[0], one)]));
        world.checkpoint_to(passed).await;
        world.open(ended(two, 10, RunState::Succeeded)).await;
        let below = world.store.run_id_block_lease(1).await.unwrap().start;
        assert_eq!(world.store.ledger_passed(0, below).await.unwrap().over, [], "forgotten");
        assert_eq!(open().await, [runs[3], later[0]]);
    });
}

#[test]
fn lists_of_open_and_of_unsuccessful_runs_are_one_list_in_order() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let failed = |millis| ended(id, millis, RunState::Failed);
        let fine = |millis| ended(id, millis, RunState::Succeeded);
        let runs = world.open_all([due(id, 1), failed(2), fine(3), due(id, 4), failed(5)]).await;
        world.checkpoint().await;
        let later = world.open_all([due(id, 6), fine(7), failed(8)]).await;
        let filter = RunFilter { states: vec![RunState::Waiting, RunState::Failed], ..RunFilter::default() };
        let page = async |cursor| world.store.run_page(filter.clone(), cursor, 4).await.unwrap();
        let first = page(Cursor::Newest).await;
        let ids = |page: &Page<Run>| page.rows.iter().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!(ids(&first), [later[2], later[0], runs[4], runs[3]]);
        let second = page(first.older.unwrap()).await;
        assert_eq!((ids(&second), second.older), (vec![runs[1], runs[0]], None));
        assert_eq!(ids(&page(second.newer.unwrap()).await), ids(&first));
    });
}

#[test]
fn more_runs_are_open_below_the_mark_than_a_statement_takes_parameters() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        for thousand in 0..33 {
            world.open_all((0..1_000).map(|number| due(id, thousand * 1_000 + number))).await;
        }
        world.checkpoint().await;
        assert_eq!(world.standing(id).await.open.len(), 33_000);
        let states = vec![RunState::Waiting];
        let filter = RunFilter { job: Some(id), states, ..RunFilter::default() };
        let page = world.store.run_page(filter, Cursor::Newest, 3).await.unwrap();
        assert_eq!(page.rows.iter().map(|run| run.scheduled_at).max(), Some(at(32_999)));
    });
}
