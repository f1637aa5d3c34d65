//! Jobs: created, changed, started, stopped, deleted, and recorded.

use crate::support::{at, by, done, due, job, on_each_database, opened};
use hzm_job_scheduler::job::{JobDraft, JobSpec};
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::outcome::Change;
use hzm_job_store::page::Cursor;

fn every(of: ExecutorId, interval: &str) -> JobSpec {
    let schedule =
        ScheduleDraft { kind: ScheduleKind::FixedRate, expression: interval.into(), ..ScheduleDraft::default() };
    JobDraft { schedule, ..JobDraft::new(of, "report") }.check().unwrap()
}

#[test]
fn a_job_is_created_stopped_and_read_back() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let made = done(world.store.job_create(every(executor, "30s"), by("ann", 7)).await.unwrap());
        let read = world.store.job_get(made.job.id).await.unwrap().unwrap();
        assert_eq!(read.job.spec.draft(), made.job.spec.draft());
        assert_eq!((read.job.enabled, read.job.version, read.job.anchor), (false, 1, at(7)));
        assert_eq!((read.created_at, read.updated_at), (at(7), at(7)));
    });
}

#[test]
fn a_job_needs_an_executor_that_is_there() {
    on_each_database(async |world| {
        let gone = world.executor("gone").await;
        done(world.store.executor_delete(gone, by("ann", 1)).await.unwrap());
        for missing in [gone, ExecutorId(99)] {
            let refused = world.store.job_create(job(missing, "report"), by("ann", 2)).await.unwrap();
            assert!(matches!(refused, Change::NotFound), "{refused:?}");
        }
        let executor = world.executor("billing").await;
        let id = world.job(executor, "report").await.job.id;
        let refused = world.store.job_update(id, 1, job(gone, "report"), by("ann", 3)).await.unwrap();
        assert!(matches!(refused, Change::NotFound), "{refused:?}");
    });
}

#[test]
fn only_a_changed_schedule_moves_the_anchor() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let id = done(world.store.job_create(every(executor, "30s"), by("ann", 0)).await.unwrap()).job.id;
        let renamed = JobDraft { name: "other".into(), ..every(executor, "30s").draft().clone() }.check().unwrap();
        let after = done(world.store.job_update(id, 1, renamed, by("ann", 5)).await.unwrap());
        assert_eq!((after.job.anchor, after.job.version), (at(0), 2));
        let after = done(world.store.job_update(id, 2, every(executor, "60s"), by("ann", 9)).await.unwrap());
        assert_eq!(after.job.anchor, at(9));
        let read = world.store.job_get(id).await.unwrap().unwrap();
        assert_eq!((read.job.anchor, read.job.version, read.updated_at), (at(9), 3, at(9)));
    });
}

#[test]
fn an_update_of_an_older_version_changes_nothing() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let id = world.job(executor, "report").await.job.id;
        done(world.store.job_update(id, 1, job(executor, "one"), by("ann", 1)).await.unwrap());
        let late = world.store.job_update(id, 1, job(executor, "two"), by("bob", 2)).await.unwrap();
        assert!(matches!(late, Change::Stale { version: 2 }), "{late:?}");
        assert_eq!(world.store.job_get(id).await.unwrap().unwrap().job.spec.draft().name, "one");
        let missing = world.store.job_update(JobId(99), 1, job(executor, "x"), by("bob", 2)).await.unwrap();
        assert!(matches!(missing, Change::NotFound), "{missing:?}");
    });
}

#[test]
fn starting_moves_the_anchor_and_starting_twice_changes_nothing() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        let started = done(world.store.job_enable(id, true, by("ann", 5)).await.unwrap());
        assert_eq!((started.job.enabled, started.job.anchor, started.job.version), (true, at(5), 2));
        let again = done(world.store.job_enable(id, true, by("ann", 8)).await.unwrap());
        assert_eq!((again.job.anchor, again.job.version), (at(5), 2));
        let stopped = done(world.store.job_enable(id, false, by("ann", 9)).await.unwrap());
        assert_eq!((stopped.job.enabled, stopped.job.anchor, stopped.job.version), (false, at(5), 3));
        assert!(matches!(world.store.job_enable(JobId(99), true, by("ann", 9)).await.unwrap(), Change::NotFound));
    });
}

#[test]
fn a_deleted_job_is_gone_but_its_runs_still_know_its_name() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        done(world.store.job_enable(id, true, by("ann", 1)).await.unwrap());
        let run = opened(world.open(due(id, 2)).await);
        done(world.store.job_delete(id, by("ann", 3)).await.unwrap());
        assert!(world.store.job_get(id).await.unwrap().is_none());
        assert!(matches!(world.store.job_delete(id, by("ann", 4)).await.unwrap(), Change::NotFound));
        assert!(matches!(world.store.job_enable(id, true, by("ann", 4)).await.unwrap(), Change::NotFound));
        assert!(world.store.job_sleepers((0..64).collect(), JobId(0), 10).await.unwrap().is_empty());
        assert_eq!(world.store.run_get(run).await.unwrap().unwrap().job, id);
        assert_eq!(world.store.job_names(vec![id, JobId(99)]).await.unwrap(), vec![(id, "report".to_owned())]);
    });
}

#[test]
fn every_change_of_a_job_is_recorded_field_by_field() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let id = done(world.store.job_create(every(executor, "30s"), by("ann", 0)).await.unwrap()).job.id;
        done(world.store.job_update(id, 1, every(executor, "60s"), by("bob", 1)).await.unwrap());
        done(world.store.job_enable(id, true, by("bob", 2)).await.unwrap());
        done(world.store.job_enable(id, false, by("bob", 3)).await.unwrap());
        done(world.store.job_delete(id, by("cid", 4)).await.unwrap());
        let rows = world.store.operation_page(Cursor::Newest, 5).await.unwrap().rows;
        assert!(
            rows.iter().all(|row| row.object_kind == "job" && row.object_id == id.0 && row.object_name == "report")
        );
        assert_eq!(
            rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(),
            ["delete", "stop", "start", "update", "create"]
        );
        let update = &rows[3].changes[0];
        assert_eq!((rows[3].changes.len(), update.field.as_str()), (1, "schedule.expression"));
        assert_eq!((&update.before, &update.after), (&"30s".into(), &"60s".into()));
        assert_eq!(rows[2].changes[0].field, "enabled");
    });
}
