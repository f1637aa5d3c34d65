//! A failed run is tried again: a row per attempt, with growing pauses.

use crate::support::job::{every_hour, retries};
use crate::support::{World, seconds};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::retry::{RetryNode, RetryOn, RetryPolicy};
use hzm_job_scheduler::routing::RoutingStrategy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_store::run::Run;

#[actix_rt::test]
async fn each_attempt_has_a_row_waits_longer_and_may_go_to_another_node() {
    let world = World::start().await;
    let (first, second) = (world.node().await, world.node().await);
    let (job, run) = world.ordered(|draft| draft.retry = retries(2)).await;
    let sent = async || first.triggers().len() + second.triggers().len();
    for attempt in 0..=2 {
        world.until("the attempt is sent", async || sent().await == attempt + 1).await;
        let id = world.runs(job).await[attempt].id;
        world.fail(id).await.unwrap();
    }
    world.pass(seconds(6)).await;
    let runs = world.runs(job).await;
    assert_eq!(runs.iter().map(|run| run.attempt).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(runs.iter().all(|run| (run.state, run.reason) == (RunState::Failed, Reason::Reported)), "{runs:#?}");
    assert!(
        runs.iter().all(|run| run.scheduled_at == runs[0].scheduled_at && run.requested_by == runs[0].requested_by)
    );
    for (pair, pause) in runs.windows(2).zip([1, 2]) {
        assert_eq!(pair[1].not_before - pair[0].finished_at.unwrap(), seconds(pause));
        assert!(pair[1].sent_at.unwrap() >= pair[1].not_before);
    }
    assert_eq!(runs[0].id, run);
    assert_eq!((first.triggers().len(), second.triggers().len()), (2, 1), "round robin goes on with each attempt");
}

#[actix_rt::test]
async fn a_waiting_attempt_is_sent_once_however_many_other_runs_end_meanwhile() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, run) = world
        .ordered(|draft| {
            draft.retry = retries(1);
            draft.overlap = OverlapPolicy::Parallel;
        })
        .await;
    let others = [world.run_now(job).await, world.run_now(job).await, world.run_now(job).await];
    world.until("all are sent", async || node.triggered().len() == 4).await;
    world.fail(run).await.unwrap();
    for other in others {
        world.succeed(other).await.unwrap();
    }
    world.pass(seconds(4)).await;
    let attempt = world.runs(job).await.into_iter().find(|run| run.attempt == 1).unwrap();
    assert_eq!(node.triggered().iter().filter(|run| **run == attempt.id).count(), 1);
    assert_eq!(node.triggered().len(), 5);
}

#[actix_rt::test]
async fn a_job_that_was_stopped_tries_its_fires_no_more() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_hour();
            draft.retry = retries(3);
        })
        .await;
    world.clock.jump(seconds(3_600));
    world.until("the fire is sent", async || node.triggered().len() == 1).await;
    world.enable(job, false).await;
    world.fail(node.triggered()[0]).await.unwrap();
    world.pass(seconds(3)).await;
    assert_eq!(world.runs(job).await.last().unwrap().attempt, 0);
}

#[actix_rt::test]
async fn an_attempt_that_waits_survives_a_crash() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|draft| draft.retry = retries(1)).await;
    world.until("it is sent", async || node.triggered() == [run]).await;
    world.fail(run).await.unwrap();
    world.restart().await;
    world.until("it is sent again", async || node.triggered().len() == 2).await;
    let attempt = world.runs(job).await.remove(1);
    assert_eq!((attempt.attempt, attempt.id), (1, node.triggered()[1]));
    assert!(node.triggers()[1].at >= attempt.not_before);
}

/// A job whose runs fail, tried in order from the first node on.
fn bound(node: RetryNode, times: u16) -> impl FnOnce(&mut JobDraft) {
    move |draft| {
        draft.routing = RoutingStrategy::Failover;
        draft.retry = RetryPolicy { node, ..retries(times) };
    }
}

/// Fails the attempt of this number once a node has it, and answers its row.
async fn fail_attempt(world: &World, job: JobId, attempt: i32) -> Run {
    let row = world.run_where(job, |run| run.attempt == attempt && run.state != RunState::Waiting).await;
    world.run_becomes(row.id, RunState::Running).await;
    world.fail(row.id).await.unwrap();
    world.store.run_get(row.id).await.unwrap().unwrap()
}

#[actix_rt::test]
async fn other_sends_each_attempt_to_a_node_that_had_none_and_then_to_any_also_across_a_restart() {
    let mut world = World::start().await;
    let nodes = [world.node().await, world.node().await, world.node().await];
    let (job, _) = world.ordered(bound(RetryNode::Other, 3)).await;
    for attempt in 0..=3 {
        let row = fail_attempt(&world, job, attempt).await;
        let expected = &nodes[usize::try_from(attempt).unwrap() % 3];
        assert_eq!(row.node.as_deref(), Some(expected.address.as_str()), "attempt {attempt}");
        world.restart().await;
    }
}

#[actix_rt::test]
async fn same_sends_each_attempt_to_the_node_of_the_first() {
    let mut world = World::start().await;
    let (first, second) = (world.node().await, world.node().await);
    let (job, run) = world
        .ordered(|draft| {
            bound(RetryNode::Same, 2)(draft);
            draft.routing = RoutingStrategy::RoundRobin;
        })
        .await;
    world.restart().await;
    let chosen = world.store.run_get(run).await.unwrap().unwrap().node;
    for attempt in 0..=2 {
        assert_eq!(fail_attempt(&world, job, attempt).await.node, chosen, "attempt {attempt}");
    }
    let sent = [first.triggered().len(), second.triggered().len()];
    assert!(sent.contains(&0), "{sent:?}");
}

#[actix_rt::test]
async fn same_fails_with_its_reason_while_the_node_is_offline_and_goes_on_when_it_is_back() {
    let world = World::start_with(|settings| {
        settings.scheduling.beat_every_ms = 500;
        settings.scheduling.slowest_probe_ms = 500;
    })
    .await;
    let (first, second) = (world.node().await, world.node().await);
    let (job, run) = world.ordered(bound(RetryNode::Same, 5)).await;
    world.run_becomes(run, RunState::Running).await;
    first.down();
    let lost = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(lost.reason, Reason::NodeOffline);
    let refused = world.run_where(job, |run| run.attempt == 1 && run.state == RunState::Failed).await;
    assert_eq!(refused.reason, Reason::SameNodeOffline);
    assert!(refused.message.unwrap().contains(&first.address));
    first.up();
    let again = world.run_where(job, |run| run.state == RunState::Running).await;
    assert_eq!((again.node.as_deref(), second.triggers().len()), (Some(first.address.as_str()), 0));
}

#[actix_rt::test]
async fn an_outcome_that_the_policy_does_not_name_is_not_tried_again() {
    let world = World::start().await;
    let _node = world.node().await;
    let only_timeouts = |draft: &mut JobDraft| draft.retry = RetryPolicy { on: vec![RetryOn::TimedOut], ..retries(3) };
    let (failing, run) = world.ordered(only_timeouts).await;
    world.run_becomes(run, RunState::Running).await;
    world.fail(run).await.unwrap();
    let (slow, run) = world
        .ordered(|draft| {
            only_timeouts(draft);
            draft.timeout_ms = 1_000;
        })
        .await;
    world.run_becomes(run, RunState::TimedOut).await;
    world.run_where(slow, |run| run.attempt == 1).await;
    world.only_run(failing).await;
}
