//! What the answer to a trigger means: taken, surely not taken, or nobody knows.

use crate::support::{FakeNode, OnTrigger, World, millis, seconds};
use hzm_job_actors::Reported;
use hzm_job_actors::RunReport;
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::routing::RoutingStrategy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::{ExecutorId, JobId};

/// A world with two nodes that are tried in order, and the first one's mood.
async fn two_nodes(mood: OnTrigger) -> (World, FakeNode, FakeNode) {
    let world = World::start().await;
    let (first, second) = (world.node().await, world.node().await);
    first.on_trigger(mood);
    (world, first, second)
}

async fn in_order(world: &World) -> (JobId, hzm_job_scheduler::RunId) {
    world.ordered(|draft| draft.routing = RoutingStrategy::Failover).await
}

async fn assert_passed_over(mood: OnTrigger) {
    let (world, first, second) = two_nodes(mood).await;
    let (_, run) = in_order(&world).await;
    world.until("the next node has it", async || second.triggered() == [run]).await;
    assert_eq!(first.triggered(), [run]);
    let row = world.run_becomes(run, RunState::Running).await;
    assert_eq!(row.node.as_deref(), Some(second.address.as_str()));
    let seen = second.triggers()[0].row.clone().unwrap();
    assert_eq!(seen.node.as_deref(), Some(second.address.as_str()), "written before it was sent there");
}

#[actix_rt::test]
async fn a_node_that_says_no_is_passed_over_for_the_next() {
    assert_passed_over(OnTrigger::Refuse(503)).await;
}

#[actix_rt::test]
async fn a_node_that_turns_the_request_away_is_passed_over_for_the_next() {
    assert_passed_over(OnTrigger::Refuse(401)).await;
}

#[actix_rt::test]
async fn a_node_whose_port_is_closed_is_passed_over_for_the_next() {
    let (world, first, second) = two_nodes(OnTrigger::Accept).await;
    first.down();
    let (_, run) = in_order(&world).await;
    world.until("the next node has it", async || second.triggered() == [run]).await;
    world.run_becomes(run, RunState::Running).await;
}

#[actix_rt::test]
async fn when_all_nodes_refuse_the_run_fails_with_the_last_words() {
    let (world, _first, second) = two_nodes(OnTrigger::Refuse(503)).await;
    second.on_trigger(OnTrigger::Refuse(405));
    let (_, run) = in_order(&world).await;
    let row = world.run_becomes(run, RunState::Failed).await;
    assert_eq!(row.reason, Reason::Refused);
    assert!(row.message.unwrap().contains("405"));
}

#[actix_rt::test]
async fn without_a_node_the_run_fails_and_says_so() {
    let world = World::start().await;
    let (_, run) = world.ordered(|_| ()).await;
    let row = world.run_becomes(run, RunState::Failed).await;
    assert_eq!(row.reason, Reason::NoNode);
}

async fn assert_sent_again(mood: OnTrigger) {
    let (world, first, second) = two_nodes(mood).await;
    let (_, run) = in_order(&world).await;
    world.until("it arrived", async || first.triggered() == [run]).await;
    first.on_trigger(OnTrigger::Accept);
    world.until("it arrived again", async || first.triggered() == [run, run]).await;
    world.run_becomes(run, RunState::Running).await;
    assert_eq!(second.triggers().len(), 0);
}

#[actix_rt::test]
async fn a_run_whose_connection_broke_is_sent_again_to_the_same_node_under_the_same_id() {
    assert_sent_again(OnTrigger::Close).await;
}

#[actix_rt::test]
async fn a_run_that_was_not_answered_is_sent_again_to_the_same_node_under_the_same_id() {
    assert_sent_again(OnTrigger::Hang).await;
}

#[actix_rt::test]
async fn a_node_that_refuses_the_repeated_trigger_may_still_have_the_first_one() {
    let (world, first, second) = two_nodes(OnTrigger::Close).await;
    let (_, run) = in_order(&world).await;
    world.until("it arrived", async || first.triggered() == [run]).await;
    first.on_trigger(OnTrigger::Refuse(503));
    world.until("it was refused", async || first.triggered().len() >= 2).await;
    world.pass(seconds(1)).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded, "the first one was taken after all");
    assert_eq!(second.triggers().len(), 0, "no other node gets it");
}

#[actix_rt::test]
async fn an_answer_that_breaks_off_leaves_the_fate_of_the_run_unknown() {
    let (world, first, second) = two_nodes(OnTrigger::BreakOff).await;
    let (_, run) = in_order(&world).await;
    world.until("it arrived again", async || first.triggered().len() >= 2).await;
    assert_eq!((first.triggered()[1], second.triggers().len()), (run, 0));
}

