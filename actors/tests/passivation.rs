//! A job that has nothing to do loses its actor; whoever wants something of it at that very moment must not notice.

use crate::support::job::every_hour;
use crate::support::{World, millis};
use hzm_job_actors::Ordered;
use hzm_job_actors::faults::{CommitFault, judge_commits};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_store::ledger::Entry;
use std::cell::Cell;
use std::rc::Rc;

/// What the database is busy with, as the test wants it.
#[derive(Default)]
struct Gate {
    ends: Cell<bool>,
    orders: Cell<bool>,
    seen: Cell<usize>,
}

impl Gate {
    /// From now on the journal's batches of ends and of orders wait while the test says so.
    fn install() -> Rc<Gate> {
        let gate = Rc::new(Gate::default());
        let judge = Rc::clone(&gate);
        judge_commits(move |entries| {
            let ends = entries.iter().any(|entry| matches!(entry, Entry::Change(change) if change.to.is_terminal()));
            let orders = entries.iter().any(|entry| matches!(entry, Entry::Open(new) if new.kind == RunKind::Manual));
            let waits = (ends && judge.ends.get()) || (orders && judge.orders.get());
            judge.seen.set(judge.seen.get() + usize::from(waits));
            if waits { CommitFault::Hang } else { CommitFault::None }
        });
        gate
    }

    async fn is_reached(&self, world: &World, what: &'static str) {
        self.seen.set(0);
        world.until(what, async || self.seen.get() > 0).await;
    }
}

/// The order meets a run that is just ending, so it is skipped; the job is idle before the row that says so is written.
#[actix_rt::test]
async fn an_order_that_meets_the_end_of_the_last_run_is_answered_although_the_job_falls_asleep() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, first) = world.ordered(|draft| draft.schedule = every_hour()).await;
    world.until("it arrived", async || node.triggered() == [first]).await;
    let gate = Gate::install();
    gate.ends.set(true);
    gate.orders.set(true);
    let (reported, ordered) = futures_util::join!(world.succeed(first), async {
        gate.is_reached(&world, "the end is being written").await;
        let (ordered, ()) = futures_util::join!(world.order(job, |_| ()), async {
            world.pass(millis(20)).await;
            gate.ends.set(false);
            gate.is_reached(&world, "the order is being written").await;
            world.pass(millis(50)).await;
            gate.orders.set(false);
        });
        ordered
    });
    assert!(reported.is_ok(), "{reported:?}");
    let Ok(Ordered::Started(second)) = ordered else { panic!("the order was not answered: {ordered:?}") };
    let row = world.run_becomes(second, RunState::Skipped).await;
    assert_eq!(row.reason, Reason::Overlap);
    assert_eq!(world.runs(job).await.len(), 2);
    let asleep = async || world.during(world.scheduler().actors()).await.iter().all(|actor| actor.kind != "job");
    world.until("the job sleeps", asleep).await;
}
