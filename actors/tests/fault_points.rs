//! Every place between a fire and its acknowledged report × everything that can go wrong there: whatever fails, each fire
//! has one row with an outcome, and a node that recognises ids executes each attempt once.
//!
//! The points come from the crate's own list, so a new one cannot be forgotten; one that no story reaches fails.

use crate::support::job::retries;
use crate::support::{FakeNode, World, seconds};
use hzm_job_actors::faults::{self, Fault, POINTS};
use hzm_job_actors::{Reported, SchedulerError};
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::run::Run;
use std::collections::BTreeSet;

/// One story: a job that fires every second on our SDK, whose first attempts fail and whose second ones succeed; the
/// fault goes off at its point once the first fire has been seen to the end without one.
struct Story {
    world: World,
    /// Two, so that a run that reached both would be seen.
    nodes: [FakeNode; 2],
    job: JobId,
    /// Attempts whose report was taken.
    reported: BTreeSet<RunId>,
}

impl Story {
    async fn begin(point: &str) -> Story {
        // These two are passed by rows that are written at their moment only.
        let at_its_moment = matches!(point, "job.planned" | "job.opened");
        let world = World::start_with(|settings| {
            if at_its_moment {
                settings.scheduling.plan_ahead_ms = 0;
            }
        });
        let world = world.await;
        let nodes = [world.sdk_node("one").await, world.sdk_node("two").await];
        let job = world.job(|draft| {
            draft.schedule = crate::support::job::schedule(hzm_job_scheduler::schedule::ScheduleKind::FixedRate, "1s");
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 1_000;
            draft.delivery = Delivery::AtLeastOnce;
            draft.retry = retries(2);
        });
        let job = job.await;
        Story { world, nodes, job, reported: BTreeSet::new() }
    }

    /// The node reports what it was given and has not reported yet, as our SDK does: again, until it is taken.
    async fn report(&mut self) {
        let given = self.given();
        for run in given.difference(&self.reported.clone()) {
            let row = self.world.store.run_get(*run).await.unwrap().unwrap();
            let answer = if row.attempt == 0 { self.try_report(*run, false) } else { self.try_report(*run, true) };
            match answer.await {
                Some(Ok(Reported::Recorded | Reported::AlreadyEnded(_))) => {
                    self.reported.insert(*run);
                }
                Some(Err(SchedulerError::Busy | SchedulerError::Unavailable(_))) | None => {}
                Some(other) => panic!("run {run} of {}: {other:?}", row.job),
            }
        }
    }

    /// One report; `None`: nobody answered within two seconds, and the caller hangs up.
    async fn try_report(&self, run: RunId, succeeded: bool) -> Option<Result<Reported, SchedulerError>> {
        let report = async { if succeeded { self.world.succeed(run).await } else { self.world.fail(run).await } };
        tokio::time::timeout(std::time::Duration::from_secs(2), report).await.ok()
    }

    async fn go_on(&mut self, time: i64) {
        for _ in 0..time * 2 {
            self.world.pass(crate::support::millis(500)).await;
            self.report().await;
        }
    }

    /// The runs that the nodes were given.
    fn given(&self) -> BTreeSet<RunId> {
        self.nodes.iter().flat_map(FakeNode::triggered).collect()
    }

    async fn rows(&self) -> Vec<Run> {
        let mut rows = self.world.runs(self.job).await;
        rows.sort_by_key(|run| (run.scheduled_at, run.attempt));
        rows
    }

    /// Stops the schedule, sees everything to its end and checks the promises.
    async fn end(mut self, what: &str) {
        self.world.enable(self.job, false).await;
        for _ in 0..30 {
            self.go_on(1).await;
            if self.rows().await.iter().all(|run| run.state.is_terminal()) {
                break;
            }
        }
        let rows = self.rows().await;
        assert!(rows.iter().all(|run| run.state.is_terminal()), "{what}: something is open: {rows:#?}");
        let fires: Vec<&Run> = rows.iter().filter(|run| run.attempt == 0).collect();
        assert!(fires.len() >= 5, "{what}: {} fires", fires.len());
        for pair in fires.windows(2) {
            assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1), "{what}: one row per fire: {pair:#?}");
        }
        let known: BTreeSet<RunId> = rows.iter().map(|run| run.id).collect();
        let triggered = self.given();
        let [first, second] =
            self.nodes.each_ref().map(|node| node.triggered().into_iter().collect::<BTreeSet<RunId>>());
        assert!(first.is_disjoint(&second), "{what}: a run that one node may have was given to another");
        assert!(triggered.is_subset(&known), "{what}: a trigger without a row");
        for run in &rows {
            let was_executed = triggered.contains(&run.id);
            let says_so = matches!(run.state, RunState::Succeeded | RunState::Failed);
            assert_eq!(was_executed, says_so, "{what}: what the node did is what the row says: {run:#?}");
            assert!(run.state != RunState::Lost && run.state != RunState::TimedOut, "{what}: {run:#?}");
        }
        for trigger in self.nodes.iter().flat_map(FakeNode::triggers) {
            let row = trigger.row.expect("written before sent");
            assert!(trigger.at >= row.scheduled_at, "{what}: never early");
        }
    }
}

async fn tell(point: &'static str, fault: Fault) {
    let what = format!("{fault:?} at {point}");
    let mut story = Story::begin(point).await;
    story.go_on(2).await;
    faults::arm(point, fault);
    story.go_on(4).await;
    assert!(faults::was_met(), "{what}: no story comes by this point");
    if fault == Fault::Crash {
        story.world.restart().await;
    }
    story.go_on(1).await;
    story.end(&what).await;
}

fn tell_all(fault: Fault) {
    for point in POINTS {
        // A system each: paused time begins anew.
        actix_rt::System::new().block_on(tell(point, fault));
    }
}

#[test]
fn an_actor_may_panic_at_any_point() {
    tell_all(Fault::Panic);
}

#[test]
fn the_process_may_be_killed_at_any_point() {
    tell_all(Fault::Crash);
}

#[test]
fn anything_may_fail_at_any_point() {
    tell_all(Fault::Error);
}
