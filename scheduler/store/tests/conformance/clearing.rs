//! Clearing by the nine rules: what goes, what stays, and that the count is what is removed.

use crate::support::{World, at, by, done, due, ended, key, on_each_database, opened};
use chrono::Months;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::ledger::{Answer, Checkpoints, Entry, NewRun};
use hzm_job_store::page::Cursor;
use hzm_job_store::run::RunFilter;
use hzm_job_store::run_clear::{ClearRule, ClearScope};

const JOB: JobId = JobId(1);
const ALL: ClearScope = ClearScope { executor: None, job: None, within: None };

/// Clears until nothing is left to clear; checks that as many went as were counted.
async fn clear(world: &World, rule: ClearRule, scope: ClearScope) -> i64 {
    let counted = world.store.run_clear_count(rule, scope.clone(), at(0)).await.unwrap();
    let mut removed = 0;
    loop {
        let batch = world.store.run_clear_batch(rule, scope.clone(), at(0)).await.unwrap();
        assert!(batch <= 1_000, "a batch of {batch}");
        removed += batch as i64;
        if batch == 0 {
            break;
        }
    }
    assert_eq!(removed, counted, "{rule:?}");
    assert_eq!(world.store.run_clear_count(rule, scope.clone(), at(0)).await.unwrap(), 0, "{rule:?}");
    removed
}

async fn left(world: &World) -> i64 {
    world.store.run_count(RunState::ALL.to_vec()).await.unwrap()
}

#[test]
fn all_clears_every_outcome_and_no_open_run() {
    on_each_database(async |world| {
        let one_of_each = (0..).zip(RunState::ALL).map(|(number, state)| NewRun { state, ..due(JOB, number) });
        world.open_all(one_of_each).await;
        assert_eq!(clear(&world, ClearRule::All, ALL).await, 6);
        let page = world.store.run_page(RunFilter::default(), Cursor::Newest, 20).await.unwrap();
        assert_eq!(page.rows.len(), 4);
        assert!(page.rows.iter().all(|run| !run.state.is_terminal()));
    });
}

#[test]
fn the_runs_of_a_job_that_owes_rows_stay_until_it_has_paid() {
    on_each_database(async |world| {
        let owing = world.some_job().await;
        done(world.store.job_enable(owing, true, by("ann", 10)).await.unwrap());
        done(world.store.job_enable(owing, false, by("ann", 20)).await.unwrap());
        let other = JobId(owing.0 + 1);
        let rows = [owing, owing, other].into_iter().zip(15..);
        world.open_all(rows.map(|(job, millis)| ended(job, millis, RunState::Succeeded))).await;
        assert_eq!(clear(&world, ClearRule::All, ALL).await, 1, "the other job's");
        world.commit(vec![Entry::Settle { job: owing, version: 2 }]).await;
        assert_eq!(clear(&world, ClearRule::All, ALL).await, 2);
    });
}

#[test]
fn months_are_counted_by_the_calendar() {
    on_each_database(async |world| {
        for (months, gone) in [(12, 2), (6, 2), (3, 2), (1, 2)] {
            let edge = at(0) - Months::new(months);
            let before = (edge - at(0)).num_milliseconds();
            let open = due(JOB, before - 2_000);
            let rows = [-1_000, -1, 0, 1].map(|around| ended(JOB, before + around, RunState::Succeeded));
            world.open_all(rows.into_iter().chain([open])).await;
            assert_eq!(clear(&world, ClearRule::OlderThanMonths(months), ALL).await, gone, "{months} months");
            clear(&world, ClearRule::All, ALL).await;
        }
        assert_eq!(left(&world).await, 4, "the open ones");
        assert_eq!(clear(&world, ClearRule::OlderThanMonths(u32::MAX), ALL).await, 0, "before all time");
    });
}

#[test]
fn keep_newest_keeps_exactly_so_many() {
    on_each_database(async |world| {
        world.open_all((0..1_200).map(|number| ended(JOB, number, RunState::Succeeded))).await;
        world.open_all((1_200..2_500).map(|number| ended(JOB, number, RunState::Succeeded))).await;
        assert_eq!(clear(&world, ClearRule::KeepNewest(1_000), ALL).await, 1_500);
        let oldest = RunFilter { until: Some(at(1_501)), ..RunFilter::default() };
        assert_eq!(world.store.run_page(oldest, Cursor::Newest, 9).await.unwrap().rows.len(), 1, "the newest stayed");
        assert_eq!(left(&world).await, 1_000);
    });
}

