//! The facts behind "why did it (not) run?".

use crate::support::{World, at, by, done, due, ended, on_each_database};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::explain::{Then, Verdict};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_store::explain::Answered;
use hzm_job_store::ledger::NewRun;
use hzm_job_store::run_clear::{ClearRule, ClearScope};
use serde_json::json;

/// A job of every ten seconds, created at second 0 and started at second 5.
async fn started(world: &World) -> JobId {
    let executor = world.executor("billing").await;
    let mut draft = JobDraft::new(executor, "report");
    draft.schedule = ScheduleDraft { kind: ScheduleKind::FixedRate, expression: "10s".into(), ..draft.schedule };
    let job = done(world.store.job_create(draft.check().unwrap(), by("ann", 0)).await.unwrap()).job.id;
    done(world.store.job_enable(job, true, by("ann", 5_000)).await.unwrap());
    job
}

async fn asked(world: &World, job: JobId, second: i64, now: i64) -> Answered {
    world.store.explain(job, at(second * 1_000), at(now * 1_000)).await.unwrap().unwrap()
}

#[test]
fn a_moment_is_answered_by_its_row_with_the_rows_around_it() {
    on_each_database(async |world| {
        let job = started(&world).await;
        world.open_all((1..=200).map(|n| ended(job, 5_000 + n * 10_000, RunState::Skipped))).await;
        let told = asked(&world, job, 1_005, 3_000).await;
        assert_eq!(told.explanation.verdict, Verdict::Skipped(Reason::None));
        assert_eq!(told.runs.len(), 1);
        let around: Vec<_> = told.around.iter().map(|run| run.scheduled_at).collect();
        assert_eq!(around, [at(995_000), at(1_015_000)]);
        let between = asked(&world, job, 1_009, 3_000).await;
        assert_eq!(between.explanation.verdict, Verdict::NotDue);
        assert_eq!(
            between.around.iter().map(|run| run.scheduled_at).collect::<Vec<_>>(),
            [at(1_005_000), at(1_015_000)]
        );
    });
}

#[test]
fn a_row_that_stands_for_many_is_found_from_each_of_them() {
    on_each_database(async |world| {
        let job = started(&world).await;
        world.open_all((1..=50).map(|n| ended(job, 5_000 + n * 10_000, RunState::Skipped))).await;
        let text = format!(
            "occurrences from {} to {} were missed; they are too many for a row each",
            at(515_000),
            at(90_000_000)
        );
        let many = NewRun {
            reason: Reason::MisfireMany,
            created_at: at(90_005_000),
            message: Some(text),
            ..ended(job, 90_000_000, RunState::Skipped)
        };
        let row = world.open_all([many]).await;
        let told = asked(&world, job, 5_005, 91_000).await;
        assert_eq!(told.explanation.verdict, Verdict::SharedRow);
        assert_eq!(told.runs.iter().map(|run| run.id).collect::<Vec<_>>(), row);
        assert_eq!(told.silence, Some((at(505_000), at(90_005_000))), "nothing was written in between");
        assert_eq!(asked(&world, job, 405, 91_000).await.explanation.verdict, Verdict::Skipped(Reason::None));
    });
}

#[test]
fn a_job_is_judged_by_what_it_was_then() {
    on_each_database(async |world| {
        let job = started(&world).await;
        done(world.store.job_enable(job, false, by("bob", 100_000)).await.unwrap());
        done(world.store.job_delete(job, by("eve", 200_000)).await.unwrap());
        let told = asked(&world, job, -1, 300).await;
        assert!(matches!(told.then, Then::NotYet) && told.is_whole);
        let told = asked(&world, job, 150, 300).await;
        assert_eq!(
            (told.explanation.verdict, told.explanation.act.unwrap().user),
            (Verdict::Stopped, "bob".to_owned())
        );
        let told = asked(&world, job, 250, 300).await;
        assert_eq!(
            (told.explanation.verdict, told.explanation.act.unwrap().user),
            (Verdict::Deleted, "eve".to_owned())
        );
        assert_eq!(told.operations.len(), 5, "executor and job, each change");
        let told = asked(&world, job, 95, 300).await;
        assert_eq!(told.explanation.verdict, Verdict::Overtaken);
    });
}

#[test]
fn what_is_due_without_a_row_is_a_backlog_and_what_was_cleared_says_by_whom() {
    on_each_database(async |world| {
        let job = started(&world).await;
        world.open_all([ended(job, 15_000, RunState::Succeeded), due(job, 25_000)]).await;
        assert_eq!(asked(&world, job, 35, 40).await.explanation.verdict, Verdict::Backlog);
        assert_eq!(asked(&world, job, 45, 40).await.explanation.verdict, Verdict::WillBeDue);
        assert_eq!(asked(&world, job, 25, 40).await.explanation.verdict, Verdict::Open(RunState::Waiting));
        let (all, scope) = (ClearRule::All, ClearScope { job: Some(job), executor: None, within: None });
        assert_eq!(world.store.run_clear_batch(all, scope, at(50_000)).await.unwrap(), 1);
        let noted = |job: i64| json!({ "rule": "all", "executor": null, "job": job, "removed": 1 });
        for (user, of) in [("mallory", job.0 + 1), ("zoe", job.0)] {
            let what = ("run", 0, String::new());
            world.store.operation_record(by(user, 50_000), "clear", what, noted(of)).await.unwrap();
        }
        let told = asked(&world, job, 15, 60).await;
        assert_eq!(
            (told.explanation.verdict, told.explanation.act.unwrap().user),
            (Verdict::Cleared, "zoe".to_owned())
        );
    });
}

#[test]
fn of_much_that_was_done_the_newest_twenty_are_shown_those_of_the_executor_among_them() {
    on_each_database(async |world| {
        let job = started(&world).await;
        for n in 0..24 {
            done(world.store.job_enable(job, n % 2 == 1, by("bob", 10_000 + n)).await.unwrap());
            let what = ("executor", 1, "billing".to_owned());
            world.store.operation_record(by("eve", 10_000 + n), "update", what, json!({})).await.unwrap();
            world
                .store
                .operation_record(by("zoe", 10_000 + n), "cancel", ("run", n, "".into()), json!({}))
                .await
                .unwrap();
        }
        let shown = asked(&world, job, 15, 60).await.operations;
        let ids: Vec<i64> = shown.iter().map(|operation| operation.id).collect();
        assert!(ids.is_sorted_by(|newer, older| newer > older), "newest first: {ids:?}");
        let of = |user: &str| shown.iter().filter(|operation| operation.user == user).count();
        assert_eq!((shown.len(), of("bob"), of("eve")), (20, 10, 10));
    });
}

#[test]
fn a_job_that_never_was_has_no_answer() {
    on_each_database(async |world| {
        assert!(world.store.explain(JobId(7), at(0), at(0)).await.unwrap().is_none());
    });
}
