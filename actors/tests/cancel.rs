//! Somebody wants a run ended.

use crate::support::job::retries;
use crate::support::{OnTrigger, World, seconds};
use hzm_job_actors::faults::{CommitFault, judge_commits};
use hzm_job_actors::{CancelOutcome, Reported};
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_store::ledger::{Entry, RunChange};
use std::cell::Cell;
use std::rc::Rc;

async fn cancel(world: &World, run: RunId) -> CancelOutcome {
    world.during(world.scheduler().run_cancel(run, "ann".into())).await.unwrap()
}

/// Holds back the commit of every change that is like this, until the answer is set to false.
fn hold_commits_of(change: impl Fn(&RunChange) -> bool + 'static) -> Rc<Cell<bool>> {
    let is_held = Rc::new(Cell::new(true));
    let held = is_held.clone();
    judge_commits(move |entries| {
        let found = entries.iter().any(|entry| matches!(entry, Entry::Change(this) if change(this)));
        if held.get() && found { CommitFault::Hang } else { CommitFault::None }
    });
    is_held
}

#[actix_rt::test]
async fn a_run_that_was_not_sent_is_cancelled_at_once_and_never_sent() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, first) = world.ordered(|draft| draft.overlap = OverlapPolicy::Queue).await;
    let waiting = world.run_now(job).await;
    assert_eq!(cancel(&world, waiting).await, CancelOutcome::Cancelled);
    let row = world.run_becomes(waiting, RunState::Cancelled).await;
    assert_eq!((row.reason, row.message.as_deref()), (Reason::ByUser, Some("cancelled by ann")));
    world.until("the first is sent", async || node.triggered() == [first]).await;
    world.succeed(first).await.unwrap();
    world.pass(seconds(2)).await;
    assert_eq!(node.triggered(), [first]);
}

#[actix_rt::test]
async fn a_run_that_was_sent_is_cancelled_when_its_node_reports_the_end() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|draft| draft.retry = retries(3)).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    assert_eq!(cancel(&world, run).await, CancelOutcome::Asked);
    world.until("the node is told", async || node.cancelled() == [run]).await;
    assert_eq!(world.fail(run).await.unwrap(), Reported::Recorded);
    let row = world.run_becomes(run, RunState::Cancelled).await;
    assert_eq!((row.reason, row.code), (Reason::ByUser, Some(500)));
    assert!(row.cancel_at.is_some());
    world.pass(seconds(2)).await;
    assert_eq!(node.triggered(), [run], "what a user ended is not tried again");
}

#[actix_rt::test]
async fn a_run_that_succeeds_in_spite_of_its_cancellation_has_succeeded() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    assert_eq!(cancel(&world, run).await, CancelOutcome::Asked);
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    assert_eq!(world.run_becomes(run, RunState::Succeeded).await.reason, Reason::None);
}

#[actix_rt::test]
async fn a_node_that_does_not_report_a_cancelled_run_is_not_waited_for_beyond_the_grace() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    let asked = world.clock.read();
    cancel(&world, run).await;
    world.pass(seconds(14)).await;
    assert_eq!(world.run_becomes(run, RunState::Running).await.reason, Reason::ByUser);
    let row = world.run_becomes(run, RunState::Cancelled).await;
    assert!(row.finished_at.unwrap() - asked >= seconds(15));
    assert_eq!(row.reason, Reason::ByUser);
    assert_eq!(world.fail(run).await.unwrap(), Reported::AlreadyEnded(RunState::Cancelled));
}

#[actix_rt::test]
async fn a_cancelled_run_whose_node_dies_is_cancelled_and_not_tried_again() {
    let world = World::start_with(|settings| {
        settings.scheduling.beat_every_ms = 500;
        settings.scheduling.cancel_grace_ms = 60_000;
    })
    .await;
    let node = world.node().await;
    let (job, run) = world.ordered(|draft| draft.retry = retries(3)).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    cancel(&world, run).await;
    node.down();
    let row = world.run_becomes(run, RunState::Cancelled).await;
    assert_eq!(row.reason, Reason::ByUser);
    world.only_run(job).await;
}

#[actix_rt::test]
async fn a_cancellation_and_its_reason_survive_a_crash() {
    let mut world = World::start_with(|settings| settings.scheduling.cancel_grace_ms = 3_000).await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    cancel(&world, run).await;
    let asked = async || world.store.run_get(run).await.unwrap().unwrap().cancel_at.is_some();
    world.until("it is written down", asked).await;
    let since = world.store.run_get(run).await.unwrap().unwrap().cancel_at;
    world.restart().await;
    let row = world.run_becomes(run, RunState::Cancelled).await;
    assert_eq!((row.reason, row.cancel_at), (Reason::ByUser, since), "the first time counts");
    assert_eq!(node.triggered(), [run]);
}

