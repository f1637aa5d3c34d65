//! A fire meets a run that is still going.

use crate::support::job::{every_second, retries, schedule};
use crate::support::{World, millis, seconds};
use futures_util::future::join;
use hzm_job_actors::faults::{CommitFault, Fault, arm, judge_commits};
use hzm_job_actors::{Ordered, Reported, RunOrder, RunReport, SchedulerError};
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::ledger::Entry;
use std::cell::Cell;
use std::rc::Rc;

#[actix_rt::test]
async fn under_skip_every_fire_that_meets_a_run_gets_a_row_that_says_so() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = every_second()).await;
    world.until("four rows", async || world.runs(job).await.len() == 4).await;
    let runs = world.runs(job).await;
    assert!(runs[1..].iter().all(|run| (run.state, run.reason) == (RunState::Skipped, Reason::Overlap)), "{runs:#?}");
    assert_eq!(node.triggered(), [runs[0].id]);
    world.succeed(runs[0].id).await.unwrap();
    world.until("the next fire is sent", async || node.triggered().len() == 2).await;
}

#[actix_rt::test]
async fn a_queue_takes_as_many_as_its_limit_and_sends_them_one_by_one_in_order() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Queue;
            draft.overlap_limit = 2;
        })
        .await;
    world.until("four rows", async || world.runs(job).await.len() == 4).await;
    let runs = world.runs(job).await;
    assert_eq!((runs[1].state, runs[2].state), (RunState::Waiting, RunState::Waiting));
    assert_eq!((runs[3].state, runs[3].reason), (RunState::Skipped, Reason::QueueFull));
    for sent in 1..=3 {
        world.until("the next one is sent", async || node.triggered().len() == sent).await;
        assert_eq!(node.triggered()[sent - 1], runs[sent - 1].id);
        world.succeed(runs[sent - 1].id).await.unwrap();
    }
}

#[actix_rt::test]
async fn a_run_that_waited_for_its_turn_is_no_lag_of_the_scheduler() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, first) = world.ordered(|draft| draft.overlap = OverlapPolicy::Queue).await;
    let _second = world.run_now(job).await;
    world.pass(seconds(30)).await;
    assert_eq!(node.triggered(), [first]);
    world.succeed(first).await.unwrap();
    world.until("the second one is sent", async || node.triggered().len() == 2).await;
    world.until("it is counted", async || world.scheduler().live().borrow().fired_last_minute == 2).await;
    let lag = world.scheduler().live().borrow().lag_ms;
    assert!(lag < 1_000, "{lag} ms");
}

#[actix_rt::test]
async fn parallel_runs_are_as_many_as_the_limit() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 2;
        })
        .await;
    world.until("four rows", async || world.runs(job).await.len() == 4).await;
    let runs = world.runs(job).await;
    assert!(runs[2..].iter().all(|run| (run.state, run.reason) == (RunState::Skipped, Reason::Overlap)), "{runs:#?}");
    assert_eq!(node.triggered(), [runs[0].id, runs[1].id]);
}

#[actix_rt::test]
async fn replace_cancels_the_older_run_and_sends_the_newer() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "2s");
            draft.overlap = OverlapPolicy::Replace;
        })
        .await;
    world.until("the second is sent", async || node.triggered().len() == 2).await;
    let runs = world.runs(job).await;
    world.until("the first is cancelled there", async || node.cancelled() == [runs[0].id]).await;
    world.fail(runs[0].id).await.unwrap();
    let replaced = world.store.run_get(runs[0].id).await.unwrap().unwrap();
    assert_eq!((replaced.state, replaced.reason), (RunState::Cancelled, Reason::Replaced));
}

/// Holds the database's answers back from the moment at which the first run's failure is on its way until the next fire is too:
/// the retry's row is committed, and nobody knows of it yet, when the next fire is admitted.
async fn a_retry_that_becomes_known_after_the_next_fire(world: &World, job: JobId, first: RunId) {
    let silent = Rc::new(Cell::new(true));
    let judged = silent.clone();
    judge_commits(move |_| if judged.get() { CommitFault::Hang } else { CommitFault::None });
    let report =
        RunReport { executor: world.executor, run: first, succeeded: false, code: 500, message: Some("broken".into()) };
    let later = async {
        world.pass(seconds(3)).await;
        silent.set(false);
        world.until("the retry and the next fire", async || world.runs(job).await.len() >= 3).await;
    };
    // The database is silent for longer than a node waits: the report counts all the same.
    let reported = join(world.scheduler().run_report(report), later).await.0;
    assert!(matches!(reported, Ok(Reported::Recorded) | Err(SchedulerError::Late)), "{reported:?}");
}

