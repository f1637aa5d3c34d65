//! Rows written ahead of their moment: what may happen between the row and the moment, and what the moment then brings.

use crate::support::job::schedule;
use crate::support::{FakeNode, OnTrigger, World, millis, seconds};
use hzm_job_actors::CancelOutcome;
use hzm_job_actors::faults::{self, CommitFault};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::{Delivery, JobDraft};
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::run::Run;
use std::time::Duration;

fn every_five_seconds(draft: &mut JobDraft) {
    draft.schedule = schedule(ScheduleKind::FixedRate, "5s");
}

/// A job whose first row is there and whose first moment has not come.
pub(crate) async fn ahead(world: &World, change: impl FnOnce(&mut JobDraft)) -> (JobId, Run) {
    let job = world.job(|draft| {
        every_five_seconds(draft);
        change(draft);
    });
    let job = job.await;
    let row = world.run_where(job, |run| run.state == RunState::Planned).await;
    assert!(row.scheduled_at > world.clock.read() && row.node.is_some(), "{row:#?}");
    (job, row)
}

/// Lets the moment of a row pass.
pub(crate) async fn pass_by(world: &World, row: &Run) {
    let left = row.scheduled_at - world.clock.read();
    world.pass(left + millis(500)).await;
}

fn assert_never_early(node: &FakeNode) {
    for trigger in node.triggers() {
        let row = trigger.row.expect("written before sent");
        assert!(trigger.at >= row.scheduled_at, "{} was sent at {}", row.scheduled_at, trigger.at);
    }
}

#[actix_rt::test]
async fn the_row_is_there_before_its_moment_and_the_trigger_leaves_at_the_moment_under_its_id() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    assert!(node.triggered().is_empty(), "never early");
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), [row.id]);
    assert_never_early(&node);
    world.succeed(row.id).await.unwrap();
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
}

#[actix_rt::test]
async fn a_job_that_is_stopped_before_the_moment_has_no_row_for_it() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    world.enable(job, false).await;
    pass_by(&world, &row).await;
    assert_eq!((world.runs(job).await, node.triggered()), (vec![], vec![]));
}

#[actix_rt::test]
async fn a_job_that_is_deleted_before_the_moment_has_no_row_for_it() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    world.delete(job).await;
    pass_by(&world, &row).await;
    assert_eq!((world.runs(job).await, node.triggered()), (vec![], vec![]));
}

#[actix_rt::test]
async fn a_job_that_is_stopped_and_started_again_before_the_moment_counts_from_its_start() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    world.enable(job, false).await;
    world.enable(job, true).await;
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), []);
    world.until("it fires", async || node.triggered().len() == 1).await;
    let fired = world.runs(job).await.into_iter().next().unwrap();
    assert!(fired.scheduled_at > row.scheduled_at + seconds(3), "{fired:#?}");
}

#[actix_rt::test]
async fn an_edit_before_the_moment_is_what_is_executed() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |draft| draft.parameters = Some("old".into())).await;
    world.edit(job, |draft| draft.parameters = Some("new".into())).await;
    pass_by(&world, &row).await;
    let fired = world.only_run(job).await;
    assert_eq!((fired.scheduled_at, fired.parameters.as_deref()), (row.scheduled_at, Some("new")));
    assert_eq!(node.triggered(), [fired.id]);
}

#[actix_rt::test]
async fn a_node_that_goes_before_the_moment_does_not_get_it() {
    let world = World::start().await;
    let nodes = [world.node().await, world.node().await];
    let (job, row) = ahead(&world, |_| ()).await;
    let (gone, other) = if row.node.as_deref() == Some(&nodes[0].address) { (0, 1) } else { (1, 0) };
    let dismissed = world.scheduler().node_offline(world.executor, nodes[gone].address.clone());
    world.during(dismissed).await.unwrap();
    pass_by(&world, &row).await;
    let fired = world.only_run(job).await;
    assert_eq!((fired.node.as_deref(), fired.scheduled_at), (Some(&*nodes[other].address), row.scheduled_at));
    assert_eq!((nodes[gone].triggered(), nodes[other].triggered()), (vec![], vec![fired.id]));
}

#[actix_rt::test]
async fn a_run_that_goes_on_at_the_moment_is_met_as_the_overlap_policy_says() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    let by_hand = world.run_now(job).await;
    pass_by(&world, &row).await;
    let fired = world.run_where(job, |run| run.scheduled_at == row.scheduled_at).await;
    assert_eq!((fired.state, fired.reason), (RunState::Skipped, Reason::Overlap));
    assert_eq!(node.triggered(), [by_hand]);
}

#[actix_rt::test]
async fn a_clock_that_is_set_back_delays_the_moment() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, row) = ahead(&world, |_| ()).await;
    world.clock.jump(seconds(-60));
    world.pass(seconds(30)).await;
    assert_eq!(node.triggered(), [], "never early");
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), [row.id]);
    assert_never_early(&node);
}

