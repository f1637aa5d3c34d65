//! After a crash: every fire that was due is accounted for, and every open run is taken up.

use crate::support::job::{every_second, schedule};
use crate::support::{OnTrigger, World, seconds};
use hzm_job_actors::Reported;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::{Delivery, JobDraft};
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::job_import::{MOST_AT_ONCE, NewJob};
use hzm_job_store::run::Run;

#[actix_rt::test]
async fn a_run_that_was_being_sent_is_sent_again_to_the_same_node_under_the_same_id() {
    let mut world = World::start().await;
    let (first, second) = (world.node().await, world.node().await);
    first.on_trigger(OnTrigger::Hang);
    second.on_trigger(OnTrigger::Hang);
    let (job, run) = world.ordered(|_| ()).await;
    let triggered = async || [first.triggered(), second.triggered()].concat();
    world.until("it arrived", async || triggered().await.len() == 1).await;
    let node = if first.triggers().is_empty() { &second } else { &first };
    world.restart().await;
    world.until("it arrived again", async || triggered().await.len() == 2).await;
    assert_eq!(node.triggered(), [run, run]);
    assert_eq!(world.only_run(job).await.attempt, 0);
}

#[actix_rt::test]
async fn a_run_that_was_being_sent_and_may_not_run_twice_is_lost() {
    let mut world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hang);
    let (_, run) = world.ordered(|draft| draft.delivery = Delivery::AtMostOnce).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    world.restart().await;
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::CrashWhileSending);
    assert_eq!(node.triggered(), [run]);
}

/// A job of every second that misses nine seconds to a crash, and its rows some seconds later.
async fn missed_nine_seconds(policy: MisfirePolicy) -> Vec<Run> {
    let mut world = World::start().await;
    let _node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.misfire = policy;
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 100;
        })
        .await;
    world.pass(seconds(2)).await;
    world.crash().await;
    world.pass(seconds(9)).await;
    world.boot().await;
    world.pass(seconds(2)).await;
    let runs = world.runs(job).await;
    assert!(runs.len() >= 12, "{}", runs.len());
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1), "every second has exactly one row");
    }
    runs
}

fn misfires(runs: &[Run]) -> Vec<&Run> {
    let skipped: Vec<&Run> = runs.iter().filter(|run| run.state == RunState::Skipped).collect();
    assert!(skipped.iter().all(|run| run.reason == Reason::Misfire), "{skipped:#?}");
    skipped
}

#[actix_rt::test]
async fn missed_seconds_are_recorded_and_not_executed_under_skip() {
    let runs = missed_nine_seconds(MisfirePolicy::Skip).await;
    let skipped = misfires(&runs);
    assert!((3..=5).contains(&skipped.len()), "all that were more than five seconds late: {}", skipped.len());
}

#[actix_rt::test]
async fn of_the_missed_seconds_the_newest_is_executed_under_fire_once() {
    let runs = missed_nine_seconds(MisfirePolicy::FireOnce).await;
    let last = misfires(&runs).last().unwrap().scheduled_at;
    let next = runs.iter().find(|run| run.scheduled_at == last + seconds(1)).unwrap();
    assert!(next.created_at - next.scheduled_at > seconds(5), "the newest of the late ones was executed: {next:#?}");
}

#[actix_rt::test]
async fn all_missed_seconds_are_executed_under_fire_all() {
    let runs = missed_nine_seconds(MisfirePolicy::FireAll).await;
    assert!(misfires(&runs).is_empty());
}

#[actix_rt::test]
async fn a_hopeless_backlog_shares_one_row_and_still_fires_once() {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 100;
        })
        .await;
    world.crash().await;
    world.clock.jump(seconds(4 * 3_600));
    world.boot().await;
    world.until("it fires", async || node.triggers().len() >= 5).await;
    let runs = world.runs(job).await;
    assert_eq!((runs[0].state, runs[0].reason), (RunState::Skipped, Reason::MisfireMany));
    assert!(runs[0].message.as_deref().unwrap().contains("missed"));
    assert!(runs[1].created_at - runs[1].scheduled_at > seconds(5), "one for what was missed");
    assert!(runs[1..].iter().all(|run| run.state != RunState::Skipped), "the others are on time: {runs:#?}");
    assert!(runs.len() < 12);
}

/// A run that its node has, and a restart of the scheduler.
async fn running_over_a_restart(
    world: &mut World,
    node: &crate::support::FakeNode,
) -> (JobId, hzm_job_scheduler::RunId) {
    let (job, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    world.run_becomes(run, RunState::Running).await;
    world.restart().await;
    world.pass(seconds(2)).await;
    (job, run)
}

#[actix_rt::test]
async fn a_running_run_of_a_legacy_node_is_left_alone_and_may_report() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, run) = running_over_a_restart(&mut world, &node).await;
    assert_eq!(node.triggered(), [run], "a legacy node would run it a second time");
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
}

#[actix_rt::test]
async fn a_running_run_of_a_legacy_node_that_stays_silent_is_lost() {
    let mut world = World::start_with(|settings| settings.scheduling.silent_after_restart_ms = 6_000).await;
    let node = world.node().await;
    let (_, run) = running_over_a_restart(&mut world, &node).await;
    let row = world.run_becomes(run, RunState::Lost).await;
    assert_eq!(row.reason, Reason::Silence);
}

