//! Somebody sets the wall clock while the scheduler runs, or the machine sleeps. (The beats of nodes have their own test in
//! `liveness.rs`, a job of every second in `firing.rs`.)

use crate::support::job::{every_hour, retries, schedule};
use crate::support::{World, millis, seconds};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use slog::Level;

/// By then whatever a forward jump made due must have been dealt with, in the world's time.
const SOON: chrono::TimeDelta = millis(1_500);

#[actix_rt::test]
async fn a_sleeping_job_deals_with_what_it_missed_within_about_a_second_of_a_jump_and_the_log_tells_of_it() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = every_hour()).await;
    world.pass(seconds(1)).await;
    world.clock.jump(seconds(2 * 3_600 + 600));
    let jumped = world.clock.read();
    world.until("the newest is sent", async || node.triggered().len() == 1).await;
    assert!(world.clock.read() - jumped <= SOON, "{}", world.clock.read() - jumped);
    let runs = world.runs(job).await;
    assert_eq!(runs.iter().map(|run| run.reason).collect::<Vec<_>>(), [Reason::Misfire, Reason::None]);
    world.pass(seconds(2)).await;
    assert_eq!(world.logged.count(Level::Warning, "the wall clock went forward"), 1);
}

#[actix_rt::test]
async fn after_a_jump_back_nothing_fires_twice_or_early_and_the_schedule_goes_on_when_the_clock_has_passed_again() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "5s");
            draft.overlap = OverlapPolicy::Parallel;
        })
        .await;
    world.until("two fires", async || node.triggered().len() == 2).await;
    world.clock.jump(seconds(-20));
    world.pass(seconds(18)).await;
    assert_eq!(node.triggered().len(), 2, "the same moments once more are nobody's");
    world.until("the next fires", async || node.triggered().len() == 4).await;
    let runs = world.runs(job).await;
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(5));
    }
    for trigger in node.triggers() {
        assert!(trigger.at >= trigger.row.unwrap().scheduled_at);
    }
    assert_eq!(world.logged.count(Level::Warning, "the wall clock was set back"), 1);
}

async fn assert_timeout_unmoved_by(jump: chrono::TimeDelta) {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|draft| draft.timeout_ms = 6_000).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    world.run_becomes(run, RunState::Running).await;
    world.clock.jump(jump);
    world.pass(seconds(4)).await;
    assert_eq!(world.store.run_get(run).await.unwrap().unwrap().state, RunState::Running);
    world.pass(seconds(3)).await;
    assert_eq!(world.store.run_get(run).await.unwrap().unwrap().state, RunState::TimedOut);
}

#[actix_rt::test]
async fn a_timeout_is_a_span_that_a_jump_forward_does_not_shorten() {
    assert_timeout_unmoved_by(seconds(3_600)).await;
}

#[actix_rt::test]
async fn a_timeout_is_a_span_that_a_jump_back_does_not_lengthen() {
    assert_timeout_unmoved_by(seconds(-3_600)).await;
}

#[actix_rt::test]
async fn a_retry_that_waits_does_not_sleep_across_a_jump_forward() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world
        .ordered(|draft| {
            draft.retry = retries(1);
            draft.retry.interval_ms = 50_000;
        })
        .await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    world.fail(run).await.unwrap();
    world.clock.jump(seconds(60));
    let jumped = world.clock.read();
    world.until("the second attempt is sent", async || node.triggered().len() == 2).await;
    assert!(world.clock.read() - jumped <= SOON);
}

#[actix_rt::test]
async fn a_legacy_client_that_calls_in_across_a_jump_is_not_taken_for_a_new_program() {
    let world = World::start().await;
    let node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    world.clock.jump(seconds(3_600));
    world.register(&node, None).await;
    world.pass(seconds(1)).await;
    assert_eq!(world.store.run_get(run).await.unwrap().unwrap().state, RunState::Running);
}
