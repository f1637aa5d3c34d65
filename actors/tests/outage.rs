//! A database that is away, that does not answer, or that will never take what it is given.

use crate::support::job::every_second;
use crate::support::{OnTrigger, World, seconds};
use futures_util::future::join_all;
use hzm_job_actors::faults::{CommitFault, judge_commits};
use hzm_job_actors::{Ordered, Reported, RunOrder, RunReport, SchedulerError};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_store::StoreError;
use hzm_job_store::ledger::Entry;
use slog::Level;
use std::cell::Cell;
use std::rc::Rc;

const POISON: &str = "poison";

/// A database that panics at one text, wherever it stands.
fn poisonous(entries: &[Entry]) -> CommitFault {
    let is_poison = |text: &Option<String>| text.as_deref() == Some(POISON);
    let found = entries.iter().any(|entry| match entry {
        Entry::Open(new) => is_poison(&new.parameters),
        Entry::Change(change) => is_poison(&change.known.message),
        Entry::Withdraw(_) | Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => false,
    });
    if found { CommitFault::Refuse(StoreError::Panicked { what: "poison".into() }) } else { CommitFault::None }
}

/// A job of every second whose runs never meet.
async fn ticking(world: &World) -> JobId {
    let job = world.job(|draft| {
        draft.schedule = every_second();
        draft.overlap = OverlapPolicy::Parallel;
        draft.overlap_limit = 1_000;
    });
    job.await
}

async fn assert_every_second_has_its_row(world: &World, job: JobId, at_least: usize) {
    world.until("the rows are written", async || world.runs(job).await.len() >= at_least).await;
    let mut runs = world.runs(job).await;
    runs.sort_by_key(|run| run.scheduled_at);
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1));
    }
}

#[actix_rt::test]
async fn an_order_that_the_database_never_takes_is_refused_in_words_and_the_others_of_its_batch_are_written() {
    let world = World::start().await;
    let _node = world.node().await;
    judge_commits(poisonous);
    let job = world.stopped_job(|draft| draft.overlap = OverlapPolicy::Parallel).await;
    let order = |parameters: &str| {
        let parameters = Some(parameters.to_owned());
        let order = RunOrder { job, parameters, node: None, by: "ann".into(), request_key: None };
        world.scheduler().run_now(order)
    };
    let orders = join_all([order("a"), order("b"), order(POISON), order("c"), order("d")]);
    let answers = world.during(orders).await;
    for (index, answer) in answers.iter().enumerate() {
        match answer {
            Err(SchedulerError::Refused(why)) => assert!(index == 2 && why.contains("poison"), "{index}: {why}"),
            Ok(Ordered::Started(_)) => assert_ne!(index, 2),
            other => panic!("{index}: {other:?}"),
        }
    }
    assert_eq!(world.runs(job).await.len(), 4);
    assert_eq!(world.logged.count(Level::Error, "the database refuses an entry"), 1);
    assert_eq!(world.scheduler().is_writing(), Ok(()));
}

#[actix_rt::test]
async fn each_fire_of_a_job_that_the_database_never_takes_fails_with_a_row_and_no_other_job_misses_one() {
    let world = World::start().await;
    let node = world.node().await;
    judge_commits(poisonous);
    let other = ticking(&world).await;
    let job = world
        .job(|draft| {
            draft.schedule = every_second();
            draft.parameters = Some(POISON.into());
        })
        .await;
    world.pass(seconds(6)).await;
    assert_every_second_has_its_row(&world, job, 4).await;
    assert_every_second_has_its_row(&world, other, 6).await;
    let runs = world.runs(job).await;
    assert!(runs.iter().all(|run| (run.state, run.reason) == (RunState::Failed, Reason::Unstorable)), "{runs:#?}");
    assert!(runs[0].message.as_deref().unwrap().contains("poison"));
    assert!(node.triggered().len() >= 5);
}

