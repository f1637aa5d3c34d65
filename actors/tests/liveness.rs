//! Nodes that fall silent, come back, are started anew or say goodbye.

use crate::support::{FakeNode, OnTrigger, World, seconds};
use hzm_job_actors::{Reported, Settings};
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::{JobId, RunId};

fn quick_beats(settings: &mut Settings) {
    settings.scheduling.beat_every_ms = 1_000;
    settings.scheduling.slowest_probe_ms = 4_000;
}

async fn running(world: &World, delivery: Delivery) -> (JobId, RunId) {
    let (job, run) = world.ordered(|draft| draft.delivery = delivery).await;
    world.run_becomes(run, RunState::Running).await;
    (job, run)
}

async fn stored_state(world: &World, node: &FakeNode) -> NodeState {
    world.stored_node(node).await.unwrap().state
}

#[actix_rt::test]
async fn a_node_that_misses_three_beats_is_offline_and_its_runs_are_lost() {
    let world = World::start_with(quick_beats).await;
    let node = world.node().await;
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    node.down();
    world.until("it is suspected", async || stored_state(&world, &node).await == NodeState::Suspect).await;
    assert_eq!(world.store.run_get(run).await.unwrap().unwrap().state, RunState::Running);
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::NodeOffline);
    assert_eq!(stored_state(&world, &node).await, NodeState::Offline);
}

#[actix_rt::test]
async fn a_node_that_was_offline_for_long_is_not_forgotten_and_comes_back_at_its_first_answer() {
    let world = World::start_with(quick_beats).await;
    let node = world.node().await;
    node.down();
    world.until("it is offline", async || stored_state(&world, &node).await == NodeState::Offline).await;
    world.pass(seconds(30)).await;
    let (_, run) = world.ordered(|_| ()).await;
    assert_eq!(world.run_becomes(run, RunState::Failed).await.reason, Reason::NoNode);
    let beats = node.beats();
    node.up();
    world.until("it is online", async || stored_state(&world, &node).await == NodeState::Online).await;
    assert_eq!(node.beats(), beats + 1);
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    assert_eq!(node.triggered(), [run]);
}

/// A scheduler that was away while a node with a running run went offline, as the store knows.
async fn away_while_offline(sdk: bool) -> (World, FakeNode, RunId) {
    let mut world = World::start_with(quick_beats).await;
    let node = if sdk { world.sdk_node("one").await } else { world.node().await };
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    world.crash().await;
    node.down();
    let id = world.stored_node(&node).await.unwrap().id;
    world.store.node_state_record(id, NodeState::Offline, None).await.unwrap();
    world.boot().await;
    (world, node, run)
}

async fn assert_lost_soon(world: &World, run: RunId) {
    let since = world.clock.read();
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::NodeOffline);
    assert!(world.clock.read() - since < seconds(20), "within the liveness rules, not after ten minutes");
}

#[actix_rt::test]
async fn a_run_on_a_legacy_node_that_was_offline_before_a_restart_is_lost_soon() {
    let (world, _node, run) = away_while_offline(false).await;
    assert_lost_soon(&world, run).await;
}

#[actix_rt::test]
async fn a_run_on_a_node_of_our_sdk_that_was_offline_before_a_restart_is_lost_soon() {
    let (world, _node, run) = away_while_offline(true).await;
    assert_lost_soon(&world, run).await;
}

#[actix_rt::test]
async fn a_run_whose_node_was_thought_offline_but_lives_goes_on_after_a_restart() {
    let (world, node, run) = away_while_offline(false).await;
    node.up();
    world.until("it is online", async || stored_state(&world, &node).await == NodeState::Online).await;
    world.pass(seconds(8)).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
}

#[actix_rt::test]
async fn a_run_that_is_being_sent_again_when_its_node_goes_offline_is_lost_within_the_liveness_rules() {
    let world = World::start_with(|settings| {
        quick_beats(settings);
        settings.scheduling.resend_times = 5;
    })
    .await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Close);
    let (_, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || !node.triggers().is_empty()).await;
    node.down();
    let since = world.clock.read();
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::NodeOffline);
    assert!(world.clock.read() - since < seconds(20), "{}", world.clock.read() - since);
}

