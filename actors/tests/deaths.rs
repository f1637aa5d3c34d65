//! Every kind of actor dies: it is restarted under its policy, the others go on, and nothing is lost.

use crate::support::job::every_second;
use crate::support::{World, seconds};
use hzm_job_actors::supervision::{OnExhausted, RestartPolicy};
use hzm_job_actors::{ActorReport, Reported, SchedulerError, Settings};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::run::Run;

async fn panic(world: &World, name: &str) {
    assert!(world.during(world.scheduler().actor_panic(name)).await.unwrap(), "there is no {name}");
}

async fn report(world: &World, name: &str) -> Option<ActorReport> {
    world.during(world.scheduler().actors()).await.into_iter().find(|actor| actor.name == name)
}

async fn assert_runs_again(world: &World, name: &str, deaths: u32) {
    let again =
        async || report(world, name).await.is_some_and(|actor| (actor.state, actor.restarts) == ("running", deaths));
    world.until("it is restarted", again).await;
    let actor = report(world, name).await.unwrap();
    assert!(actor.last_error.unwrap().contains("fault injection") && actor.last_error_at.is_some());
}

/// A job of every second whose runs never meet, and one run of another job that its node has.
async fn busy(world: &World) -> (JobId, RunId) {
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    let ticking = world.job(|draft| {
        draft.schedule = every_second();
        draft.overlap = OverlapPolicy::Parallel;
        draft.overlap_limit = 1_000;
    });
    (ticking.await, run)
}

async fn assert_nothing_was_lost(world: &World, ticking: JobId, run: RunId) {
    world.pass(seconds(4)).await;
    let mut runs = world.runs(ticking).await;
    assert!(runs.len() >= 6, "{}", runs.len());
    runs.sort_by_key(|run| run.scheduled_at);
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1));
    }
    let mut answer = world.succeed(run).await;
    while let Err(SchedulerError::Busy) = answer {
        world.pass(seconds(1)).await;
        answer = world.succeed(run).await;
    }
    assert_eq!(answer.unwrap(), Reported::Recorded);
}

async fn assert_survives(name: &str) {
    let world = World::start().await;
    let _node = world.node().await;
    let (ticking, run) = busy(&world).await;
    world.pass(seconds(2)).await;
    panic(&world, name).await;
    assert_runs_again(&world, name, 1).await;
    assert_nothing_was_lost(&world, ticking, run).await;
}

#[actix_rt::test]
async fn the_death_of_a_shard_loses_nothing() {
    assert_survives("shard/0").await;
}

#[actix_rt::test]
async fn the_death_of_the_journal_loses_nothing() {
    assert_survives("journal").await;
}

#[actix_rt::test]
async fn the_death_of_an_executors_actor_loses_nothing() {
    assert_survives("executor/1").await;
}

#[actix_rt::test]
async fn the_death_of_the_actors_of_a_node_loses_nothing_and_is_reported() {
    let world = World::start().await;
    let node = world.node().await;
    let (ticking, run) = busy(&world).await;
    for parent in ["shard/0", "executor/1"] {
        let name = format!("{parent}/node/{}", node.address);
        world.until("it was needed", async || report(&world, &name).await.is_some()).await;
        panic(&world, &name).await;
        assert_runs_again(&world, &name, 1).await;
    }
    assert_nothing_was_lost(&world, ticking, run).await;
}

#[actix_rt::test]
async fn nobody_panics_under_a_name_that_is_none() {
    let world = World::start().await;
    for name in ["registry", "shard/7", "executor/99", "shard/0/node/http://127.0.0.1:1", "job/x", "journal/1", "shard"]
    {
        assert!(!world.during(world.scheduler().actor_panic(name)).await.unwrap(), "{name}");
    }
}

/// A world in which the first death of a job exhausts its policy.
async fn exhausted_at_once(what: OnExhausted) -> World {
    let policy = RestartPolicy { max_restarts: 0, on_exhausted: what, ..RestartPolicy::default() };
    World::start_with(|settings: &mut Settings| settings.supervision.job = policy).await
}

#[actix_rt::test]
async fn restart_parent_restarts_the_shard_with_all_its_jobs_and_nothing_is_lost() {
    let world = exhausted_at_once(OnExhausted::RestartParent).await;
    let _node = world.node().await;
    let (ticking, run) = busy(&world).await;
    let victim = world.store.run_get(run).await.unwrap().unwrap().job;
    world.pass(seconds(2)).await;
    panic(&world, &format!("job/{victim}")).await;
    world
        .until("the shard is restarted", async || {
            report(&world, "shard/0").await.is_some_and(|shard| (shard.state, shard.restarts) == ("running", 1))
        })
        .await;
    assert_nothing_was_lost(&world, ticking, run).await;
}

#[actix_rt::test]
async fn shutdown_ends_the_process_with_the_name_and_the_reason() {
    let world = exhausted_at_once(OnExhausted::Shutdown).await;
    let job = world.stopped_job(|_| ()).await;
    panic(&world, &format!("job/{job}")).await;
    world.until("it must end", async || world.scheduler().fatal().borrow().is_some()).await;
    let why = world.scheduler().fatal().borrow().clone().unwrap();
    assert!(why.contains(&format!("job/{job} died too often")) && why.contains("fault injection"), "{why}");
}

