//! Runs in virtual time: queue, cancellation and grace, panics, shutdown. No HTTP, no disk.

use super::*;
use crate::backlog::OUTBOX_LIMIT;
use crate::job::{JobFuture, JobResult};
use hzm_job_protocol::{CODE_FAILED, HANDLER_SUCCESS};
use std::collections::VecDeque;
use std::future::Future;

/// Jobs of the tests, written by hand as the macro would.
fn jobs() -> Jobs {
    let listed: [(&'static str, Start); 5] = [
        ("quick", |run, _| {
            run.message("42 rows");
            boxed(async { Ok(()) })
        }),
        ("obedient", |run, _| {
            boxed(async move {
                run.cancelled().await;
                Err("stopped".into())
            })
        }),
        ("minute", |_, _| {
            boxed(async {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(())
            })
        }),
        ("deaf", |_, _| boxed(std::future::pending())),
        ("panics", |_, _| boxed(async { panic!("row 3 is odd") })),
    ];
    listed.into_iter().collect()
}

fn boxed(job: impl Future<Output = JobResult> + Send + 'static) -> JobFuture {
    Box::pin(job)
}

struct World {
    runner: Arc<Runner>,
    desk: Arc<Desk>,
    taken: VecDeque<Arc<Report>>,
}

impl World {
    /// One run at a time, one waiting; a desk without a clerk.
    fn narrow() -> Self {
        let mut settings = Settings::new("billing".into());
        (settings.concurrency, settings.queue) = (1, 1);
        let desk = Arc::new(Desk::default());
        let log = Logger::root(slog::Discard, slog::o!());
        let runner = Arc::new(Runner::new(&settings, jobs(), Arc::clone(&desk), Handle::current(), log));
        Self { runner, desk, taken: VecDeque::new() }
    }

    fn trigger(&self, log_id: i64, name: &str) -> Admission {
        let trigger = JobHandle { log_id, job_id: 1, job_name: name.into(), job_params: None };
        let (run_id, admission) = self.runner.accept(vec![trigger]).remove(0);
        assert_eq!(run_id, log_id);
        admission
    }

    /// The next report: run, code, message. Virtual time passes until it lies there.
    async fn callback(&mut self) -> (i64, i32, String) {
        let report = loop {
            self.taken.extend(self.desk.lying());
            match self.taken.pop_front() {
                Some(report) => break report,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        report.heard();
        (report.run_id, report.code, report.message.clone().unwrap_or_default())
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_in_one_callback_with_its_message() {
    let mut world = World::narrow();
    assert_eq!(world.trigger(1, "quick"), Admission::Start);
    assert_eq!(world.callback().await, (1, HANDLER_SUCCESS, "42 rows".into()));
    world.runner.idle().await;
    assert!(world.desk.lying().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_trigger_runs_nothing_and_asks_for_the_callback_again() {
    let mut world = World::narrow();
    world.trigger(1, "minute");
    assert_eq!(world.trigger(1, "minute"), Admission::InHand);
    let first = world.callback().await;
    assert!(matches!(world.trigger(1, "minute"), Admission::Ended(_)));
    assert_eq!(world.callback().await, first);
}

#[tokio::test(start_paused = true)]
async fn runs_beyond_the_limit_wait_and_beyond_the_queue_are_refused() {
    let mut world = World::narrow();
    let started = Instant::now();
    assert_eq!(world.trigger(1, "minute"), Admission::Start);
    assert_eq!(world.trigger(2, "minute"), Admission::Start);
    assert_eq!(world.trigger(3, "minute"), Admission::Busy);
    assert_eq!((world.callback().await.0, started.elapsed().as_secs()), (1, 60));
    assert_eq!((world.callback().await.0, started.elapsed().as_secs()), (2, 120));
    assert_eq!(world.trigger(3, "minute"), Admission::Start);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_listens_ends_at_once_when_cancelled_and_says_what_it_likes() {
    let mut world = World::narrow();
    let started = Instant::now();
    world.trigger(1, "obedient");
    tokio::time::sleep(Duration::from_millis(1)).await;
    world.runner.cancel(1);
    assert_eq!(world.callback().await, (1, CODE_FAILED, "stopped".into()));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_does_not_listen_is_aborted_after_the_grace() {
    let mut world = World::narrow();
    world.trigger(1, "deaf");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let asked = Instant::now();
    world.runner.cancel(1);
    assert_eq!(world.callback().await, (1, CODE_FAILED, "cancelled".into()));
    assert_eq!(asked.elapsed().as_secs(), 10);
    world.trigger(2, "quick");
    assert_eq!(world.callback().await.0, 2, "its slot is free again");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_is_cancelled_without_ever_starting() {
    let mut world = World::narrow();
    world.trigger(1, "deaf");
    world.trigger(2, "panics");
    world.runner.cancel(2);
    world.runner.cancel(99);
    assert_eq!(world.callback().await, (2, CODE_FAILED, "cancelled".into()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_own_run_and_no_other() {
    let mut world = World::narrow();
    world.trigger(1, "panics");
    world.trigger(2, "quick");
    assert_eq!(world.callback().await, (1, CODE_FAILED, "the job panicked: row 3 is odd".into()));
    assert_eq!(world.callback().await.0, 2);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_job_ends_as_failed_and_the_message_names_the_known_ones() {
    let mut world = World::narrow();
    assert_eq!(world.trigger(1, "nobody"), Admission::Start);
    let (_, code, message) = world.callback().await;
    assert_eq!(code, CODE_FAILED);
    assert_eq!(message, "this executor has no job \"nobody\"; it has: deaf, minute, obedient, panics, quick");
}

#[tokio::test(start_paused = true)]
async fn no_run_is_taken_whose_result_could_not_be_kept() {
    let world = World::narrow();
    let waiting = Report::new(9, "billing".into(), HANDLER_SUCCESS, None);
    (0..OUTBOX_LIMIT).for_each(|_| world.desk.backlog.add(&waiting));
    assert_eq!(world.trigger(1, "quick"), Admission::Busy);
    world.desk.backlog.remove(&waiting);
    assert_eq!(world.trigger(1, "quick"), Admission::Start);
    assert_eq!(world.trigger(2, "quick"), Admission::Busy, "the first one's result counts already");
}

#[tokio::test(start_paused = true)]
async fn closing_refuses_new_runs_and_waits_for_those_in_hand() {
    let mut world = World::narrow();
    let started = Instant::now();
    world.trigger(1, "minute");
    world.runner.close();
    assert_eq!(world.trigger(2, "quick"), Admission::Closing);
    world.runner.idle().await;
    assert_eq!(started.elapsed().as_secs(), 60);
    assert_eq!(world.callback().await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn aborted_runs_send_no_callback_and_keep_nobody_waiting() {
    let world = World::narrow();
    world.trigger(1, "deaf");
    world.trigger(2, "deaf");
    tokio::task::yield_now().await;
    world.runner.abort_all();
    world.runner.idle().await;
    assert!(world.desk.lying().is_empty());
}

#[tokio::test(start_paused = true)]
async fn many_triggers_are_each_judged_as_if_they_had_come_alone() {
    let mut world = World::narrow();
    world.trigger(1, "minute");
    let trigger = |log_id| JobHandle { log_id, job_id: 1, job_name: "quick".into(), job_params: None };
    let admissions = world.runner.accept([1, 2, 2, 3].map(trigger).into());
    let expected = [(1, Admission::InHand), (2, Admission::Start), (2, Admission::InHand), (3, Admission::Busy)];
    assert_eq!(admissions, expected);
    assert_eq!((world.callback().await.0, world.callback().await.0), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_given_up_and_ends_nevertheless_is_not_reported_twice_and_spoils_no_later_run_of_its_id() {
    let mut world = World::narrow();
    world.trigger(1, "deaf");
    tokio::task::yield_now().await;
    let first = world.runner.ledger().get(1).cloned().unwrap();
    world.runner.cancel(1);
    assert_eq!(world.callback().await, (1, CODE_FAILED, "cancelled".into()));
    assert!(!world.runner.end(Outcome::cancelled(), &first.context), "it is told already");
    // As if it had been forgotten meanwhile and come again.
    let (context, _) = JobContext::new(
        JobHandle { log_id: 1, job_id: 1, job_name: "deaf".into(), job_params: None },
        &world.runner.log,
    );
    world.runner.ledger().start(1, RunInHand { context, task: Arc::default() });
    assert!(!world.runner.end(Outcome::cancelled(), &first.context));
    assert_eq!(world.runner.in_hand(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_while_it_starts_or_while_it_is_dropped_is_reported_as_well() {
    struct Sore;
    impl Drop for Sore {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    struct Ends(Sore);
    impl Future for Ends {
        type Output = JobResult;
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<JobResult> {
            let Sore = &self.0;
            std::task::Poll::Ready(Ok(()))
        }
    }
    let mut world = World::narrow();
    let runner = Arc::get_mut(&mut world.runner).unwrap();
    runner.jobs.insert("starts", |_, _| panic!("started"));
    runner.jobs.insert("ends", |_, _| Box::pin(Ends(Sore)));
    world.trigger(1, "starts");
    assert_eq!(world.callback().await, (1, CODE_FAILED, "the job panicked: started".into()));
    world.trigger(2, "ends");
    assert_eq!(world.callback().await, (2, CODE_FAILED, "the job panicked: dropped".into()));
    world.trigger(3, "quick");
    assert_eq!(world.callback().await.0, 3, "the slot is free again");
}
