//! A new secret while nodes have the old one: those that were entered by hand never call in to tell by which they go.

use crate::support::{World, seconds};
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

#[actix_rt::test]
async fn the_secret_before_is_sent_to_nobody_once_its_time_is_over() {
    let world = World::start().await;
    let node = world.node().await;
    node.asks_for("s3cret");
    let until = world.clock.read() + seconds(30);
    world.change_secret("the-new-one", Some(until)).await;
    world.pass(seconds(31)).await;
    node.asks_for("the-new-one");
    let seen = node.everything().len();
    let before = node.beats();
    world.until("it is asked again", async || node.beats() > before).await;
    let later = &node.everything()[seen..];
    assert!(later.iter().all(|seen| seen.token.as_deref() == Some("the-new-one")), "{later:?}");
}
