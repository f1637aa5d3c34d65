//! From a schedule to a trigger: exactly one row per occurrence, written first, sent never early and rarely late.

use crate::support::job::{every_hour, every_second, schedule};
use crate::support::{World, millis, seconds};
use chrono::{TimeDelta, Timelike};
use hzm_job_actors::Ordered;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::ledger::RequestKey;
use hzm_job_store::run::Run;

/// What counts as late here, in the world's time, which stands still while the disk works (see `World::step`).
const LATE: TimeDelta = seconds(2);

/// Each row's moment follows the one before by exactly so much.
fn assert_spaced(runs: &[Run], by: TimeDelta) {
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, by, "{:#?}", pair);
    }
}

#[actix_rt::test]
async fn a_job_of_every_second_gets_exactly_one_row_a_second_and_none_early() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 100;
        })
        .await;
    world.pass(seconds(10)).await;
    world.until("ten triggers", async || node.triggers().len() >= 10).await;
    let runs = world.runs(job).await;
    assert_eq!(runs[0].scheduled_at.nanosecond(), 0);
    assert_spaced(&runs, seconds(1));
    for trigger in node.triggers() {
        let run = runs.iter().find(|run| run.id == trigger.run()).unwrap();
        assert!(trigger.at >= run.scheduled_at, "{} arrived at {}", run.scheduled_at, trigger.at);
        let sent = run.sent_at.unwrap_or(trigger.at);
        assert!(sent - run.scheduled_at < LATE, "{} sent at {}", run.scheduled_at, sent);
    }
    assert_eq!(node.triggered().len(), runs.len(), "each run is sent once");
}

#[actix_rt::test]
async fn a_row_is_committed_before_its_node_sees_the_trigger() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .stopped_job(|draft| {
            draft.handler = "billing.nightly".into();
            draft.parameters = Some("{\"day\":3}".into());
        })
        .await;
    let run = world.run_now(job).await;
    world.until("a trigger", async || !node.triggers().is_empty()).await;
    let trigger = node.triggers().remove(0);
    let row = trigger.row.clone().unwrap();
    assert_eq!((row.id, row.state, row.node.as_deref()), (run, RunState::Dispatched, Some(node.address.as_str())));
    assert_eq!(trigger.token.as_deref(), Some("s3cret"));
    let expected = serde_json::json!({
        "logId": run.0, "jobId": job.0, "jobName": "billing.nightly", "jobParams": "{\"day\":3}"
    });
    assert_eq!(trigger.body, expected);
}

#[actix_rt::test]
async fn a_fixed_rate_counts_from_the_start_however_long_a_run_takes() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "3s");
            draft.overlap = OverlapPolicy::Parallel;
        })
        .await;
    world.until("three rows", async || world.runs(job).await.len() == 3).await;
    let runs = world.runs(job).await;
    let started = world.store.job_get(job).await.unwrap().unwrap().job.anchor;
    assert_eq!(runs[0].scheduled_at - started, seconds(3));
    assert_spaced(&runs, seconds(3));
}

#[actix_rt::test]
async fn a_fixed_delay_counts_from_the_real_end() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedDelay, "2s")).await;
    world.until("the first trigger", async || node.triggers().len() == 1).await;
    world.pass(seconds(5)).await;
    assert_eq!(world.runs(job).await.len(), 1, "while it runs nothing is due");
    world.succeed(node.triggered()[0]).await.unwrap();
    let ended = world.runs(job).await[0].finished_at.unwrap();
    world.until("the second trigger", async || node.triggers().len() == 2).await;
    assert_eq!(world.runs(job).await[1].scheduled_at, ended + seconds(2));
}

#[actix_rt::test]
async fn a_one_shot_fires_once() {
    let world = World::start().await;
    let node = world.node().await;
    let moment = world.clock.read() + seconds(4);
    let job = world.job(|draft| draft.schedule = schedule(ScheduleKind::Once, &moment.to_rfc3339())).await;
    world.until("the trigger", async || node.triggers().len() == 1).await;
    world.succeed(node.triggered()[0]).await.unwrap();
    world.pass(seconds(5)).await;
    assert_eq!(world.only_run(job).await.scheduled_at, moment);
}

#[actix_rt::test]
async fn a_job_falls_asleep_and_wakes_for_its_fire() {
    let world = World::start().await;
    let node = world.node().await;
    // 45 s is further away than the 30 s after which a job sleeps.
    let job = world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedRate, "45s")).await;
    let name = format!("job/{job}");
    let awake = async || world.scheduler().actors().await.iter().any(|actor| actor.name == name);
    assert!(!awake().await, "a job whose fire is far away has no actor");
    for fire in 1..=2 {
        world.until("a trigger", async || node.triggers().len() == fire).await;
        world.succeed(node.triggered()[fire - 1]).await.unwrap();
        world.until("it sleeps again", async || !awake().await).await;
    }
    let runs = world.runs(job).await;
    assert_spaced(&runs, seconds(45));
    assert!(runs.iter().all(|run| run.sent_at.unwrap() >= run.scheduled_at));
    assert!(runs.iter().all(|run| run.sent_at.unwrap() - run.scheduled_at < LATE));
}

