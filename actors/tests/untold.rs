//! Changes that the actors were not told of, or were told of too late: nothing that was due before them is lost, and within
//! some seconds they are in force.

use crate::support::job::every_second;
use crate::support::{World, seconds};
use chrono::{DateTime, Utc};
use hzm_job_actors::faults::{CommitFault, judge_commits};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};

async fn ticking(world: &World) -> JobId {
    let job = world.job(|draft| {
        draft.schedule = every_second();
        draft.overlap = OverlapPolicy::Parallel;
        draft.overlap_limit = 1_000;
        draft.misfire = MisfirePolicy::Skip;
    });
    job.await
}

/// Every full second after the job's start has a row, up to this moment, and none after it.
async fn assert_whole(world: &World, job: JobId, until: DateTime<Utc>) {
    let runs = world.runs(job).await;
    let mut moments: Vec<DateTime<Utc>> = runs.iter().map(|run| run.scheduled_at).collect();
    moments.sort();
    for pair in moments.windows(2) {
        assert_eq!(pair[1] - pair[0], seconds(1), "one row per second: {runs:#?}");
    }
    let last = *moments.last().unwrap();
    assert!(last <= until && until - last < seconds(1), "the last is {last}, the change was at {until}");
}

#[actix_rt::test]
async fn what_was_due_before_a_stop_has_its_rows_although_nobody_was_told_and_the_process_died() {
    let mut world = World::start().await;
    world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(3)).await;
    world.crash().await;
    world.pass(seconds(20)).await;
    let stopped_at = world.clock.read();
    world.enable_without_telling(job, false).await;
    world.pass(seconds(20)).await;
    world.boot().await;
    world.pass(seconds(2)).await;
    assert_whole(&world, job, stopped_at).await;
    let superseded = world.runs(job).await.into_iter().filter(|run| run.reason == Reason::Superseded).count();
    assert!(superseded >= 19, "{superseded}");
}

#[actix_rt::test]
async fn what_was_due_before_a_change_survives_that_the_process_dies_before_its_rows_are_written() {
    let mut world = World::start().await;
    world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(3)).await;
    judge_commits(|_| CommitFault::Hang);
    world.pass(seconds(10)).await;
    let stopped_at = world.clock.read();
    world.enable_without_telling(job, false).await;
    world.during(world.scheduler().job_changed(job)).await.unwrap();
    world.pass(seconds(3)).await;
    world.crash().await;
    judge_commits(|_| CommitFault::None);
    world.boot().await;
    world.pass(seconds(2)).await;
    assert_whole(&world, job, stopped_at).await;
}

#[actix_rt::test]
async fn a_stop_that_nobody_told_of_is_in_force_within_some_seconds() {
    let world = World::start().await;
    let node = world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(12)).await;
    world.enable_without_telling(job, false).await;
    world.pass(seconds(7)).await;
    let sent = node.triggered().len();
    world.pass(seconds(10)).await;
    assert_eq!(node.triggered().len(), sent);
    assert!(world.runs(job).await.iter().all(|run| run.state != RunState::Planned));
}

#[actix_rt::test]
async fn a_start_that_nobody_told_of_is_in_force_within_some_seconds() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.stopped_job(|draft| draft.schedule = every_second()).await;
    world.pass(seconds(12)).await;
    world.enable_without_telling(job, true).await;
    world.until("it fires", async || !node.triggered().is_empty()).await;
}

#[actix_rt::test]
async fn stop_and_start_leave_no_row_for_the_time_between() {
    let world = World::start().await;
    world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(5)).await;
    let stopped_at = world.clock.read();
    world.enable(job, false).await;
    world.pass(seconds(1)).await;
    assert_whole(&world, job, stopped_at).await;
    world.pass(seconds(30)).await;
    world.enable(job, true).await;
    world.pass(seconds(3)).await;
    let gap = world
        .runs(job)
        .await
        .iter()
        .filter(|run| run.scheduled_at > stopped_at && run.scheduled_at < stopped_at + seconds(30))
        .count();
    assert_eq!(gap, 0);
}
