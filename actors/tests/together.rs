//! Many triggers in one request, to a node that takes them so: each is judged on its own.

use crate::support::job::{every_second, retries};
use crate::support::{OnTrigger, World, seconds};
use hzm_job_actors::RunReport;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::{JobId, RunId};

const MANY: usize = 40;

/// Jobs that are due at the same moments.
async fn crowd(world: &World, change: impl Fn(&mut hzm_job_scheduler::job::JobDraft)) -> Vec<JobId> {
    let mut jobs = Vec::new();
    for _ in 0..MANY {
        let job = world.job(|draft| {
            draft.schedule = every_second();
            draft.overlap = OverlapPolicy::Skip;
            change(draft);
        });
        jobs.push(job.await);
    }
    jobs
}

#[actix_rt::test]
async fn what_is_due_at_the_same_moment_travels_in_few_requests_and_alone_where_nobody_else_is_due() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    let (_, alone) = world.ordered(|_| ()).await;
    world.run_becomes(alone, RunState::Running).await;
    assert_eq!(node.batches(), [1]);
    crowd(&world, |_| ()).await;
    world.until("all are sent", async || node.triggered().len() == MANY + 1).await;
    let batches = node.batches();
    assert!(batches.len() < MANY / 2, "{batches:?}");
    let mut runs = node.triggered();
    runs.sort_unstable();
    runs.dedup();
    assert_eq!(runs.len(), MANY + 1, "each came once");
    assert!(node.triggers().iter().all(|seen| seen.token.as_deref() == Some("s3cret")));
    assert!(
        node.triggers()
            .iter()
            .all(|seen| seen.row.as_ref().is_some_and(|row| row.node.as_ref() == Some(&node.address)))
    );
}

#[actix_rt::test]
async fn of_a_batch_some_may_be_taken_some_refused_and_some_not_spoken_of() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    node.on_trigger(OnTrigger::Even);
    let jobs = crowd(&world, |draft| draft.retry = retries(0)).await;
    world.until("all are sent", async || node.triggered().len() >= MANY).await;
    node.on_trigger(OnTrigger::Accept);
    world.pass(seconds(3)).await;
    let mut refused = 0;
    for job in jobs {
        let run = world.runs(job).await.remove(0);
        let sent = node.triggered().iter().filter(|id| **id == run.id).count();
        match run.state {
            RunState::Failed => {
                assert_eq!((run.reason, run.message.as_deref(), sent), (Reason::Refused, Some("odd"), 1))
            }
            RunState::Running => assert!(run.id.0 % 2 == 0 || sent > 1, "one that was not spoken of is asked about"),
            other => panic!("{other:?}"),
        }
        refused += usize::from(run.state == RunState::Failed);
    }
    assert!(refused >= MANY / 4, "{refused}");
}

/// A batch gets no answer that can be read: each trigger goes again to the same node, under the same number.
async fn sent_again_after(silence: OnTrigger) {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    node.on_trigger(silence);
    let jobs = crowd(&world, |_| ()).await;
    world.until("all are sent", async || node.triggered().len() >= MANY).await;
    node.on_trigger(OnTrigger::Accept);
    for job in jobs {
        let run = world.run_where(job, |run| run.state == RunState::Running).await;
        assert_eq!(run.attempt, 0);
        assert!(node.triggered().iter().filter(|id| **id == run.id).count() >= 2, "{silence:?}");
    }
}

#[actix_rt::test]
async fn a_batch_whose_connection_is_closed_is_sent_again_to_the_same_node_under_the_same_numbers() {
    sent_again_after(OnTrigger::Close).await;
}

#[actix_rt::test]
async fn a_batch_whose_answer_is_cut_is_sent_again_to_the_same_node_under_the_same_numbers() {
    sent_again_after(OnTrigger::BreakOff).await;
}

#[actix_rt::test]
async fn a_batch_with_a_foreign_answer_is_sent_again_to_the_same_node_under_the_same_numbers() {
    sent_again_after(OnTrigger::Rubbish).await;
}

#[actix_rt::test]
async fn a_batch_on_which_the_node_broke_is_sent_again_to_the_same_node_under_the_same_numbers() {
    sent_again_after(OnTrigger::Refuse(500)).await;
}

#[actix_rt::test]
async fn a_node_that_turns_out_to_know_no_batches_gets_its_triggers_one_by_one() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    node.on_trigger(OnTrigger::Alone);
    let jobs = crowd(&world, |_| ()).await;
    world.until("all are sent", async || node.triggered().len() >= MANY).await;
    let asked = node.batches().len();
    for job in jobs {
        let run = world.run_where(job, |run| run.state == RunState::Running).await;
        world.succeed(run.id).await.unwrap();
    }
    world.pass(seconds(2)).await;
    assert_eq!(node.batches().len(), asked, "it is not asked again and again");
}

#[actix_rt::test]
async fn many_results_at_once_are_each_answered_on_their_own() {
    let world = World::start().await;
    let node = world.sdk_node("one").await;
    crowd(&world, |_| ()).await;
    world.until("all are sent", async || node.triggered().len() >= MANY).await;
    let ids = node.triggered();
    let report = |run: RunId| RunReport {
        executor: world.executor,
        run,
        succeeded: true,
        code: 200,
        message: Some("done".to_owned()),
    };
    let unknown = RunId(9_000_000);
    let reports: Vec<RunReport> = [ids[0], unknown, ids[1], ids[0]].map(report).into();
    let answers = world.during(world.scheduler().runs_report(reports)).await;
    use hzm_job_actors::Reported::{AlreadyEnded, Recorded, UnknownRun};
    let said: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(said[1..3], [UnknownRun, Recorded]);
    assert!(matches!((said[0], said[3]), (Recorded, AlreadyEnded(_)) | (AlreadyEnded(_), Recorded)), "{said:?}");
    let rest = world.during(world.scheduler().runs_report(ids[2..].iter().copied().map(report).collect())).await;
    assert!(rest.iter().all(|answer| matches!(answer, Ok(Recorded))), "{rest:?}");
    for id in ids {
        assert_eq!(world.store.run_get(id).await.unwrap().unwrap().state, RunState::Succeeded);
    }
}