#[actix_rt::test]
async fn an_answer_of_another_program_leaves_the_fate_of_the_run_unknown() {
    assert_sent_again(OnTrigger::Rubbish).await;
}

#[actix_rt::test]
async fn a_server_error_does_not_say_that_nothing_was_begun() {
    assert_sent_again(OnTrigger::Refuse(500)).await;
}

async fn assert_goes_nowhere_else(mood: OnTrigger) {
    let (world, first, second) = two_nodes(mood).await;
    let once = world.ordered(|draft| {
        draft.routing = RoutingStrategy::Failover;
        draft.delivery = Delivery::AtMostOnce;
    });
    let (_, run) = once.await;
    assert_eq!(world.run_becomes(run, RunState::Lost).await.reason, Reason::Silence);
    assert_eq!((first.triggered(), second.triggered()), (vec![run], vec![]));
}

#[actix_rt::test]
async fn a_run_that_may_not_run_twice_goes_nowhere_else_after_a_gateways_timeout() {
    assert_goes_nowhere_else(OnTrigger::Refuse(524)).await;
}

#[actix_rt::test]
async fn a_run_that_may_not_run_twice_goes_nowhere_else_after_an_answer_of_another_program() {
    assert_goes_nowhere_else(OnTrigger::Rubbish).await;
}

#[actix_rt::test]
async fn a_timeout_runs_while_the_trigger_is_not_answered() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hang);
    let (_, run) = world.ordered(|draft| draft.timeout_ms = 2_000).await;
    let row = world.run_becomes(run, RunState::TimedOut).await;
    assert!(row.finished_at.unwrap() - row.created_at < seconds(5), "{row:#?}");
}

#[actix_rt::test]
async fn a_run_of_unknown_fate_that_may_not_run_twice_is_never_sent_again_and_ends_as_lost() {
    let world = World::start_with(|settings| settings.scheduling.cancel_grace_ms = 8_000).await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Close);
    let (_, run) = world.ordered(|draft| draft.delivery = Delivery::AtMostOnce).await;
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::Silence);
    assert_eq!(node.triggered(), [run]);
}

#[actix_rt::test]
async fn a_report_may_overtake_the_answer_to_its_trigger() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hang);
    let (job, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    world.pass(seconds(8)).await;
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
    assert_eq!(node.triggered(), [run], "what is known to have arrived is not sent again");
}

#[actix_rt::test]
async fn a_report_is_answered_after_its_commit_and_a_repeated_one_changes_nothing() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    let row = world.only_run(job).await;
    assert_eq!((row.state, row.code, row.message.as_deref()), (RunState::Succeeded, Some(200), Some("done")));
    assert!(row.finished_at >= row.accepted_at && row.accepted_at >= row.sent_at && row.sent_at.is_some());
    assert_eq!(world.fail(run).await.unwrap(), Reported::AlreadyEnded(RunState::Succeeded));
    assert_eq!(world.only_run(job).await, row);
}

#[actix_rt::test]
async fn a_report_is_taken_at_whatever_moment_it_meets_the_row() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    let job = world.stopped_job(|draft| draft.overlap = OverlapPolicy::Parallel).await;
    // "Running" is written a quarter of a second after such a node took the run: the reports come around that moment.
    for wait in (210..330).step_by(10) {
        let run = world.run_now(job).await;
        world.until("it arrived", async || node.triggered().contains(&run)).await;
        world.pass(millis(wait)).await;
        assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded, "after {wait} ms");
    }
}

#[actix_rt::test]
async fn nobody_reports_a_run_of_another_executor_or_none_at_all() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    let stranger = ExecutorId(world.executor.0 + 1);
    let report = RunReport { executor: stranger, run, succeeded: true, code: 200, message: None };
    assert_eq!(world.during(world.scheduler().run_report(report)).await.unwrap(), Reported::UnknownRun);
    assert!(!world.only_run(job).await.state.is_terminal());
    assert_eq!(world.succeed(hzm_job_scheduler::RunId(99)).await.unwrap(), Reported::UnknownRun);
}

#[actix_rt::test]
async fn a_node_that_closes_each_connection_after_its_answer_gets_each_trigger_once() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Old);
    let (job, first) = world.ordered(|_| ()).await;
    world.run_becomes(first, RunState::Running).await;
    world.succeed(first).await.unwrap();
    let second = world.run_now(job).await;
    world.run_becomes(second, RunState::Running).await;
    assert_eq!(node.triggered(), [first, second]);
}
