//! Actors on threads of their own, in real time: the same deaths as in `deaths.rs`, seen from another thread. Nothing here
//! depends on how fast the machine is.

use crate::support::{breathe, by_hand};
use hzm_job_actors::{Ordered, RunOrder, Scheduler, Settings, SystemClock, start};
use hzm_job_scheduler::JobId;
use hzm_job_store::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a condition may take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !condition().await {
        assert!(since.elapsed() < PATIENCE, "waited in vain until {what}");
        breathe().await;
    }
}

async fn is_running(scheduler: &Scheduler, name: &str, deaths: u32) -> bool {
    let actors = scheduler.actors().await;
    actors.iter().any(|actor| actor.name == name && actor.state == "running" && actor.restarts == deaths)
}

async fn run(scheduler: &Scheduler, job: JobId) -> bool {
    let order = RunOrder { job, parameters: None, node: None, by: "ann".into(), request_key: None };
    matches!(scheduler.run_now(order).await, Ok(Ordered::Started(_)))
}

#[actix_rt::test]
async fn on_threads_of_their_own_a_dead_journal_shard_and_executor_come_back_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let store = Store::open(&format!("sqlite://{}/ledger.sqlite", folder.path().display()), &log).unwrap();
    let (executor, job) = by_hand(&store).await;
    let settings = Settings { threads: 2, ..Settings::default() };
    let scheduler = start(store.clone(), settings, Arc::new(SystemClock), log).await.unwrap();
    until("the first run is written", async || run(&scheduler, job).await).await;
    let executor = format!("executor/{executor}");
    for name in ["journal", "shard/0", "shard/1", &executor] {
        assert!(scheduler.actor_panic(name).await.unwrap(), "there is no {name}");
        until("it is back", async || is_running(&scheduler, name, 1).await).await;
        until("a run is written", async || run(&scheduler, job).await).await;
    }
    let written = store.run_count(hzm_job_scheduler::run::RunState::ALL.to_vec()).await.unwrap();
    assert!(written >= 5, "{written}");
    let threads: std::collections::BTreeSet<String> =
        scheduler.actors().await.into_iter().map(|actor| actor.thread).collect();
    for name in ["scheduler-1", "scheduler-2", "journal"] {
        assert!(threads.contains(name), "{threads:?}");
    }
    scheduler.stop(PATIENCE).await;
}