#[actix_rt::test]
async fn a_retry_that_becomes_known_after_the_fire_that_replaces_it_is_cancelled() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "2s");
            draft.overlap = OverlapPolicy::Replace;
            draft.retry = retries(1);
        })
        .await;
    world.until("the first is sent", async || node.triggered().len() == 1).await;
    let first = node.triggered()[0];
    a_retry_that_becomes_known_after_the_next_fire(&world, job, first).await;
    let retry = world.run_where(job, |run| run.attempt == 1).await.id;
    let retry = world.run_becomes(retry, RunState::Cancelled).await;
    assert_eq!((retry.reason, retry.sent_at), (Reason::Replaced, None));
    assert!(!node.triggered().contains(&retry.id));
}

#[actix_rt::test]
async fn of_a_backlog_under_replace_only_the_newest_fire_is_sent() {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "1s");
            draft.overlap = OverlapPolicy::Replace;
        })
        .await;
    world.crash().await;
    world.pass(seconds(4)).await;
    world.boot().await;
    world.until("a trigger", async || !node.triggers().is_empty()).await;
    let runs = world.runs(job).await;
    let sent = runs.iter().position(|run| run.id == node.triggered()[0]).unwrap();
    assert!(sent >= 2, "several were missed: {runs:#?}");
    assert!(runs[..sent].iter().all(|run| (run.state, run.reason) == (RunState::Cancelled, Reason::Replaced)));
}

#[actix_rt::test]
async fn orders_of_one_instant_meet_each_other() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.stopped_job(|_| ()).await;
    let order = RunOrder { job, parameters: None, node: None, by: "ann".into(), request_key: None };
    let both = join(world.scheduler().run_now(order.clone()), world.scheduler().run_now(order));
    let (first, second) = world.during(both).await;
    assert!(matches!((first, second), (Ok(Ordered::Started(_)), Ok(Ordered::Started(_)))));
    let runs = world.runs(job).await;
    let skipped: Vec<_> = runs.iter().filter(|run| run.state == RunState::Skipped).collect();
    assert_eq!((runs.len(), skipped.len()), (2, 1), "{runs:#?}");
    world.until("one is sent", async || node.triggers().len() == 1).await;
}

#[actix_rt::test]
async fn an_order_is_answered_although_the_run_that_it_met_ends_before_its_row_is_written() {
    let world = World::start().await;
    // Of our SDK: that it runs is not written at once, so the report is the only change of its row.
    let node = world.sdk_node("one").await;
    let (job, first) = world.ordered(|draft| draft.overlap = OverlapPolicy::Skip).await;
    world.until("it arrived", async || node.triggered() == [first]).await;
    // The first run's end is written only when the order is on its way; the order's row only long after that.
    let (may_end, may_open) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let (ends, opens) = (may_end.clone(), may_open.clone());
    judge_commits(move |entries| {
        let held = |entry: &Entry| match entry {
            Entry::Open(_) => !opens.get(),
            Entry::Change(change) => change.to == RunState::Succeeded && !ends.get(),
            Entry::Withdraw(_) | Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => false,
        };
        if entries.iter().any(held) { CommitFault::Hang } else { CommitFault::None }
    });
    let scheduler = world.scheduler().clone();
    let (executor, message) = (world.executor, Some("done".to_owned()));
    let report = RunReport { executor, run: first, succeeded: true, code: 200, message };
    let reported = actix_rt::spawn(async move { scheduler.run_report(report).await });
    world.pass(millis(500)).await;
    let scheduler = world.scheduler().clone();
    let order = RunOrder { job, parameters: None, node: None, by: "ann".into(), request_key: None };
    let ordered = actix_rt::spawn(async move { scheduler.run_now(order).await });
    world.pass(millis(500)).await;
    may_end.set(true);
    assert_eq!(world.during(reported).await.unwrap().unwrap(), Reported::Recorded);
    world.pass(seconds(3)).await;
    may_open.set(true);
    let Ordered::Started(second) = world.during(ordered).await.unwrap().unwrap() else { panic!("not started") };
    assert_eq!(world.run_becomes(second, RunState::Skipped).await.reason, Reason::Overlap);
}