#[test]
fn keep_newest_clears_nothing_where_there_are_no_more() {
    on_each_database(async |world| {
        world.open_all((0..5).map(|number| ended(JOB, number, RunState::Failed))).await;
        for keep in [5, 6, 1_000, 100_000] {
            assert_eq!(clear(&world, ClearRule::KeepNewest(keep), ALL).await, 0, "keep {keep}");
        }
        assert_eq!(clear(&world, ClearRule::KeepNewest(4), ALL).await, 1);
    });
}

#[test]
fn open_runs_survive_every_rule() {
    on_each_database(async |world| {
        let long_ago = -2 * 366 * 86_400_000;
        world.open_all((0..3).map(|number| due(JOB, long_ago + number))).await;
        world.open_all((0..1_001).map(|number| ended(JOB, number, RunState::Succeeded))).await;
        for rule in ClearRule::NINE {
            clear(&world, rule, ALL).await;
            assert_eq!(world.store.run_count(vec![RunState::Waiting]).await.unwrap(), 3, "{rule:?}");
        }
        assert_eq!(left(&world).await, 3);
    });
}

#[test]
fn a_scope_spares_everybody_else() {
    on_each_database(async |world| {
        let of = |executor, job, millis| NewRun {
            executor: ExecutorId(executor),
            ..ended(JobId(job), millis, RunState::Lost)
        };
        world.open_all([of(1, 1, 1), of(1, 2, 2), of(1, 2, 3), of(2, 3, 4), of(2, 3, 5)]).await;
        let job = ClearScope { job: Some(JobId(2)), executor: None, within: None };
        assert_eq!(clear(&world, ClearRule::KeepNewest(1), job.clone()).await, 1);
        assert_eq!(clear(&world, ClearRule::All, job).await, 1);
        let neither = ClearScope { job: Some(JobId(3)), executor: Some(ExecutorId(1)), within: None };
        assert_eq!(clear(&world, ClearRule::All, neither).await, 0);
        let executor = ClearScope { executor: Some(ExecutorId(2)), job: None, within: None };
        assert_eq!(clear(&world, ClearRule::KeepNewest(1), executor.clone()).await, 1);
        assert_eq!(clear(&world, ClearRule::OlderThanMonths(0), executor).await, 0, "due after that moment");
        assert_eq!(left(&world).await, 2);
    });
}

#[test]
fn a_cleared_occurrence_does_not_come_back() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        world.open_all([ended(id, 10, RunState::Succeeded), ended(id, 20, RunState::Succeeded)]).await;
        world.open_all([NewRun { kind: RunKind::Manual, ..ended(id, 90, RunState::Succeeded) }]).await;
        clear(&world, ClearRule::All, ALL).await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(20)), "though no checkpoint had been written");
        world.checkpoint_to(Checkpoints { until: vec![(id, at(30))], ..Checkpoints::default() }).await;
        world.open_all([ended(id, 25, RunState::Succeeded)]).await;
        clear(&world, ClearRule::All, ALL).await;
        assert_eq!(world.standing(id).await.planned_until, Some(at(30)), "and never moves back");
    });
}

#[test]
fn clearing_changes_no_history_and_forgets_no_request() {
    on_each_database(async |world| {
        let asked = NewRun { kind: RunKind::Manual, request_key: key("k"), ..ended(JOB, 1, RunState::Failed) };
        let run = world.open_all([asked.clone()]).await[0];
        let before = world.store.stat_hours(at(0), at(9)).await.unwrap();
        clear(&world, ClearRule::All, ALL).await;
        assert_eq!(world.store.stat_hours(at(0), at(9)).await.unwrap(), before);
        let again = NewRun { scheduled_at: at(5), ..asked };
        assert_eq!(world.open(again).await, Answer::Existed { run, state: RunState::Skipped });
    });
}

#[test]
fn old_request_keys_are_forgotten_and_may_be_used_again() {
    on_each_database(async |world| {
        let asked =
            |millis, name: &str| NewRun { kind: RunKind::Manual, request_key: key(name), ..due(JobId(7), millis) };
        for (millis, key) in [(1, "old 月"), (2, "old"), (5, "new")] {
            opened(world.open(asked(millis, key)).await);
        }
        assert_eq!(world.store.run_request_forget(at(5)).await.unwrap(), 2);
        assert_eq!(world.store.run_request_forget(at(5)).await.unwrap(), 0);
        opened(world.open(asked(6, "old 月")).await);
        assert!(matches!(world.open(asked(7, "new")).await, Answer::Existed { .. }));
    });
}
