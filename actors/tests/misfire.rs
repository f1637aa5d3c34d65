//! What a job makes up for after the scheduler was away. (The plain policies are tested in `restart.rs`.)

use crate::support::job::every_second;
use crate::support::{FakeNode, World, seconds};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_store::run::Run;

/// A job of every second under `fire_all` that misses so many seconds to a crash; the node is not told to finish anything.
async fn missed(away: i64, change: impl FnOnce(&mut JobDraft)) -> (World, FakeNode, JobId) {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.misfire = MisfirePolicy::FireAll;
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 1_000;
            change(draft);
        })
        .await;
    world.crash().await;
    world.clock.jump(seconds(away));
    world.boot().await;
    (world, node, job)
}

async fn rows(world: &World, job: JobId, at_least: usize) -> Vec<Run> {
    world.until("the rows are written", async || world.runs(job).await.len() >= at_least).await;
    let mut runs = world.runs(job).await;
    runs.sort_by_key(|run| run.scheduled_at);
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1), "every second has exactly one row");
    }
    runs
}

fn late(run: &Run) -> bool {
    run.created_at - run.scheduled_at > seconds(5)
}

#[actix_rt::test]
async fn of_more_late_ones_than_the_limit_the_newest_are_executed_also_across_pieces_of_the_backlog() {
    let (world, _node, job) = missed(700, |draft| draft.misfire_limit = 300).await;
    let runs = rows(&world, job, 700).await;
    let skipped: Vec<&Run> = runs.iter().filter(|run| run.state == RunState::Skipped).collect();
    assert!(skipped.iter().all(|run| run.reason == Reason::MisfireLimit), "{:?}", skipped.last());
    let executed = runs.iter().filter(|run| late(run) && run.state != RunState::Skipped).count();
    // While one piece is written another second may become late.
    assert!((295..=300).contains(&executed), "{executed}");
    let first = runs.iter().position(|run| run.state != RunState::Skipped).unwrap();
    assert!(runs[first..].iter().all(|run| run.state != RunState::Skipped), "the newest, without a hole");
}

#[actix_rt::test]
async fn what_lies_before_the_catch_up_window_is_recorded_and_not_executed() {
    let (world, _node, job) = missed(60, |draft| draft.misfire_window_ms = 20_000).await;
    let runs = rows(&world, job, 60).await;
    for run in &runs {
        let lateness = run.created_at - run.scheduled_at;
        let expected = if lateness > seconds(20) { Reason::MisfireWindow } else { Reason::None };
        assert_eq!(run.reason, expected, "{run:#?}");
    }
    assert!(runs.iter().filter(|run| late(run) && run.reason == Reason::None).count() >= 14);
}

#[actix_rt::test]
async fn a_queue_takes_all_that_is_made_up_for_and_runs_it_one_by_one_oldest_first() {
    let (world, node, job) = missed(20, |draft| {
        draft.overlap = OverlapPolicy::Queue;
        draft.overlap_limit = 1;
    })
    .await;
    let runs = rows(&world, job, 21).await;
    let made_up: Vec<&Run> = runs.iter().filter(|run| late(run)).collect();
    assert!(made_up.len() >= 14, "{}", made_up.len());
    assert!(made_up.iter().all(|run| run.state != RunState::Skipped), "the queue has room for them: {made_up:#?}");
    for (sent, run) in made_up.iter().enumerate() {
        world.until("the next one is sent", async || node.triggered().len() == sent + 1).await;
        assert_eq!(node.triggered()[sent], run.id);
        world.succeed(run.id).await.unwrap();
    }
}

#[actix_rt::test]
async fn of_a_hopeless_backlog_as_many_as_the_limit_still_get_executed() {
    let (world, _node, job) = missed(4 * 3_600, |draft| draft.misfire_limit = 40).await;
    world.until("the rows are written", async || world.runs(job).await.len() > 45).await;
    let mut runs = world.runs(job).await;
    runs.sort_by_key(|run| run.scheduled_at);
    assert_eq!(runs[0].reason, Reason::MisfireMany);
    let executed = runs[1..].iter().filter(|run| late(run) && run.state != RunState::Skipped).count();
    assert!((38..=40).contains(&executed), "{executed}");
}
