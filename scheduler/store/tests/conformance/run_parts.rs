//! The runs of one job, wherever in the ledger they lie: far from each other, with the runs of others between them.

use crate::support::{World, at, change, due, ended, on_each_database};
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::Page;
use hzm_job_store::ledger::{Answer, NewRun};
use hzm_job_store::page::Cursor;
use hzm_job_store::run::{Run, RunFilter};
use hzm_job_store::run_clear::{ClearRule, ClearScope};

/// More ids than one part of the index by job has, and so many that one question cannot ask about all the parts between.
const PART: i64 = 1 << 18;
const FAR: i64 = 300 * PART;

/// Three runs of a job, then three in the next part, then three far from there, each with one of somebody else beside it.
async fn spread(world: &World, job: JobId) -> Vec<RunId> {
    let mut mine = Vec::new();
    for (step, gap) in [(0, 0), (1, PART), (2, FAR)] {
        world.store.run_id_block_lease(gap).await.unwrap();
        for number in (step * 3)..(step * 3 + 3) {
            let others = JobId(job.0 + 1);
            let news = [ended(job, number, RunState::Succeeded), ended(others, number, RunState::Failed)];
            mine.push(world.open_all(news).await[0]);
        }
    }
    mine
}

/// Others run in so many parts that nobody who wants the latest runs of a job looks through them: one run for each eight parts,
/// which is too near for a gap.
async fn crowd(world: &World, others: JobId) {
    for number in 1_000..1_135 {
        world.store.run_id_block_lease(8 * PART - 1).await.unwrap();
        world.open(ended(others, number, RunState::Succeeded)).await;
    }
}

async fn strip(world: &World, job: JobId, each: i64) -> Vec<RunId> {
    world.store.run_strips(vec![job], each).await.unwrap().runs.iter().map(|run| run.id).collect()
}

fn ids(page: &Page<Run>) -> Vec<RunId> {
    page.rows.iter().map(|run| run.id).collect()
}

#[test]
fn pages_lead_through_the_runs_of_a_job_across_the_parts_and_back() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let mut mine = spread(&world, job).await;
        mine.reverse();
        let filter = RunFilter { job: Some(job), states: vec![RunState::Succeeded], ..RunFilter::default() };
        let page = async |cursor| world.store.run_page(filter.clone(), cursor, 4).await.unwrap();
        let first = page(Cursor::Newest).await;
        let second = page(first.older.unwrap()).await;
        let third = page(second.older.unwrap()).await;
        let walked: Vec<RunId> = [&first, &second, &third].into_iter().flat_map(ids).collect();
        assert_eq!((walked, first.newer, third.older), (mine.clone(), None, None));
        let back = page(third.newer.unwrap()).await;
        assert_eq!(ids(&back), mine[4..8]);
        let front = page(back.newer.unwrap()).await;
        assert_eq!((ids(&front), front.newer), (mine[..4].to_vec(), None));
        let nothing = RunFilter { states: vec![RunState::Failed], ..filter.clone() };
        assert_eq!(ids(&world.store.run_page(nothing, Cursor::Newest, 4).await.unwrap()), []);
        assert_eq!(strip(&world, job, 7).await, mine[..7]);
    });
}

#[test]
fn clearing_the_runs_of_a_job_reaches_all_parts_and_keeps_exactly_the_newest() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let mine = spread(&world, job).await;
        let scope = ClearScope { job: Some(job), executor: None, within: None };
        let left = async || {
            let filter = RunFilter { job: Some(job), ..RunFilter::default() };
            ids(&world.store.run_page(filter, Cursor::Newest, 50).await.unwrap()).len()
        };
        for (rule, goes) in [
            (ClearRule::KeepNewest(9), 0),
            (ClearRule::KeepNewest(8), 1),
            (ClearRule::KeepNewest(5), 3),
            (ClearRule::KeepNewest(3), 2),
            (ClearRule::KeepNewest(1_000), 0),
        ] {
            assert_eq!(world.store.run_clear_count(rule, scope.clone(), at(0)).await.unwrap(), goes, "{rule:?}");
            let before = left().await;
            assert_eq!(
                world.store.run_clear_batch(rule, scope.clone(), at(0)).await.unwrap(),
                goes as usize,
                "{rule:?}"
            );
            assert_eq!(left().await, before - goes as usize, "{rule:?}");
        }
        assert_eq!(world.store.run_get(mine[6]).await.unwrap().map(|run| run.id), Some(mine[6]), "the newest stayed");
        assert_eq!(world.store.run_clear_batch(ClearRule::All, scope, at(0)).await.unwrap(), 3);
        assert_eq!(world.store.run_count(vec![RunState::Failed]).await.unwrap(), 9, "those of the other job");
    });
}

#[test]
fn what_was_planned_is_known_however_far_behind_the_mark_is() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        spread(&world, job).await;
        assert_eq!(world.standing(job).await.planned_until, Some(at(8)));
        world.store.run_id_block_lease(FAR).await.unwrap();
        world.open(due(JobId(job.0 + 1), 100)).await;
        assert_eq!(world.standing(job).await.planned_until, Some(at(8)));
        world.checkpoint().await;
        assert_eq!(world.standing(job).await.planned_until, Some(at(8)));
    });
}

