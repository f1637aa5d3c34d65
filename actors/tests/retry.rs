//! A failed run is tried again: a row per attempt, with growing pauses.

use crate::support::job::{every_hour, retries};
use crate::support::{World, seconds};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};

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
