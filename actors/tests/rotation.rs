//! A new secret while nodes have the old one: those that were entered by hand never call in to tell by which they go.

use crate::support::{World, seconds};
use chrono::TimeDelta;
use hzm_job_actors::faults;
use hzm_job_scheduler::run::RunState;

#[actix_rt::test]
async fn a_node_that_was_entered_by_hand_is_called_under_the_secret_that_it_has() {
    let world = World::start().await;
    let node = world.node().await;
    world.enter_by_hand(&node).await;
    node.asks_for("s3cret");
    let until = world.clock.read() + seconds(600);
    world.change_secret("the-new-one", Some(until)).await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    // It is given the new one.
    node.asks_for("the-new-one");
    let before = node.beats();
    world.until("it is asked under the new one", async || node.beats() > before).await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    assert_eq!(node.triggers().last().unwrap().token.as_deref(), Some("the-new-one"));
}

/// A node that registered keeps its secret while that of its executor is replaced, twice, with such an overlap.
async fn keeps_its_secret(overlap: Option<TimeDelta>) {
    let world = World::start().await;
    let node = world.node().await;
    let until = overlap.map(|overlap| world.clock.read() + overlap);
    world.change_secret("the-second-one", until).await;
    world.pass(seconds(20)).await;
    // Whatever it answers, and also when its own is over, and when there is a third one.
    node.asks_for("something else");
    world.pass(seconds(20)).await;
    world.change_secret("the-third-one", Some(world.clock.read() + seconds(600))).await;
    let (_, run) = world.ordered(|_| ()).await;
    world.pass(seconds(20)).await;
    let tokens = node.tokens();
    assert!(tokens.iter().all(|token| token.as_deref() == Some("s3cret")), "{tokens:?}");
    assert!(!node.triggered().contains(&run));
}

#[actix_rt::test]
async fn a_node_that_has_an_old_secret_is_never_given_a_newer_one() {
    keeps_its_secret(None).await;
}

#[actix_rt::test]
async fn nor_is_one_whose_secret_was_good_for_a_while() {
    keeps_its_secret(Some(seconds(30))).await;
}

#[actix_rt::test]
async fn a_node_that_registers_after_its_executor_was_read_and_before_that_counts_is_kept() {
    let world = World::start().await;
    faults::hold_readers(true);
    let mut change = std::pin::pin!(world.scheduler().executor_changed(world.executor));
    tokio::select! {
        biased;
        _ = &mut change => panic!("it was held up"),
        () = world.until("it is read", async || faults::a_reader_waits()) => {}
    }
    let node = world.node().await;
    faults::hold_readers(false);
    world.during(change).await.unwrap();
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    assert_eq!(node.triggered(), [run], "what was read did not know it");
}