#[actix_rt::test]
async fn an_edited_schedule_takes_effect_at_once_without_a_double_or_an_early_fire() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
        })
        .await;
    world.pass(seconds(3)).await;
    world.edit(job, |draft| draft.schedule = schedule(ScheduleKind::FixedRate, "2500ms")).await;
    let edited = world.store.job_get(job).await.unwrap().unwrap().job.anchor;
    world.pass(seconds(6)).await;
    let runs = world.runs(job).await;
    let (before, after): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.scheduled_at <= edited);
    assert_eq!(before.len(), 3);
    assert_eq!(after.iter().map(|run| run.scheduled_at - edited).collect::<Vec<_>>(), [millis(2_500), millis(5_000)]);
    world.edit(job, |draft| draft.schedule = every_hour()).await;
    world.pass(seconds(4)).await;
    assert_eq!(world.runs(job).await.len(), 5, "the old rate is over");
}

#[actix_rt::test]
async fn a_stopped_job_fires_no_more_and_started_again_makes_nothing_up() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
        })
        .await;
    world.pass(seconds(2)).await;
    world.enable(job, false).await;
    let stopped = world.runs(job).await.len();
    world.pass(seconds(4)).await;
    assert_eq!(world.runs(job).await.len(), stopped);
    let again = world.clock.read();
    world.enable(job, true).await;
    world.pass(seconds(2)).await;
    let runs = world.runs(job).await;
    assert_eq!(runs.len(), stopped + 2);
    assert!(runs[stopped..].iter().all(|run| run.scheduled_at > again));
}

#[actix_rt::test]
async fn a_fire_of_a_queue_that_still_waits_is_skipped_when_its_job_is_stopped_but_an_order_by_hand_is_not() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "2s");
            draft.overlap = OverlapPolicy::Queue;
        })
        .await;
    world.until("two rows", async || world.runs(job).await.len() == 2).await;
    let by_hand = world.run_now(job).await;
    world.enable(job, false).await;
    let skipped = world.run_where(job, |run| run.state == RunState::Skipped).await;
    assert_eq!((skipped.reason, skipped.kind), (Reason::Stopped, RunKind::Scheduled));
    assert_eq!(node.triggered().len(), 1);
    world.succeed(node.triggered()[0]).await.unwrap();
    world.until("the order is sent", async || node.triggered().contains(&by_hand)).await;
}

#[actix_rt::test]
async fn an_order_carries_its_parameters_its_node_and_its_author_and_repeats_by_its_key() {
    let world = World::start().await;
    let (first, second) = (world.node().await, world.node().await);
    let job = world.stopped_job(|draft| draft.overlap = OverlapPolicy::Parallel).await;
    let order = async |key: &str| {
        let order = world.order(job, |order| {
            order.parameters = Some("42".into());
            order.node = Some(second.address.clone());
            order.request_key = Some(RequestKey { key: key.into(), asked: None });
        });
        order.await.unwrap()
    };
    let Ordered::Started(run) = order("a").await else { panic!("not started") };
    assert_eq!(order("a").await, Ordered::Repeated(run));
    assert!(matches!(order("b").await, Ordered::Started(other) if other != run));
    world.until("both are sent", async || second.triggers().len() == 2).await;
    assert_eq!(first.triggers().len(), 0);
    assert_eq!(second.triggers()[0].body["jobParams"], "42");
    let row = world.store.run_get(run).await.unwrap().unwrap();
    assert_eq!((row.kind, row.requested_by.as_deref(), row.pinned), (RunKind::Manual, Some("ann"), true));
}

#[actix_rt::test]
async fn an_order_for_nothing_is_refused_in_words() {
    let world = World::start().await;
    let job = world.stopped_job(|_| ()).await;
    let elsewhere = world.order(job, |order| order.node = Some("http://127.0.0.1:1".into())).await.unwrap();
    assert_eq!(elsewhere, Ordered::UnknownNode);
    world.delete(job).await;
    assert_eq!(world.order(job, |_| ()).await.unwrap(), Ordered::UnknownJob);
    let nobody = world.order(hzm_job_scheduler::JobId(4_711), |_| ()).await.unwrap();
    assert_eq!(nobody, Ordered::UnknownJob);
}

#[actix_rt::test]
async fn a_clock_set_forward_or_back_causes_neither_a_double_nor_an_early_fire() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 1_000;
        })
        .await;
    world.pass(seconds(2)).await;
    world.clock.jump(seconds(3_600));
    world.until("the hour is made up for", async || world.runs(job).await.len() >= 3_602).await;
    world.clock.jump(seconds(-3_600));
    world.pass(seconds(3)).await;
    let runs = world.runs(job).await;
    assert_spaced(&runs, seconds(1));
    // One may be ahead of its moment.
    let runs: Vec<Run> = runs.into_iter().filter(|run| run.state != RunState::Planned).collect();
    let (sent, skipped): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.state != RunState::Skipped);
    assert!(skipped.iter().all(|run| run.reason == Reason::Misfire));
    assert_eq!(node.triggered().len(), sent.len(), "no run is sent twice");
    for trigger in node.triggers() {
        let row = trigger.row.clone().unwrap();
        assert!(trigger.at >= row.scheduled_at, "{} was sent at {}", row.scheduled_at, trigger.at);
    }
}