#[actix_rt::test]
async fn a_running_run_of_our_sdk_is_asked_for_by_its_id() {
    let mut world = World::start().await;
    let node = world.sdk_node("one").await;
    let (job, run) = running_over_a_restart(&mut world, &node).await;
    assert_eq!(node.triggered(), [run, run]);
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
}

#[actix_rt::test]
async fn a_running_run_that_may_not_run_twice_is_not_asked_for_because_a_new_process_would_execute_it() {
    let mut world = World::start().await;
    let node = world.sdk_node("one").await;
    let (_, run) = world.ordered(|draft| draft.delivery = Delivery::AtMostOnce).await;
    world.run_becomes(run, RunState::Running).await;
    world.restart().await;
    world.pass(seconds(8)).await;
    assert_eq!(node.triggered(), [run], "the one trigger before the restart");
    world.register(&node, Some("two")).await;
    assert_eq!(world.run_becomes(run, RunState::Lost).await.reason, Reason::NodeRestarted);
    assert_eq!(node.triggered(), [run]);
}

#[actix_rt::test]
async fn a_report_that_comes_while_the_job_is_not_yet_awake_is_taken_or_asked_for_again() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    world.run_becomes(run, RunState::Running).await;
    world.restart().await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
}

#[actix_rt::test]
async fn what_a_job_that_was_deleted_meanwhile_left_open_is_cancelled_and_nothing_of_it_is_sent() {
    let mut world = World::start_with(|settings| settings.scheduling.cancel_grace_ms = 2_000).await;
    let node = world.node().await;
    let (job, running) = world.ordered(|draft| draft.overlap = OverlapPolicy::Queue).await;
    let waiting = world.run_now(job).await;
    world.run_becomes(running, RunState::Running).await;
    world.crash().await;
    let by = world.by();
    world.store.job_delete(job, by).await.unwrap();
    world.boot().await;
    for run in [waiting, running] {
        let row = world.run_becomes(run, RunState::Cancelled).await;
        assert_eq!(row.reason, Reason::Deleted);
    }
    assert_eq!((node.triggered(), node.cancelled()), (vec![running], vec![running]));
}

#[actix_rt::test]
async fn a_fire_that_waited_is_skipped_when_its_job_was_stopped_meanwhile() {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Queue;
        })
        .await;
    world.until("one waits", async || world.runs(job).await.len() == 2).await;
    world.crash().await;
    world.enable_without_telling(job, false).await;
    world.boot().await;
    let row = world.run_where(job, |run| run.state == RunState::Skipped).await;
    assert_eq!(row.reason, Reason::Stopped);
    assert_eq!(node.triggered().len(), 1 + usize::from(world.runs(job).await[0].state == RunState::Dispatched));
}

#[actix_rt::test]
async fn an_orderly_stop_leaves_no_run_in_doubt() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|draft| draft.delivery = Delivery::AtMostOnce).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    let scheduler = world.scheduler().clone();
    world.during(scheduler.stop(std::time::Duration::from_secs(5))).await;
    assert_eq!(world.only_run(job).await.state, RunState::Running, "that the node has it is written down");
    world.boot().await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
}

#[actix_rt::test]
async fn executors_stand_in_the_tables_before_any_job_can_ask_for_its_nodes() {
    let world = World::start().await;
    assert!(world.process.knew_executor);
    let card = world.scheduler().executor_by_key("billing").unwrap();
    assert_eq!((card.id, card.secret.as_deref()), (world.executor, Some("s3cret")));
    assert!(world.scheduler().executor_by_key("nobody").is_none());
}

/// Jobs that are due once a year, started in the store while nobody looks.
async fn sleepers(world: &World, many: usize) {
    let mut draft = JobDraft::new(world.executor, "sleeper");
    draft.schedule = schedule(ScheduleKind::Cron, "0 0 0 1 1 ?");
    let new = NewJob { spec: draft.check().unwrap(), enabled: true, key: None };
    for some in vec![new; many].chunks(MOST_AT_ONCE) {
        world.store.job_create_all(some.to_vec(), world.by()).await.unwrap();
    }
}

#[actix_rt::test]
async fn a_job_behind_thousands_that_sleep_has_its_rows_and_its_open_run_after_a_restart() {
    let mut world = World::start().await;
    let node = world.node().await;
    world.crash().await;
    sleepers(&world, 2_100).await;
    world.boot().await;
    let job = world.job(|draft| draft.schedule = every_second()).await;
    world.until("it fires", async || !node.triggers().is_empty()).await;
    world.crash().await;
    let before = world.runs(job).await.len();
    world.pass(seconds(9)).await;
    world.boot().await;
    world.pass(seconds(2)).await;
    let runs = world.runs(job).await;
    assert!(runs.len() >= before + 9, "{} after {before}", runs.len());
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1), "every second has exactly one row");
    }
    let first = world.runs(job).await.remove(0);
    assert_eq!(world.succeed(first.id).await.unwrap(), Reported::Recorded, "the run that was open is taken up");
}
