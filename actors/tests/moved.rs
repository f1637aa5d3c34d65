//! A job that is moved to another executor while runs of it are open: each of those stays with the executor in its row.

use crate::support::{FakeNode, World, job::retries, millis, seconds};
use hzm_job_actors::{CancelOutcome, Reported};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::outcome::Change;

/// The world, a job whose first run goes on at `old`, and the executor that the job was moved to then.
struct Moved {
    world: World,
    old: FakeNode,
    new: FakeNode,
    to: ExecutorId,
    job: JobId,
    first: RunId,
}

/// Moves a job of which one run goes on, and so many more wait where its policy lets them.
async fn moved(waiting: usize, change: impl FnOnce(&mut JobDraft)) -> Moved {
    let world = World::start_with(|settings| settings.scheduling.beat_every_ms = 1_000).await;
    let to = world.other_executor("shipping", "0ther").await;
    let (old, new) = (world.node().await, world.node_of(to).await);
    let (job, first) = world.ordered(change).await;
    world.run_becomes(first, RunState::Running).await;
    for _ in 0..waiting {
        world.run_now(job).await;
    }
    world.edit(job, |draft| draft.executor = to).await;
    Moved { world, old, new, to, job, first }
}

fn tokens(node: &FakeNode) -> Vec<Option<String>> {
    node.everything().into_iter().map(|seen| seen.token).collect()
}

#[actix_rt::test]
async fn a_run_that_waits_goes_to_the_new_executor_and_its_report_is_taken_from_there() {
    let Moved { world, old, new, to, job, first } = moved(2, |draft| draft.overlap = OverlapPolicy::Queue).await;
    assert_eq!(world.succeed(first).await.unwrap(), Reported::Recorded, "the first one belongs to the old executor");
    world.until("the second one arrived", async || new.triggered().len() == 1).await;
    let second = new.triggered()[0];
    assert_eq!(new.triggers()[0].row.as_ref().map(|row| row.executor), Some(to), "written before it was sent");
    assert_eq!(world.report_as(to, second, 200, "done").await.unwrap(), Reported::Recorded);
    world.until("the third one arrived", async || new.triggered().len() == 2).await;
    assert_eq!(old.triggered(), [first]);
    assert!(world.runs(job).await.iter().skip(1).all(|run| run.executor == to));
}

#[actix_rt::test]
async fn a_run_is_lost_with_the_node_of_its_own_executor_and_tried_again_at_the_new_one() {
    let Moved { world, old, new, to, job, first } = moved(0, |draft| draft.retry = retries(1)).await;
    old.down();
    assert_eq!(world.run_becomes(first, RunState::Lost).await.reason, Reason::NodeOffline);
    let again = world.run_where(job, |run| run.attempt == 1 && run.state == RunState::Running).await;
    assert_eq!((again.executor, new.triggered()), (to, vec![again.id]));
}

#[actix_rt::test]
async fn a_cancellation_goes_to_the_runs_own_node_with_its_own_secret() {
    let Moved { world, old, new, first, .. } = moved(0, |_| ()).await;
    let outcome = world.during(world.scheduler().run_cancel(first, "ann".into())).await.unwrap();
    assert_eq!(outcome, CancelOutcome::Asked);
    world.until("it was told", async || old.cancelled() == [first]).await;
    assert!(tokens(&old).iter().all(|token| token.as_deref() == Some("s3cret")), "{:?}", tokens(&old));
    assert!(tokens(&new).iter().all(|token| token.as_deref() == Some("0ther")), "{:?}", tokens(&new));
}

#[actix_rt::test]
async fn after_a_restart_a_run_is_sent_again_to_its_own_node_with_its_own_secret() {
    let world = World::start().await;
    let to = world.other_executor("shipping", "0ther").await;
    let (old, new) = (world.sdk_node("one").await, world.node_of(to).await);
    let mut world = world;
    let (job, first) = world.ordered(|_| ()).await;
    world.until("it arrived", async || old.triggered() == [first]).await;
    // The ledger says "dispatched" still: a quarter of a second has not passed since a node of our SDK took it.
    world.crash().await;
    world.edit_without_telling(job, |draft| draft.executor = to).await;
    world.boot().await;
    world.until("it arrived again", async || old.triggered() == [first, first]).await;
    world.pass(millis(300)).await;
    assert!(tokens(&old).iter().all(|token| token.as_deref() == Some("s3cret")), "{:?}", tokens(&old));
    assert_eq!(new.triggers().len(), 0);
    assert_eq!(world.succeed(first).await.unwrap(), Reported::Recorded);
}

#[actix_rt::test]
async fn an_executor_that_is_deleted_after_its_jobs_were_moved_leaves_no_run_open() {
    let Moved { world, first, .. } = moved(0, |_| ()).await;
    let deleted = world.store.executor_delete(world.executor, world.by()).await.unwrap();
    assert!(matches!(deleted, Change::Done(_)), "{deleted:?}");
    world.during(world.scheduler().executor_changed(world.executor)).await.unwrap();
    assert_eq!(world.run_becomes(first, RunState::Lost).await.reason, Reason::NodeOffline);
    world.pass(seconds(1)).await;
}
