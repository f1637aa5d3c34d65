//! Rows written ahead whose writer was killed before their moment: what is provably unsent is decided about anew, and what may
//! have been sent keeps its row.

use crate::ahead::{ahead, pass_by};
use crate::support::{World, millis, seconds};
use futures_util::future::join;
use hzm_job_actors::RunReport;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::run::Run;

fn skips_what_was_missed(draft: &mut JobDraft) {
    draft.misfire = MisfirePolicy::Skip;
    draft.parameters = Some("old".into());
}

#[actix_rt::test]
async fn a_job_stopped_just_before_a_crash_and_its_moment_does_not_fire_after_it() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, skips_what_was_missed).await;
    world.enable_without_telling(job, false).await;
    world.crash().await;
    pass_by(&world, &row).await;
    world.boot().await;
    world.until("the row is taken back", async || world.runs(job).await.is_empty()).await;
    world.pass(seconds(3)).await;
    assert_eq!((world.runs(job).await, node.triggered()), (vec![], vec![]));
}

#[actix_rt::test]
async fn a_job_deleted_just_before_a_crash_and_its_moment_leaves_no_row() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, skips_what_was_missed).await;
    world.crash().await;
    world.delete_without_telling(job).await;
    pass_by(&world, &row).await;
    world.boot().await;
    world.until("the row is taken back", async || world.runs(job).await.is_empty()).await;
    assert_eq!(node.triggered(), []);
}

#[actix_rt::test]
async fn a_moment_that_another_schedule_no_longer_has_does_not_come_about_after_a_crash() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, skips_what_was_missed).await;
    world
        .edit_without_telling(job, |draft| {
            draft.schedule = crate::support::job::schedule(ScheduleKind::FixedRate, "1h")
        })
        .await;
    world.crash().await;
    pass_by(&world, &row).await;
    world.boot().await;
    world.until("the row is taken back", async || world.runs(job).await.is_empty()).await;
    assert_eq!(node.triggered(), []);
}

#[actix_rt::test]
async fn what_was_edited_before_the_moment_is_what_is_executed_after_a_crash() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, skips_what_was_missed).await;
    world.edit_without_telling(job, |draft| draft.parameters = Some("new".into())).await;
    world.crash().await;
    pass_by(&world, &row).await;
    world.boot().await;
    world.until("it is sent", async || !node.triggered().is_empty()).await;
    let fired = world.only_run(job).await;
    assert_eq!((fired.scheduled_at, fired.parameters.as_deref()), (row.scheduled_at, Some("new")));
    assert_eq!(node.triggered(), [fired.id]);
}

#[actix_rt::test]
async fn an_edit_after_the_moment_leaves_what_may_have_been_sent_as_it_was() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, skips_what_was_missed).await;
    world.crash().await;
    pass_by(&world, &row).await;
    world.edit_without_telling(job, |draft| draft.parameters = Some("new".into())).await;
    world.boot().await;
    world.until("it is sent", async || node.triggered() == [row.id]).await;
    assert_eq!(world.only_run(job).await.parameters.as_deref(), Some("old"));
}

/// A run was going on at the moment of a row ahead, and the admin was dead then; what the moment brought.
async fn met_over_a_crash(policy: OverlapPolicy, state: RunState) -> Run {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |draft| draft.overlap = policy).await;
    let by_hand = world.run_now(job).await;
    world.run_becomes(by_hand, RunState::Running).await;
    world.crash().await;
    pass_by(&world, &row).await;
    world.boot().await;
    let met = world.run_where(job, |run| run.scheduled_at == row.scheduled_at && run.state == state).await;
    assert_eq!((met.sent_at, node.triggered()), (None, vec![by_hand]));
    met
}

#[actix_rt::test]
async fn a_row_that_met_an_open_run_is_skipped_after_a_crash_under_skip() {
    assert_eq!(met_over_a_crash(OverlapPolicy::Skip, RunState::Skipped).await.reason, Reason::Overlap);
}

#[actix_rt::test]
async fn a_row_that_met_an_open_run_waits_its_turn_after_a_crash_under_queue() {
    assert_eq!(met_over_a_crash(OverlapPolicy::Queue, RunState::Waiting).await.reason, Reason::None);
}

/// A run takes the place of another one, perhaps over a crash: the older one is told to end before the newer one is sent.
async fn takes_the_place(crashes: bool) {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, |draft| draft.overlap = OverlapPolicy::Replace).await;
    let by_hand = world.run_now(job).await;
    world.run_becomes(by_hand, RunState::Running).await;
    if crashes {
        world.crash().await;
    }
    pass_by(&world, &row).await;
    if crashes {
        world.boot().await;
    }
    world.until("the newer one is sent", async || node.triggered().len() == 2).await;
    let asked = node.everything();
    let told = asked.iter().position(|seen| seen.path == "/api/job-cancel" && seen.run() == by_hand);
    let sent = asked.iter().rposition(|seen| seen.path == "/api/job-handle");
    assert!(told.is_some() && told < sent, "{asked:#?}");
}

#[actix_rt::test]
async fn who_takes_the_place_of_another_run_is_sent_after_that_one_was_told_to_end() {
    takes_the_place(false).await;
}

#[actix_rt::test]
async fn who_takes_the_place_of_another_run_over_a_crash_is_sent_after_that_one_was_told_to_end() {
    takes_the_place(true).await;
}

#[actix_rt::test]
async fn a_run_that_ends_while_its_job_is_looked_at_again_and_again_does_not_come_back() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.stopped_job(|draft| draft.overlap = OverlapPolicy::Skip).await;
    for _ in 0..25 {
        let run = world.run_now(job).await;
        world.until("it arrived", async || node.triggered().contains(&run)).await;
        let report = RunReport { executor: world.executor, run, succeeded: true, code: 200, message: None };
        let looked_at = async {
            for _ in 0..12 {
                world.scheduler().job_changed(job).await.unwrap();
            }
        };
        let (reported, ()) = world.during(join(world.scheduler().run_report(report), looked_at)).await;
        reported.unwrap();
        world.pass(millis(300)).await;
        assert_eq!(node.triggered().iter().filter(|id| **id == run).count(), 1, "run {run} came once");
    }
    assert!(world.runs(job).await.iter().all(|run| run.state == RunState::Succeeded));
}