#[actix_rt::test]
async fn a_clock_that_is_set_forward_makes_the_fire_a_missed_one() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |draft| draft.misfire = MisfirePolicy::Skip).await;
    world.clock.jump(seconds(3_602));
    world.until("it is dealt with", async || world.runs(job).await.len() > 100).await;
    let missed = world.run_where(job, |run| run.scheduled_at == row.scheduled_at).await;
    assert_eq!((missed.state, missed.reason), (RunState::Skipped, Reason::Misfire));
    assert!(!node.triggered().contains(&row.id));
}

#[actix_rt::test]
async fn after_a_crash_before_the_moment_the_row_is_sent_once_at_its_moment() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    world.restart().await;
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), [row.id]);
    assert_never_early(&node);
    world.succeed(row.id).await.unwrap();
    world.until("the next one is written ahead", async || world.runs(job).await.len() == 2).await;
    assert_eq!(world.runs(job).await[1].scheduled_at - row.scheduled_at, seconds(5), "and it goes on");
}

#[actix_rt::test]
async fn after_a_crash_across_the_moment_the_same_trigger_is_sent_to_the_same_node() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    world.crash().await;
    pass_by(&world, &row).await;
    world.boot().await;
    world.until("it is sent", async || node.triggered() == [row.id]).await;
    world.succeed(row.id).await.unwrap();
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
}

#[actix_rt::test]
async fn a_job_stopped_while_nobody_was_there_does_not_keep_the_row_ahead() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    world.crash().await;
    world.enable_without_telling(job, false).await;
    world.boot().await;
    pass_by(&world, &row).await;
    assert_eq!((world.runs(job).await, node.triggered()), (vec![], vec![]));
}

#[actix_rt::test]
async fn who_lost_the_jobs_before_the_moment_sends_nothing() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (_, row) = ahead(&world, |_| ()).await;
    let mut fenced = world.boot().await;
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), [row.id], "by the new owner, once");
    world.until("the former owner ends", async || fenced.scheduler.fatal().borrow().is_some()).await;
    fenced.kill().await;
}

#[actix_rt::test]
async fn an_orderly_stop_takes_the_row_back_and_the_next_start_treats_the_fire_as_any_missed_one() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |draft| draft.misfire = MisfirePolicy::Skip).await;
    world.during(world.scheduler().stop(Duration::from_secs(5))).await;
    assert_eq!(world.runs(job).await, []);
    world.pass(seconds(20)).await;
    drop(world.boot().await);
    let missed = world.run_where(job, |run| run.scheduled_at == row.scheduled_at).await;
    assert_eq!((missed.state, missed.reason), (RunState::Skipped, Reason::Misfire));
    assert!(!node.triggered().contains(&row.id));
}

#[actix_rt::test]
async fn a_database_that_goes_before_the_moment_delays_the_fire_and_loses_nothing() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |_| ()).await;
    faults::judge_commits(|_| CommitFault::Hang);
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), [], "nobody could ask who owns the job");
    faults::judge_commits(|_| CommitFault::None);
    world.until("it is sent", async || node.triggered().len() == 1).await;
    let fired = world.run_where(job, |run| run.scheduled_at == row.scheduled_at).await;
    assert_eq!(node.triggered(), [fired.id]);
}

#[actix_rt::test]
async fn what_may_not_be_sent_twice_or_depends_on_an_end_is_written_at_its_moment() {
    let world = World::start().await;
    let node = world.node().await;
    let at_most_once = world.job(|draft| {
        every_five_seconds(draft);
        draft.delivery = Delivery::AtMostOnce;
    });
    let at_most_once = at_most_once.await;
    let delay = world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedDelay, "5s")).await;
    world.until("both fired", async || node.triggered().len() == 2).await;
    for job in [at_most_once, delay] {
        let fired = world.only_run(job).await;
        assert!(fired.created_at >= fired.scheduled_at, "{fired:#?}");
    }
}

#[actix_rt::test]
async fn with_zero_in_the_settings_every_row_is_written_at_its_moment() {
    let world = World::start_with(|settings| settings.scheduling.plan_ahead_ms = 0).await;
    let node = world.node().await;
    let job = world.job(every_five_seconds).await;
    world.until("it fired", async || node.triggered().len() == 1).await;
    let fired = world.only_run(job).await;
    assert!(fired.created_at >= fired.scheduled_at, "{fired:#?}");
}

#[actix_rt::test]
async fn a_row_written_ahead_says_that_its_trigger_left_as_soon_as_nobody_knows_what_became_of_it() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Close);
    let (_, row) = ahead(&world, |_| ()).await;
    pass_by(&world, &row).await;
    world.run_becomes(row.id, RunState::Dispatched).await;
    assert_eq!(node.triggered().first(), Some(&row.id));
}

#[actix_rt::test]
async fn a_cancellation_keeps_its_reason_when_nobody_knows_whether_the_trigger_of_a_row_ahead_left() {
    let mut world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hang);
    let (_, row) = ahead(&world, |_| ()).await;
    pass_by(&world, &row).await;
    let asked = world.during(world.scheduler().run_cancel(row.id, "ann".into())).await.unwrap();
    assert_eq!(asked, CancelOutcome::Asked);
    world.run_becomes(row.id, RunState::Dispatched).await;
    world.crash().await;
    world.boot().await;
    assert_eq!(world.run_becomes(row.id, RunState::Cancelled).await.reason, Reason::ByUser);
}
