//! What start-up reads of started jobs: enough to let them sleep, and never a moment that is too late.

use crate::support::{World, at, by, done, due, on_each_database};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::partition::{PARTITIONS, partition_of};
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_store::sleeper::Sleeper;

/// Jobs of every half minute, started at the first moment.
async fn started(world: &World, many: usize) -> Vec<JobId> {
    let executor = world.executor("billing").await;
    let mut ids = Vec::new();
    for number in 0..many {
        let mut draft = JobDraft::new(executor, format!("job {number}"));
        draft.schedule =
            ScheduleDraft { kind: ScheduleKind::FixedRate, expression: "30s".into(), ..ScheduleDraft::default() };
        let id = done(world.store.job_create(draft.check().unwrap(), by("ann", 0)).await.unwrap()).job.id;
        done(world.store.job_enable(id, true, by("ann", 0)).await.unwrap());
        ids.push(id);
    }
    ids
}

async fn sleepers(world: &World, after: JobId, limit: i64) -> Vec<Sleeper> {
    world.store.job_sleepers((0..PARTITIONS).collect(), after, limit).await.unwrap()
}

fn ids(sleepers: &[Sleeper]) -> Vec<JobId> {
    sleepers.iter().map(|sleeper| sleeper.job).collect()
}

#[test]
fn started_jobs_are_walked_through_in_the_order_of_their_ids() {
    on_each_database(async |world| {
        let jobs = started(&world, 5).await;
        done(world.store.job_enable(jobs[1], false, by("ann", 1)).await.unwrap());
        assert_eq!(ids(&sleepers(&world, JobId(0), 2).await), vec![jobs[0], jobs[2]]);
        assert_eq!(ids(&sleepers(&world, jobs[2], 9).await), vec![jobs[3], jobs[4]]);
    });
}

#[test]
fn each_part_of_the_partitions_has_its_own_jobs() {
    on_each_database(async |world| {
        let jobs = started(&world, 6).await;
        let parts = |odd: i64| (0..PARTITIONS).filter(|part| part % 2 == odd).collect::<Vec<_>>();
        for odd in [0, 1] {
            let found = world.store.job_sleepers(parts(odd), JobId(0), 9).await.unwrap();
            let mine: Vec<JobId> = jobs.iter().copied().filter(|job| partition_of(*job) % 2 == odd).collect();
            assert_eq!(ids(&found), mine);
        }
        assert!(world.store.job_sleepers(Vec::new(), JobId(0), 9).await.unwrap().is_empty());
    });
}

#[test]
fn a_sleeper_is_due_when_its_checkpoint_says_or_earlier() {
    on_each_database(async |world| {
        let job = started(&world, 1).await[0];
        let next = async || {
            let sleeper = sleepers(&world, JobId(0), 1).await.remove(0);
            sleeper.progress.next(&sleeper.schedule.unwrap()).unwrap()
        };
        assert_eq!(next().await, at(30_000));
        world.open_all([due(job, 30_000)]).await;
        assert_eq!(next().await, at(30_000), "rows beyond the mark are left to the full question");
        world.checkpoint().await;
        assert_eq!(next().await, at(60_000));
    });
}
