//! A job whose definition is being changed at the moment of its fire: the database may take its time, and the admin may be killed.

use crate::ahead::{ahead, pass_by};
use crate::support::{World, seconds};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobDraft;

fn old(draft: &mut JobDraft) {
    draft.parameters = Some("old".into());
}

/// Waits until the only run of a job has arrived, and answers its parameters.
async fn executed(world: &World, node: &crate::support::FakeNode, job: JobId) -> Option<String> {
    world.until("it is sent", async || !node.triggered().is_empty()).await;
    world.pass(seconds(2)).await;
    let fired = world.runs(job).await.into_iter().find(|run| node.triggered().contains(&run.id)).unwrap();
    assert_eq!(node.triggered().iter().filter(|id| **id == fired.id).count(), 1);
    fired.parameters
}

#[actix_rt::test]
async fn an_edit_that_is_being_written_at_the_moment_of_a_fire_is_waited_for_and_a_crash_then_executes_nothing_twice() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, old).await;
    let hold = world.scheduler().job_hold(job);
    world.edit_without_telling(job, |draft| draft.parameters = Some("new".into())).await;
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), [], "nothing leaves under a definition that may be over");
    world.crash().await;
    drop(hold);
    world.boot().await;
    world.until("it is sent", async || !node.triggered().is_empty()).await;
    let of_moment: Vec<_> =
        world.runs(job).await.into_iter().filter(|run| run.scheduled_at == row.scheduled_at).collect();
    assert_eq!(of_moment.len(), 1);
    assert_eq!(of_moment.first().unwrap().parameters.as_deref(), Some("new"));
    assert_eq!(node.triggered().first(), of_moment.first().map(|run| &run.id));
}

#[actix_rt::test]
async fn what_left_before_a_change_was_dated_keeps_its_row_over_a_crash() {
    let mut world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, old).await;
    pass_by(&world, &row).await;
    world.until("it is sent", async || node.triggered() == [row.id]).await;
    world.delete_without_telling(job).await;
    world.crash().await;
    world.boot().await;
    world
        .until("it is asked to end", async || node.everything().iter().any(|seen| seen.path == "/api/job-cancel"))
        .await;
    assert_eq!(world.only_run(job).await.id, row.id);
    assert_eq!(node.triggered(), [row.id]);
}

#[actix_rt::test]
async fn a_change_that_is_refused_lets_the_job_fire_as_it_was() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, old).await;
    let hold = world.scheduler().job_hold(job);
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), []);
    hold.unchanged();
    assert_eq!(executed(&world, &node, job).await.as_deref(), Some("old"));
    assert!(node.triggered().contains(&row.id));
}

#[actix_rt::test]
async fn a_job_that_nobody_told_of_its_change_looks_for_itself_before_it_fires() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, old).await;
    let hold = world.scheduler().job_hold(job);
    world.edit_without_telling(job, |draft| draft.parameters = Some("new".into())).await;
    hold.changed(world.version(job).await);
    pass_by(&world, &row).await;
    assert_eq!(executed(&world, &node, job).await.as_deref(), Some("new"));
}

#[actix_rt::test]
async fn of_a_change_that_nobody_knows_the_outcome_of_the_store_is_asked() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, row) = ahead(&world, old).await;
    let hold = world.scheduler().job_hold(job);
    world.edit_without_telling(job, |draft| draft.parameters = Some("new".into())).await;
    pass_by(&world, &row).await;
    assert_eq!(node.triggered(), []);
    drop(hold);
    assert_eq!(executed(&world, &node, job).await.as_deref(), Some("new"));
}