#[actix_rt::test]
async fn a_backlog_with_one_refused_row_is_written_row_by_row() {
    let mut world = World::start().await;
    let _node = world.node().await;
    let job = ticking(&world).await;
    world.crash().await;
    world.clock.jump(seconds(20));
    // The database takes all but one of the missed seconds.
    let unlucky = world.clock.read() - seconds(10);
    judge_commits(move |entries| {
        let hit = |new: &hzm_job_store::ledger::NewRun| {
            new.reason != Reason::Unstorable && (unlucky - new.scheduled_at).abs() < crate::support::millis(500)
        };
        let found = entries.iter().any(|entry| matches!(entry, Entry::Open(new) if hit(new)));
        if found { CommitFault::Refuse(StoreError::Panicked { what: "unlucky".into() }) } else { CommitFault::None }
    });
    world.boot().await;
    assert_every_second_has_its_row(&world, job, 21).await;
    let unstorable = world.runs(job).await.iter().filter(|run| run.reason == Reason::Unstorable).count();
    assert_eq!(unstorable, 1);
}

#[actix_rt::test]
async fn a_report_whose_text_cannot_be_stored_still_ends_its_run() {
    let world = World::start().await;
    let _node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    judge_commits(poisonous);
    let message = Some(POISON.to_owned());
    let report = RunReport { executor: world.executor, run, succeeded: true, code: 200, message };
    assert_eq!(world.during(world.scheduler().run_report(report)).await.unwrap(), Reported::Recorded);
    let row = world.run_becomes(run, RunState::Succeeded).await;
    assert!(row.message.unwrap().contains("cannot be stored"));
}

#[actix_rt::test]
async fn a_database_that_is_away_for_minutes_costs_no_fire_and_is_told_of_once() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(2)).await;
    let away = Rc::new(Cell::new(true));
    let judged = away.clone();
    judge_commits(
        move |_| if judged.get() { CommitFault::Refuse(StoreError::PoolExhausted) } else { CommitFault::None },
    );
    world.pass(seconds(20)).await;
    world.clock.jump(seconds(180));
    world.pass(seconds(20)).await;
    let why = world.scheduler().is_writing().unwrap_err();
    assert!(why.contains("takes no writes") && why.contains("no database connection"), "{why}");
    away.set(false);
    world.until("writing", async || world.scheduler().is_writing().is_ok()).await;
    assert_every_second_has_its_row(&world, job, 222).await;
    assert_eq!(world.logged.count(Level::Error, "the database takes no writes"), 1);
    assert_eq!(world.logged.count(Level::Info, "the database takes writes again"), 1);
}

#[actix_rt::test]
async fn refused_writes_are_told_when_they_begin_and_once_a_minute_with_their_cause() {
    let world = World::start().await;
    let _node = world.node().await;
    let _job = ticking(&world).await;
    world.pass(seconds(2)).await;
    judge_commits(|_| CommitFault::Refuse(StoreError::PoolExhausted));
    world.pass(seconds(150)).await;
    assert_eq!(world.logged.count(Level::Error, "the database takes no writes"), 3);
    assert!(world.scheduler().not_writing_for().is_some_and(|lasts| lasts.as_secs() > 140));
}

#[actix_rt::test]
async fn a_stop_ends_within_its_patience_whatever_it_waits_for() {
    let world = World::start().await;
    let node = world.node().await;
    node.on_trigger(OnTrigger::Hang);
    let (_, _run) = world.ordered(|_| ()).await;
    world.until("its trigger is under way", async || !node.triggers().is_empty()).await;
    judge_commits(|_| CommitFault::Hang);
    let since = world.clock.read();
    world.during(world.scheduler().stop(std::time::Duration::from_secs(6))).await;
    assert!(world.clock.read() - since < seconds(7), "{}", world.clock.read() - since);
    assert_eq!(world.logged.count(Level::Info, "stopping; waiting for triggers under way"), 1);
}

#[actix_rt::test]
async fn a_database_that_says_not_now_condemns_no_entry_though_small_writes_go_through() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(2)).await;
    let full = Rc::new(Cell::new(true));
    let judged = full.clone();
    judge_commits(move |entries| match judged.get() && !entries.is_empty() {
        true => CommitFault::Refuse(StoreError::PoolExhausted),
        false => CommitFault::None,
    });
    world.pass(seconds(30)).await;
    assert!(world.scheduler().is_writing().is_err());
    full.set(false);
    assert_every_second_has_its_row(&world, job, 32).await;
    assert!(world.runs(job).await.iter().all(|run| run.reason != Reason::Unstorable));
}

