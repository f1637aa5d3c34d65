//! Results of runs that were not sent yet: nothing is done with them, and nothing is taken from the run.

use crate::support::job::schedule;
use crate::support::{World, millis, seconds};
use hzm_job_actors::SchedulerError;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::schedule::ScheduleKind;

#[actix_rt::test]
async fn a_result_of_a_run_that_waits_for_its_turn_is_refused_and_takes_nothing_of_the_runs_time() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, first) = world
        .ordered(|draft| {
            draft.overlap = OverlapPolicy::Queue;
            draft.timeout_ms = 4_000;
        })
        .await;
    let second = world.run_now(job).await;
    world.until("the first is sent", async || node.triggered() == [first]).await;
    for early in [world.succeed(second).await, world.fail(second).await] {
        assert!(matches!(early, Err(SchedulerError::NotSentYet)), "{early:?}");
    }
    world.pass(millis(2_500)).await;
    world.succeed(first).await.unwrap();
    let row = world.run_becomes(second, RunState::TimedOut).await;
    let (sent, accepted) = (row.sent_at.unwrap(), row.accepted_at.unwrap());
    assert!(accepted >= sent, "{row:#?}");
    let took = row.finished_at.unwrap() - sent;
    assert!(took >= seconds(4) && took < seconds(5), "{took}");
}

#[actix_rt::test]
async fn a_result_of_a_run_whose_moment_is_to_come_is_refused_and_taken_once_it_was_sent() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedRate, "10s")).await;
    let planned = world.run_where(job, |run| run.state == RunState::Planned).await.id;
    let early = world.succeed(planned).await;
    assert!(matches!(early, Err(SchedulerError::NotSentYet)), "{early:?}");
    world.until("it is sent", async || node.triggered() == [planned]).await;
    world.succeed(planned).await.unwrap();
    let row = world.run_becomes(planned, RunState::Succeeded).await;
    assert!(row.accepted_at >= row.sent_at, "{row:#?}");
}