#[actix_rt::test]
async fn a_storm_of_deaths_is_restarted_a_part_at_a_time_while_the_others_stay_on_time() {
    let world = World::start().await;
    let _node = world.node().await;
    let (ticking, run) = busy(&world).await;
    let mut jobs = Vec::new();
    for _ in 0..120 {
        jobs.push(world.stopped_job(|_| ()).await);
    }
    world.pass(seconds(1)).await;
    for job in &jobs {
        panic(&world, &format!("job/{job}")).await;
    }
    let since = world.clock.read();
    world.pass(seconds(6)).await;
    let batches = world.logged.count(slog::Level::Info, "restarting the actors of jobs");
    assert!(batches >= 3, "{batches}");
    for run in world.runs(ticking).await.iter().filter(|run| run.scheduled_at > since && run.sent_at.is_some()) {
        assert!(run.sent_at.unwrap() - run.scheduled_at < seconds(2), "{run:#?}");
    }
    assert_nothing_was_lost(&world, ticking, run).await;
}

/// A job of every second in quarantine, and how many rows it had by then.
async fn quarantined() -> (World, JobId) {
    let world = exhausted_at_once(OnExhausted::Quarantine).await;
    let _node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 1_000;
        })
        .await;
    world.pass(seconds(2)).await;
    panic(&world, &format!("job/{job}")).await;
    let gone = async || report(&world, &format!("job/{job}")).await.is_some_and(|actor| actor.state == "quarantined");
    world.until("it is quarantined", gone).await;
    let told =
        format!("job {job} does not fire until it is released: page Actors, or POST /api/v1/actors/job/{job}/release");
    assert_eq!(world.logged.count(slog::Level::Critical, &told), 1);
    world.pass(seconds(4)).await;
    (world, job)
}

/// Waits until all seconds up to `until` have exactly one row, none of which can be taken back any more; answers how many of
/// them are skipped because they were superseded.
async fn superseded(world: &World, job: JobId, until: chrono::DateTime<chrono::Utc>) -> usize {
    let sorted = async || {
        let mut runs = world.runs(job).await;
        runs.sort_by_key(|run| run.scheduled_at);
        runs
    };
    let complete = async || {
        let runs = sorted().await;
        let follows = |pair: &[Run]| pair[1].scheduled_at - pair[0].scheduled_at == seconds(1);
        let reaches =
            runs.last().is_some_and(|last| last.scheduled_at <= until && until - last.scheduled_at < seconds(1));
        reaches && runs.windows(2).all(follows) && runs.iter().all(|run| run.state != RunState::Planned)
    };
    world.until("each second has its row", complete).await;
    let runs = sorted().await;
    let skipped = runs.iter().filter(|run| (run.state, run.reason) == (RunState::Skipped, Reason::Superseded));
    skipped.count()
}

#[actix_rt::test]
async fn what_was_due_while_a_job_was_quarantined_has_its_rows_when_the_job_is_stopped() {
    let (world, job) = quarantined().await;
    let stopped = world.clock.read();
    world.enable(job, false).await;
    assert!(superseded(&world, job, stopped).await >= 4);
}

#[actix_rt::test]
async fn what_was_due_while_a_job_was_quarantined_has_its_rows_when_the_schedule_is_edited() {
    let (world, job) = quarantined().await;
    let edited = world.clock.read();
    world.edit(job, |draft| draft.schedule = crate::support::job::every_hour()).await;
    assert!(superseded(&world, job, edited).await >= 4);
    world.enable(job, false).await;
    assert!(superseded(&world, job, edited).await >= 4, "the second change adds nothing");
}

#[actix_rt::test]
async fn what_was_due_while_a_job_was_quarantined_has_its_rows_when_it_is_deleted_and_its_runs_are_cancelled() {
    let (world, job) = quarantined().await;
    let deleted = world.clock.read();
    world.delete(job).await;
    assert!(superseded(&world, job, deleted).await >= 4);
    let open = async || world.runs(job).await.iter().any(|run| !run.state.is_terminal());
    world.until("nothing of it is open", async || !open().await).await;
}

#[actix_rt::test]
async fn a_quarantined_job_that_is_stopped_and_started_again_keeps_its_rows_and_goes_on_when_released() {
    let (world, job) = quarantined().await;
    let stopped = world.clock.read();
    world.enable(job, false).await;
    assert!(superseded(&world, job, stopped).await >= 4);
    world.enable(job, true).await;
    let rows = world.runs(job).await.len();
    assert!(world.during(world.scheduler().actor_release(&format!("job/{job}"))).await.unwrap());
    world.until("it fires again", async || world.runs(job).await.len() > rows + 1).await;
}

#[actix_rt::test]
async fn fires_that_wait_for_the_database_have_their_rows_although_the_job_is_stopped_meanwhile() {
    use hzm_job_actors::faults::{CommitFault, judge_commits};
    let world = World::start().await;
    let _node = world.node().await;
    let (ticking, _) = busy(&world).await;
    world.pass(seconds(2)).await;
    // The job's rows are refused while its definition changes.
    judge_commits(|_| CommitFault::Refuse(hzm_job_store::StoreError::PoolExhausted));
    world.pass(seconds(3)).await;
    let stopped = world.clock.read();
    world.enable(ticking, false).await;
    judge_commits(|_| CommitFault::None);
    superseded(&world, ticking, stopped).await;
}
