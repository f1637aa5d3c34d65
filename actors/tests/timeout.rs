//! A run that takes longer than its job allows.

use crate::support::job::retries;
use crate::support::{World, seconds};
use hzm_job_actors::Reported;
use hzm_job_scheduler::run::{Reason, RunState};

#[actix_rt::test]
async fn a_run_that_takes_too_long_is_timed_out_and_its_node_told_to_cancel_it() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|draft| draft.timeout_ms = 3_000).await;
    let row = world.run_becomes(run, RunState::TimedOut).await;
    assert_eq!(row.reason, Reason::Timeout);
    let took = row.finished_at.unwrap() - row.accepted_at.unwrap();
    assert!(took >= seconds(3) && took < seconds(4), "{took}");
    world.until("the node is told", async || node.cancelled() == [run]).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::AlreadyEnded(RunState::TimedOut));
}

#[actix_rt::test]
async fn a_run_that_timed_out_is_tried_again() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, _) = world
        .ordered(|draft| {
            draft.timeout_ms = 1_000;
            draft.retry = retries(1);
        })
        .await;
    world.until("the second attempt is sent", async || node.triggered().len() == 2).await;
    let second = world.runs(job).await.remove(1);
    world.succeed(second.id).await.unwrap();
    let states: Vec<RunState> = world.runs(job).await.iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::TimedOut, RunState::Succeeded]);
}

#[actix_rt::test]
async fn a_restart_gives_a_run_no_more_time() {
    let mut world = World::start().await;
    let _node = world.node().await;
    let (_, run) = world.ordered(|draft| draft.timeout_ms = 6_000).await;
    world.run_becomes(run, RunState::Running).await;
    world.pass(seconds(3)).await;
    world.restart().await;
    let row = world.run_becomes(run, RunState::TimedOut).await;
    let took = row.finished_at.unwrap() - row.accepted_at.unwrap();
    assert!(took >= seconds(6) && took < seconds(7), "{took}");
}