#[test]
fn ends_and_manual_moments_are_looked_for_in_the_two_newest_parts() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let manual = NewRun { kind: RunKind::Manual, ..due(job, 5) };
        let run = world.open_all([manual]).await[0];
        assert_eq!(
            world.change(change(run, RunState::Waiting, RunState::Succeeded, 9)).await,
            Answer::Changed { then: None }
        );
        let somebody = JobId(job.0 + 1);
        world.store.run_id_block_lease(PART).await.unwrap();
        world.open(due(somebody, 20)).await;
        let standing = world.standing(job).await;
        assert_eq!((standing.last_end, standing.last_manual), (Some(at(9)), Some(at(5))));
        world.store.run_id_block_lease(PART).await.unwrap();
        world.open(due(somebody, 30)).await;
        let standing = world.standing(job).await;
        assert_eq!((standing.last_end, standing.last_manual), (None, None));
    });
}

#[test]
fn the_rows_around_a_moment_are_found_in_the_parts_beside_it() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let minutes = |number: i64| number * 60_000;
        for number in 0..4 {
            world.store.run_id_block_lease(if number == 2 { FAR } else { PART }).await.unwrap();
            world.open(ended(job, minutes(number), RunState::Succeeded)).await;
            world.open(ended(JobId(job.0 + 1), minutes(number) + 1, RunState::Succeeded)).await;
        }
        let told = world.store.explain(job, at(minutes(2)), at(minutes(9))).await.unwrap().unwrap();
        assert_eq!(told.runs.iter().map(|run| run.scheduled_at).collect::<Vec<_>>(), [at(minutes(2))]);
        let around: Vec<_> = told.around.iter().map(|run| run.scheduled_at).collect();
        assert_eq!(around, [at(minutes(1)), at(minutes(3))]);
    });
}

/// As after a copy was put back whose numbers of runs begin elsewhere.
#[test]
fn the_runs_of_a_job_are_found_again_behind_a_jump_of_ids() {
    on_each_database(async |world| {
        let (job, others) = (world.some_job().await, JobId(9));
        let mut mine = spread(&world, job).await;
        for number in [100, 200, 300] {
            world.store.run_id_block_lease(1_000_000_000).await.unwrap();
            world.open(ended(others, number, RunState::Succeeded)).await;
        }
        mine.reverse();
        assert_eq!(strip(&world, job, 9).await, mine);
        assert_eq!(world.standing(job).await.planned_until, Some(at(8)), "beyond the mark");
        let told = world.store.explain(job, at(2_000), at(4_000)).await.unwrap().unwrap();
        assert!(!told.around.is_empty(), "the runs before the jump");
        world.store.run_id_block_lease(1_000_000_000).await.unwrap();
        mine.insert(0, world.open_all([ended(job, 500, RunState::Succeeded)]).await[0]);
        assert_eq!(strip(&world, job, 9).await, mine[..9]);
        let oldest_first = RunFilter { job: Some(job), ..RunFilter::default() };
        let page = world.store.run_page(oldest_first, Cursor::After(mine[4].0), 9).await.unwrap();
        assert_eq!(ids(&page), mine[..4], "upwards");
    });
}

#[test]
fn ends_are_looked_for_in_the_two_newest_parts_with_runs_also_behind_a_jump_of_ids() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let run = world.open_all([due(job, 5)]).await[0];
        world.change(change(run, RunState::Waiting, RunState::Succeeded, 9)).await;
        world.store.run_id_block_lease(1_000_000_000).await.unwrap();
        world.open(due(JobId(job.0 + 1), 20)).await;
        assert_eq!(world.standing(job).await.last_end, Some(at(9)));
    });
}

#[test]
fn a_job_whose_runs_lie_far_back_is_found_by_its_last_occurrence() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let mut mine = spread(&world, job).await;
        // Half a million ids at a time.
        for _ in 0..3 {
            world.checkpoint().await;
        }
        crowd(&world, JobId(9)).await;
        mine.reverse();
        assert_eq!(strip(&world, job, 9).await, mine);
        let all = ClearScope { job: Some(job), executor: None, within: None };
        world.store.run_clear_batch(ClearRule::All, all, at(0)).await.unwrap();
        let strips = world.store.run_strips(vec![job], 9).await.unwrap();
        assert_eq!((strips.runs.len(), strips.unknown), (0, vec![job]), "its occurrence was cleared");
    });
}

#[test]
fn a_job_that_ran_far_back_and_only_by_hand_is_told_as_unknown_and_not_as_without_runs() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        world.open(NewRun { kind: RunKind::Manual, ..ended(job, 5, RunState::Succeeded) }).await;
        world.checkpoint().await;
        let strips = world.store.run_strips(vec![job, JobId(9)], 9).await.unwrap();
        assert_eq!((strips.runs.len(), strips.unknown), (1, vec![]));
        crowd(&world, JobId(9)).await;
        let strips = world.store.run_strips(vec![job, JobId(9)], 9).await.unwrap();
        assert_eq!((strips.runs.len(), strips.unknown), (9, vec![job]));
    });
}
