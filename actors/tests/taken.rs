//! Very many runs at once on a node that would execute a repeated trigger again: none gets one, whoever dies.

use crate::support::{FakeNode, OnTrigger, World, breathe, seconds};
use hzm_job_actors::Reported;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::run::Run;

/// More than are written down one by one.
const MANY: usize = 300;

/// A world whose only node has just taken very many runs, which are neither over nor written down in their rows, but noted.
async fn crowded(delivery: Delivery) -> (World, FakeNode, Vec<RunId>) {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hold);
    let (job, first) = world
        .ordered(|draft| {
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 1_000;
            draft.delivery = delivery;
        })
        .await;
    let mut runs = vec![first];
    while runs.len() < MANY {
        runs.push(world.run_now(job).await);
    }
    node.on_trigger(OnTrigger::Accept);
    world.until("all of them arrived", async || node.triggers().len() == MANY).await;
    world.until("they are noted", async || noted(&world).await >= MANY - 1).await;
    (world, node, runs)
}

/// How many runs the notes name.
async fn noted(world: &World) -> usize {
    breathe().await;
    world.store.taken_noted().await.unwrap().len()
}

async fn rows(world: &World, runs: &[RunId]) -> Vec<Run> {
    let mut rows = Vec::new();
    for run in runs {
        rows.push(world.store.run_get(*run).await.unwrap().unwrap());
    }
    rows
}

fn in_state(rows: &[Run], state: RunState) -> usize {
    rows.iter().filter(|run| run.state == state).count()
}

async fn none_is_sent_again_after_a_crash(delivery: Delivery) {
    let (mut world, node, runs) = crowded(delivery).await;
    world.crash().await;
    let before = rows(&world, &runs).await;
    assert!(in_state(&before, RunState::Running) < MANY / 2, "their own rows do not say it yet");
    world.boot().await;
    world.pass(seconds(3)).await;
    assert_eq!(node.triggers().len(), MANY, "the node would have executed it again");
    let after = rows(&world, &runs).await;
    assert_eq!(in_state(&after, RunState::Running), MANY);
    assert!(after.iter().all(|run| run.sent_at.is_some() && run.accepted_at >= run.sent_at));
    assert_eq!(noted(&world).await, 0);
    assert_eq!(world.succeed(runs[7]).await.unwrap(), Reported::Recorded);
    assert_eq!(world.run_becomes(runs[7], RunState::Succeeded).await.accepted_at, after[7].accepted_at);
}

#[actix_rt::test]
async fn after_a_crash_none_is_sent_again_and_each_may_report() {
    none_is_sent_again_after_a_crash(Delivery::AtLeastOnce).await;
}

#[actix_rt::test]
async fn after_a_crash_none_is_lost_that_may_not_run_twice_because_it_is_known_to_run() {
    none_is_sent_again_after_a_crash(Delivery::AtMostOnce).await;
}

#[actix_rt::test]
async fn after_the_death_of_their_jobs_actor_none_is_sent_again() {
    let (world, node, runs) = crowded(Delivery::AtLeastOnce).await;
    let name = format!("job/{}", rows(&world, &runs[..1]).await[0].job);
    assert!(world.during(world.scheduler().actor_panic(&name)).await.unwrap(), "there is no {name}");
    world.pass(seconds(3)).await;
    assert_eq!(node.triggers().len(), MANY);
    assert_eq!(in_state(&rows(&world, &runs).await, RunState::Running), MANY);
}

#[actix_rt::test]
async fn notes_go_once_the_rows_of_their_runs_say_more() {
    let (world, _node, runs) = crowded(Delivery::AtLeastOnce).await;
    for run in &runs[..20] {
        assert_eq!(world.succeed(*run).await.unwrap(), Reported::Recorded);
    }
    world.until("no note is left", async || noted(&world).await == 0).await;
    let rows = rows(&world, &runs).await;
    assert_eq!((in_state(&rows, RunState::Succeeded), in_state(&rows, RunState::Running)), (20, MANY - 20));
}