#[actix_rt::test]
async fn what_has_ended_or_never_was_cannot_be_cancelled() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    world.succeed(run).await.unwrap();
    assert_eq!(cancel(&world, run).await, CancelOutcome::AlreadyEnded(RunState::Succeeded));
    assert_eq!(cancel(&world, RunId(4_711)).await, CancelOutcome::UnknownRun);
}

#[actix_rt::test]
async fn the_open_runs_of_a_deleted_job_end_as_cancelled() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, sent) = world.ordered(|draft| draft.overlap = OverlapPolicy::Queue).await;
    let waiting = world.run_now(job).await;
    world.until("it arrived", async || node.triggered() == [sent]).await;
    world.delete(job).await;
    assert_eq!(world.run_becomes(waiting, RunState::Cancelled).await.reason, Reason::Deleted);
    world.until("the node is told", async || node.cancelled() == [sent]).await;
    world.fail(sent).await.unwrap();
    assert_eq!(world.run_becomes(sent, RunState::Cancelled).await.reason, Reason::Deleted);
    assert_eq!(node.triggered(), [sent]);
}

#[actix_rt::test]
async fn a_node_hears_of_a_cancellation_only_when_that_is_written() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    let is_held = hold_commits_of(|change| change.known.cancel_at.is_some());
    cancel(&world, run).await;
    world.pass(seconds(3)).await;
    assert_eq!(node.cancelled(), []);
    is_held.set(false);
    world.until("the node is told", async || node.cancelled() == [run]).await;
    let row = node.cancellations().remove(0).row.unwrap();
    assert!(row.cancel_at.is_some() && row.reason == Reason::ByUser, "{row:#?}");
}

#[actix_rt::test]
async fn a_node_that_takes_a_run_while_its_cancellation_is_being_written_hears_of_that_afterwards() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hold);
    let (_, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    let is_held = hold_commits_of(|change| change.known.cancel_at.is_some());
    cancel(&world, run).await;
    node.on_trigger(OnTrigger::Accept);
    world.pass(seconds(3)).await;
    assert_eq!(node.cancelled(), []);
    is_held.set(false);
    world.until("the node is told", async || node.cancelled() == [run]).await;
    assert!(node.cancellations().remove(0).row.unwrap().cancel_at.is_some());
}

#[actix_rt::test]
async fn a_node_hears_of_a_timeout_only_when_that_is_written() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|draft| draft.timeout_ms = 1_000).await;
    world.run_becomes(run, RunState::Running).await;
    let is_held = hold_commits_of(|change| change.to == RunState::TimedOut);
    world.pass(seconds(4)).await;
    assert_eq!(node.cancelled(), []);
    is_held.set(false);
    world.until("the node is told", async || node.cancelled() == [run]).await;
    assert_eq!(node.cancellations().remove(0).row.unwrap().state, RunState::TimedOut);
}

#[actix_rt::test]
async fn a_cancellation_that_a_node_did_not_take_is_sent_again_until_it_does() {
    let world = World::start_with(|settings| settings.scheduling.cancel_grace_ms = 60_000).await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    node.on_cancel(OnTrigger::Refuse(503));
    cancel(&world, run).await;
    world.until("it was told three times", async || node.cancelled().len() == 3).await;
    let at: Vec<_> = node.cancellations().iter().map(|seen| seen.at).collect();
    assert!(at[1] - at[0] >= seconds(1) && at[2] - at[1] >= seconds(2), "with growing pauses: {at:?}");
    node.on_cancel(OnTrigger::Accept);
    world.until("it was told once more", async || node.cancelled() == [run; 4]).await;
    world.pass(seconds(30)).await;
    assert_eq!(node.cancelled().len(), 4, "it was taken");
    world.fail(run).await.unwrap();
    world.run_becomes(run, RunState::Cancelled).await;
}

#[actix_rt::test]
async fn a_cancellation_is_sent_no_more_once_the_node_reported_the_end() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    node.on_cancel(OnTrigger::Refuse(503));
    cancel(&world, run).await;
    world.until("it was told", async || node.cancelled() == [run]).await;
    world.fail(run).await.unwrap();
    world.run_becomes(run, RunState::Cancelled).await;
    world.pass(seconds(40)).await;
    assert_eq!(node.cancelled(), [run]);
}

#[actix_rt::test]
async fn a_node_that_never_takes_a_cancellation_is_told_six_times_also_after_the_run_has_ended_here() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_cancel(OnTrigger::Refuse(503));
    let (_, run) = world.ordered(|draft| draft.timeout_ms = 1_000).await;
    world.run_becomes(run, RunState::TimedOut).await;
    world.pass(seconds(29)).await;
    assert_eq!(node.cancelled().len(), 5);
    world.until("it was told for the last time", async || node.cancelled() == [run; 6]).await;
    world.pass(seconds(60)).await;
    assert_eq!(node.cancelled().len(), 6);
}