#[actix_rt::test]
async fn a_run_whose_row_was_written_without_an_answer_is_met_by_the_next_fire() {
    let world = World::start_with(|settings| settings.scheduling.plan_ahead_ms = 0).await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedRate, "2s")).await;
    // The first row is committed and its answer gets lost; when it is given again the next moment has come too.
    arm("journal.after_commit", Fault::Error);
    let (is_first, silent) = (Cell::new(true), Rc::new(Cell::new(true)));
    let judged = silent.clone();
    judge_commits(move |entries| {
        let opens = entries.iter().any(|entry| matches!(entry, Entry::Open(_)));
        if opens && !is_first.replace(false) && judged.get() { CommitFault::Hang } else { CommitFault::None }
    });
    world.pass(seconds(5)).await;
    silent.set(false);
    world.until("both rows", async || world.runs(job).await.len() >= 2).await;
    let runs = world.runs(job).await;
    assert_eq!((runs[1].state, runs[1].reason), (RunState::Skipped, Reason::Overlap), "{runs:#?}");
    world.until("the first is sent", async || !node.triggered().is_empty()).await;
    assert_eq!(node.triggered(), [runs[0].id]);
}

#[actix_rt::test]
async fn a_run_whose_end_is_still_being_written_is_no_overlap() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = schedule(ScheduleKind::FixedRate, "2s")).await;
    world.until("the first is sent", async || node.triggered().len() == 1).await;
    let (first, due) = (node.triggered()[0], world.runs(job).await[0].scheduled_at);
    // The end is reported in time, and its commit takes until after the next fire is due.
    let silent = Rc::new(Cell::new(true));
    let judged = silent.clone();
    judge_commits(move |_| if judged.get() { CommitFault::Hang } else { CommitFault::None });
    let (scheduler, executor) = (world.scheduler().clone(), world.executor);
    let report = RunReport { executor, run: first, succeeded: true, code: 200, message: None };
    world.pass(due + millis(1_700) - world.clock.read()).await;
    let reported = actix_rt::spawn(async move { scheduler.run_report(report).await });
    world.pass(due + millis(2_200) - world.clock.read()).await;
    assert_eq!(node.triggered(), [first], "nothing is sent before the end stands in the ledger");
    silent.set(false);
    world.until("the next one is sent", async || node.triggered().len() == 2).await;
    assert!(matches!(reported.await, Ok(Ok(Reported::Recorded))));
    let runs = world.runs(job).await;
    assert!(runs.iter().all(|run| run.state != RunState::Skipped), "{runs:#?}");
}

#[actix_rt::test]
async fn a_fire_does_not_wait_long_for_an_end_that_is_not_written() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = schedule(ScheduleKind::FixedRate, "2s");
            // No row ahead: that one's own commit would be waited for.
            draft.delivery = Delivery::AtMostOnce;
        })
        .await;
    world.until("the first is sent", async || node.triggered().len() == 1).await;
    let first = node.triggered()[0];
    let ends = Rc::new(Cell::new(false));
    let judged = ends.clone();
    judge_commits(move |entries| {
        let is_end = |entry: &Entry| matches!(entry, Entry::Change(change) if change.to == RunState::Succeeded);
        if !judged.get() && entries.iter().any(is_end) { CommitFault::Hang } else { CommitFault::None }
    });
    let (scheduler, executor) = (world.scheduler().clone(), world.executor);
    let report = RunReport { executor, run: first, succeeded: true, code: 200, message: None };
    let _reported = actix_rt::spawn(async move { scheduler.run_report(report).await });
    world.pass(seconds(4)).await;
    ends.set(true);
    world.until("the skipped one has its row", async || world.runs(job).await.len() >= 2).await;
    assert_eq!(world.runs(job).await[1].reason, Reason::Overlap);
}
