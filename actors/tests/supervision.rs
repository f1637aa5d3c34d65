//! A dying actor takes nobody along.

use crate::support::job::{every_hour, every_second, schedule};
use crate::support::{World, seconds};
use hzm_job_actors::{ActorReport, Ordered, Reported, SchedulerError};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::schedule::ScheduleKind;

async fn fail(world: &World, job: JobId) -> bool {
    world.during(world.scheduler().actor_fail(job)).await.unwrap()
}

async fn report(world: &World, name: &str) -> Option<ActorReport> {
    world.during(world.scheduler().actors()).await.into_iter().find(|actor| actor.name == name)
}

#[actix_rt::test]
async fn a_panic_in_one_job_leaves_the_others_on_time_and_it_comes_back_to_its_run() {
    let world = World::start().await;
    let node = world.node().await;
    let (victim, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    let other = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
        })
        .await;
    assert!(fail(&world, victim).await);
    world.pass(seconds(4)).await;
    let runs = world.runs(other).await;
    assert!(runs.len() >= 4);
    assert!(runs.iter().all(|run| run.sent_at.is_none_or(|sent| sent - run.scheduled_at < seconds(2))));
    let victim = report(&world, &format!("job/{victim}")).await.unwrap();
    assert_eq!((victim.state, victim.restarts, victim.waiting), ("running", 1, 1));
    assert!(victim.last_error.unwrap().contains("fault injection"));
    assert_eq!(world.succeed(run).await.unwrap(), Reported::Recorded);
    assert_eq!(node.triggered().iter().filter(|sent| **sent == run).count(), 1);
}

#[actix_rt::test]
async fn a_report_that_meets_a_dead_actor_is_refused_for_now_or_taken_but_never_lost() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|_| ()).await;
    world.until("it arrived", async || node.triggered() == [run]).await;
    assert!(fail(&world, job).await);
    let mut answer = world.succeed(run).await;
    while let Err(SchedulerError::Busy) = answer {
        world.pass(seconds(1)).await;
        answer = world.succeed(run).await;
    }
    assert_eq!(answer.unwrap(), Reported::Recorded);
    assert_eq!(world.only_run(job).await.state, RunState::Succeeded);
}

#[actix_rt::test]
async fn a_job_that_died_while_its_fire_is_far_away_can_still_be_ordered() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world.job(|draft| draft.schedule = every_hour()).await;
    assert!(fail(&world, job).await);
    world.pass(seconds(2)).await;
    let run = world.run_now(job).await;
    world.until("it is sent", async || node.triggered() == [run]).await;
}

/// Kills a job's actor for the nth time.
async fn dies(world: &World, job: JobId, nth: u32) {
    let name = format!("job/{job}");
    let runs = async || report(world, &name).await.is_some_and(|job| job.state == "running");
    world.until("it is there", runs).await;
    assert!(fail(world, job).await);
    let died = async || report(world, &name).await.is_some_and(|job| job.restarts == nth);
    world.until("it died", died).await;
}

#[actix_rt::test]
async fn a_row_that_a_quarantined_job_wrote_ahead_is_a_run_once_its_moment_has_passed() {
    let world = World::start().await;
    let node = world.node().await;
    let every_ten_seconds = |draft: &mut JobDraft| {
        draft.schedule = schedule(ScheduleKind::FixedRate, "10s");
        draft.overlap = OverlapPolicy::Parallel;
        draft.overlap_limit = 100;
    };
    let job = world.job(every_ten_seconds).await;
    for death in 1..=5 {
        dies(&world, job, death).await;
    }
    let row = world.run_where(job, |run| run.state == RunState::Planned).await;
    dies(&world, job, 6).await;
    world.pass(seconds(4)).await;
    let left = world.run_where(job, |run| run.id == row.id).await;
    assert_eq!((left.state, left.node), (RunState::Dispatched, row.node));
    assert!(world.during(world.scheduler().actor_release(&format!("job/{job}"))).await.unwrap());
    world.until("it is sent", async || node.triggered().contains(&row.id)).await;
}

#[actix_rt::test]
async fn a_job_that_dies_too_often_is_quarantined_until_somebody_releases_it() {
    let world = World::start().await;
    let node = world.node().await;
    let (job, run) = world.ordered(|draft| draft.overlap = OverlapPolicy::Queue).await;
    world.run_becomes(run, RunState::Running).await;
    let name = format!("job/{job}");
    for death in 1..=6 {
        dies(&world, job, death).await;
    }
    assert_eq!(report(&world, &name).await.unwrap().state, "quarantined");
    world.pass(seconds(15)).await;
    let refusal = world.order(job, |_| ()).await.unwrap_err().to_string();
    assert!(refusal.contains("quarantined"), "{refusal}");
    assert!(world.during(world.scheduler().actor_release(&name)).await.unwrap());
    assert!(!world.during(world.scheduler().actor_release(&name)).await.unwrap());
    world.until("it is there", async || report(&world, &name).await.is_some_and(|job| job.state == "running")).await;
    let Ordered::Started(next) = world.order(job, |_| ()).await.unwrap() else { panic!("not started") };
    world.succeed(run).await.unwrap();
    world.until("the next one is sent", async || node.triggered() == [run, next]).await;
}

#[actix_rt::test]
async fn a_second_scheduler_on_the_same_store_ends_the_first_which_writes_nothing_more() {
    let mut world = World::start().await;
    let node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 100;
        })
        .await;
    world.pass(seconds(2)).await;
    let first = world.boot().await;
    assert_eq!(*first.scheduler.fatal().borrow(), None);
    world.until("the first must end", async || first.scheduler.fatal().borrow().is_some()).await;
    let order = hzm_job_actors::RunOrder { job, parameters: None, node: None, by: "bob".into(), request_key: None };
    assert!(world.during(first.scheduler.run_now(order)).await.is_err());
    world.pass(seconds(4)).await;
    let runs = world.runs(job).await;
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1));
    }
    assert!(runs.iter().all(|run| run.requested_by.is_none()));
    let mut sent = node.triggered();
    sent.sort();
    sent.dedup();
    // One may be ahead of its moment.
    let due = runs.iter().filter(|run| run.state != RunState::Planned).count();
    assert_eq!(sent.len(), due);
    assert_eq!(*world.scheduler().fatal().borrow(), None);
}