#[actix_rt::test]
async fn why_a_node_does_not_answer_is_told_in_the_log_and_to_whoever_asks() {
    let world = World::start_with(quick_beats).await;
    assert_eq!(world.scheduler().live().borrow().executors_offline, 0, "one that never had a node is not offline");
    let node = world.node().await;
    let complaint = || world.scheduler().node_complaint(world.executor, &node.address);
    world.until("it is asked", async || node.beats() > 0).await;
    assert_eq!(complaint(), None);
    node.down();
    world.until("it is offline", async || stored_state(&world, &node).await == NodeState::Offline).await;
    assert!(complaint().unwrap().contains("no connection"));
    assert_eq!(world.logged.count(slog::Level::Warning, "node is offline"), 1);
    world.until("it is counted", async || world.scheduler().live().borrow().executors_offline == 1).await;
    node.up();
    world.until("it is online", async || stored_state(&world, &node).await == NodeState::Online).await;
    assert_eq!(complaint(), None);
}

#[actix_rt::test]
async fn nodes_are_known_after_a_restart_without_calling_in_again() {
    let mut world = World::start().await;
    let node = world.node().await;
    world.restart().await;
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    assert_eq!(node.triggered(), [run]);
}

#[actix_rt::test]
async fn a_run_of_our_sdk_is_sent_again_when_its_program_was_started_anew() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    world.register(&node, Some("one")).await;
    world.pass(seconds(1)).await;
    assert_eq!(node.triggered(), [run], "the same program only called in again");
    world.register(&node, Some("two")).await;
    world.until("it is sent again", async || node.triggered() == [run, run]).await;
    world.succeed(run).await.unwrap();
}

#[actix_rt::test]
async fn a_run_that_may_not_run_twice_is_lost_when_its_program_was_started_anew() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    let (_, run) = running(&world, Delivery::AtMostOnce).await;
    world.register(&node, Some("two")).await;
    let row = world.run_becomes(run, RunState::Lost).await;
    let said = format!("node restarted: {} came back as another process before the run ended", row.node.unwrap());
    assert_eq!((row.reason, row.message), (Reason::NodeRestarted, Some(said)));
    assert_eq!(node.triggered(), [run]);
}

#[actix_rt::test]
async fn a_legacy_node_that_calls_in_every_few_seconds_is_not_taken_for_a_new_program() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, run) = running(&world, Delivery::AtLeastOnce).await;
    for _ in 0..3 {
        world.register(&node, None).await;
        world.pass(seconds(1)).await;
    }
    assert_eq!(node.triggered(), [run]);
    assert_eq!(world.only_run(job).await.state, RunState::Running);
}

#[actix_rt::test]
async fn a_legacy_node_that_calls_in_again_after_a_pause_is_another_process_and_its_run_is_lost() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    world.pass(seconds(16)).await;
    world.register(&node, None).await;
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::NodeRestarted);
}

#[actix_rt::test]
async fn a_run_goes_on_when_its_node_is_entered_by_hand_from_now_on() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    world.enter_by_hand(&node).await;
    let by_hand = world.stored_node(&node).await.unwrap();
    assert!(by_hand.manual);
    world.until("it is known to be online", async || stored_state(&world, &node).await == NodeState::Online).await;
    let beats = node.beats();
    world.until("it is asked for its beats", async || node.beats() > beats + 1).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    assert_eq!(node.triggered(), [run]);
}

#[actix_rt::test]
async fn a_node_that_says_goodbye_is_forgotten_and_its_runs_fail() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = running(&world, Delivery::AtLeastOnce).await;
    let goodbye = world.scheduler().node_offline(world.executor, node.address.clone());
    world.during(goodbye).await.unwrap();
    let row = world.run_becomes(run, RunState::Failed).await;
    assert_eq!((row.reason, row.code), (Reason::NodeShutdown, Some(500)));
    assert_eq!(world.stored_node(&node).await, None);
    world.register(&node, None).await;
    running(&world, Delivery::AtLeastOnce).await;
}

#[actix_rt::test]
async fn a_clock_set_back_does_not_stop_the_beats() {
    let world = World::start_with(quick_beats).await;
    let node = world.node().await;
    world.until("beats come", async || node.beats() > 1).await;
    world.clock.jump(seconds(-3_600));
    let beats = node.beats();
    world.pass(seconds(4)).await;
    assert!(node.beats() > beats + 1, "{} beats in four seconds", node.beats() - beats);
}