#[actix_rt::test]
async fn a_report_that_cannot_be_written_is_answered_before_the_originals_client_gives_up_and_counts_all_the_same() {
    let world = World::start().await;
    let _node = world.node().await;
    let (_, run) = world.ordered(|_| ()).await;
    world.run_becomes(run, RunState::Running).await;
    let silent = Rc::new(Cell::new(true));
    let judged = silent.clone();
    judge_commits(move |_| if judged.get() { CommitFault::Hang } else { CommitFault::None });
    for _ in 0..2 {
        let since = world.clock.read();
        assert!(matches!(world.succeed(run).await, Err(SchedulerError::Late)), "also when it comes again");
        assert!(world.clock.read() - since < seconds(3));
    }
    silent.set(false);
    world.run_becomes(run, RunState::Succeeded).await;
    assert_eq!(world.succeed(run).await.unwrap(), Reported::AlreadyEnded(RunState::Succeeded));
}

#[actix_rt::test]
async fn a_refusal_in_unknown_words_convicts_no_entry_while_others_of_its_size_are_refused_too() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = ticking(&world).await;
    world.pass(seconds(2)).await;
    let full = Rc::new(Cell::new(true));
    let judged = full.clone();
    // Even the rehearsal, which is shown as a batch of nothing.
    judge_commits(move |_| match judged.get() {
        true => CommitFault::Refuse(StoreError::Panicked { what: "no room, said in a language of its own".into() }),
        false => CommitFault::None,
    });
    world.pass(seconds(30)).await;
    assert!(world.scheduler().is_writing().unwrap_err().contains("takes no writes"));
    full.set(false);
    assert_every_second_has_its_row(&world, job, 32).await;
    assert!(world.runs(job).await.iter().all(|run| run.reason != Reason::Unstorable));
}

#[actix_rt::test]
async fn a_batch_that_is_too_much_at_a_time_is_written_in_parts_whatever_the_database_says_of_it() {
    let world = World::start().await;
    let _node = world.node().await;
    let job = world.stopped_job(|draft| draft.overlap = OverlapPolicy::Parallel).await;
    // As a server does whose largest packet is smaller than the batch: it closes the connection.
    judge_commits(|entries| match entries.len() > 3 {
        true => CommitFault::Refuse(StoreError::PoolExhausted),
        false => CommitFault::None,
    });
    let order = || RunOrder { job, parameters: None, node: None, by: "ann".into(), request_key: None };
    let answers = world.during(join_all((0..20).map(|_| world.scheduler().run_now(order())))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ordered::Started(_)))), "{answers:?}");
    assert_eq!(world.runs(job).await.len(), 20);
}

#[actix_rt::test]
async fn while_the_database_does_not_answer_what_waits_is_bounded_and_no_fire_is_lost() {
    let world = World::start().await;
    let _node = world.node().await;
    let ticking = ticking(&world).await;
    let job = world.stopped_job(|draft| draft.overlap = OverlapPolicy::Parallel).await;
    world.pass(seconds(2)).await;
    let silent = Rc::new(Cell::new(true));
    let judged = silent.clone();
    judge_commits(move |_| if judged.get() { CommitFault::Hang } else { CommitFault::None });
    let order = || {
        let scheduler = world.scheduler().clone();
        let parameters = Some("x".repeat(60_000));
        let order = RunOrder { job, parameters, node: None, by: "ann".into(), request_key: None };
        actix_rt::spawn(async move { scheduler.run_now(order).await })
    };
    let orders: Vec<_> = (0..1_500).map(|_| order()).collect();
    world.pass(seconds(15)).await;
    assert!(world.scheduler().is_writing().unwrap_err().contains("has not answered"));
    let journal = world.during(world.scheduler().actors()).await.into_iter().find(|actor| actor.kind == "journal");
    assert!(journal.unwrap().waiting < 300, "64 MiB of four times 60 kB each");
    silent.set(false);
    let answers = world.during(join_all(orders)).await;
    let refused = answers.iter().filter(|answer| matches!(answer, Ok(Err(SchedulerError::Busy)))).count();
    let late = answers.iter().filter(|answer| matches!(answer, Ok(Err(SchedulerError::Late)))).count();
    assert!(refused > 1_200 && refused + late == 1_500, "{refused} refused, {late} late");
    world.until("those that were late are written", async || world.runs(job).await.len() == late).await;
    assert_every_second_has_its_row(&world, ticking, 17).await;
    assert_eq!(world.logged.count(Level::Error, "the database does not answer"), 1);
}
