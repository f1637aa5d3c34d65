//! A fixed delay counts from the real end of the last run, whatever was cleared, skipped, saved or restarted since.

use crate::support::{FakeNode, World, job::schedule, millis, seconds};
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::Ordered;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::run_clear::{ClearRule, ClearScope};

/// Further away than the 30 s after which a job sleeps.
const DELAY: TimeDelta = seconds(40);

async fn with_delay(world: &World) -> JobId {
    world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedDelay, "40s")).await
}

/// Lets the job's first run end after this time, and answers its end.
async fn first_run(world: &World, node: &FakeNode, job: JobId, lasts: TimeDelta) -> DateTime<Utc> {
    world.until("the first trigger", async || node.triggers().len() == 1).await;
    world.pass(lasts).await;
    world.succeed(node.triggered()[0]).await.unwrap();
    world.run_where(job, |run| run.state == RunState::Succeeded).await.finished_at.unwrap()
}

async fn clear(world: &World) {
    let cleared = world.store.run_clear_batch(ClearRule::All, ClearScope::default(), world.clock.read()).await.unwrap();
    assert!(cleared > 0);
}

async fn assert_next_counts_from(world: &World, node: &FakeNode, job: JobId, ended: DateTime<Utc>) {
    world.until("the second trigger", async || node.triggers().len() == 2).await;
    let next = world.run_where(job, |run| run.id == node.triggered()[1]).await;
    assert_eq!(
        next.scheduled_at,
        ended + DELAY,
        "{} ms too early",
        (ended + DELAY - next.scheduled_at).num_milliseconds()
    );
}

#[actix_rt::test]
async fn of_runs_that_were_cleared_while_the_job_sleeps() {
    let world = World::start().await;
    let node = world.node().await;
    let job = with_delay(&world).await;
    let ended = first_run(&world, &node, job, seconds(3)).await;
    clear(&world).await;
    assert_next_counts_from(&world, &node, job, ended).await;
}

#[actix_rt::test]
async fn of_runs_that_were_cleared_before_the_job_was_saved() {
    let world = World::start().await;
    let node = world.node().await;
    let job = with_delay(&world).await;
    let ended = first_run(&world, &node, job, seconds(3)).await;
    world.pass(seconds(2)).await;
    clear(&world).await;
    world.edit(job, |draft| draft.description = "other words".into()).await;
    assert_next_counts_from(&world, &node, job, ended).await;
}

#[actix_rt::test]
async fn of_runs_that_were_cleared_before_a_crash() {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = with_delay(&world).await;
    let ended = first_run(&world, &node, job, seconds(3)).await;
    clear(&world).await;
    world.restart().await;
    assert_next_counts_from(&world, &node, job, ended).await;
}

#[actix_rt::test]
async fn of_a_run_that_met_many_orders_before_a_crash() {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = with_delay(&world).await;
    world.until("the first trigger", async || node.triggers().len() == 1).await;
    for _ in 0..18 {
        let ordered = world.order(job, |_| ()).await.unwrap();
        assert!(matches!(ordered, Ordered::Started(_)), "{ordered:?}");
    }
    let ended = first_run(&world, &node, job, millis(4_000)).await;
    world.restart().await;
    assert_next_counts_from(&world, &node, job, ended).await;
}
