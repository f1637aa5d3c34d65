//! Who does it: the actors.
//!
//! ```text
//! Registry                        root supervisor; on the thread that called start()
//! ├── Journal                     the only writer of runs; a thread of its own
//! ├── ExecutorActor  (each one)   its nodes and their liveness; publishes whom to dispatch to
//! │   └── NodeActor  (each node)  for beats only
//! └── Shard          (each one)   one thread: the agenda of its sleeping jobs, and
//!     ├── JobActor   (each awake) how one fire becomes one run
//!     └── NodeActor  (each node)  sends triggers and cancellations from this thread
//! ```
//!
//! Data goes one way: time → agenda → job → journal (commit) → node → wire; report → front door → job → journal → answer.
//! Awaiting follows these arrows; what flows back is a fact. No actor holds the truth: each is a cache of rows, and
//! starting one, waking one and restarting one that died are the same path.

#[macro_use]
mod fault_point;

mod by_shard;
mod clock;
mod directory;
mod dispatch;
mod error;
mod executor_actor;
#[cfg(feature = "faults")]
pub mod faults;
mod front_door;
mod hold;
mod holds;
mod job_actor;
mod journal;
mod live;
mod messages;
mod node_actor;
mod obituary;
mod ownership;
mod predecessor;
mod record;
mod registry;
mod scribe;
pub mod settings;
mod shard;
mod shard_door;
mod superseded;
pub mod supervision;
mod surroundings;
mod taken;
mod threads;
mod wards;

pub use clock::{Clock, SystemClock};
pub use directory::{ExecutorCard, Quarantine};
pub use directory::{NO_NODE, OTHER_SECRET};
pub use dispatch::outward::OutwardError;
pub use error::{SchedulerError, StartError};
pub use front_door::Scheduler;
pub use hold::Hold;
pub use live::LiveFigures;
pub use messages::{ActorReport, CancelOutcome, Ordered, Reported, RunOrder, RunReport};
pub use predecessor::Predecessor;
pub use settings::{SchedulingSettings, Settings, SupervisionSettings};

use chrono::TimeDelta;
use hzm_job_store::Store;
use std::sync::Arc;
use tokio::sync::watch;

/// How long the lease on the partitions is said to hold. A single admin keeps them until another one takes them.
pub(crate) const LEASE: TimeDelta = TimeDelta::days(36_500);

/// Takes the partitions over, starts all actors and answers the front door. Call it inside an actix system; it is the
/// recovery path as well: what an earlier process left open is taken up.
///
/// # Errors
/// [`StartError`] when the store cannot be read, or a file that the settings name.
pub async fn start(
    store: Store,
    settings: Settings,
    clock: Arc<dyn Clock>,
    log: slog::Logger,
) -> Result<Scheduler, StartError> {
    obituary::listen_to_panics();
    let outward = dispatch::outward::Outward::load(&settings.egress)?;
    let started_at = clock.now();
    let predecessor = if store.is_on_server() { Predecessor::of(store.partition_owner().await?) } else { None };
    let epoch = store.partition_claim_all(predecessor::our_name(), started_at + LEASE).await?;
    let taken = store.taken_settle(epoch).await?;
    if taken > 0 {
        slog::info!(log, "runs that nodes had taken when the last scheduler ended are running"; "runs" => taken);
    }
    if let Some(predecessor) = &predecessor {
        slog::warn!(log, "another scheduler held this database and did not give it back: it crashed, or it still runs. This \
            one takes over; one that still runs ends by itself"; "other" => &predecessor.name,
            "since" => predecessor.since.to_rfc3339());
    }
    let executors = executors(&store).await?;
    slog::info!(log, "scheduler starts"; "epoch" => epoch, "executors" => executors.len(), "threads" => settings.threads);
    let base = surroundings::Foundation {
        store,
        settings: Arc::new(settings),
        clock,
        log,
        directory: Arc::new(directory::Directory::new()),
        outward,
        epoch,
    };
    let (live_sender, live) = watch::channel(LiveFigures::default());
    let (fatal_sender, fatal) = watch::channel(None);
    let setup =
        registry::RegistrySetup { base: base.clone(), epoch, executors, live: live_sender, fatal: fatal_sender };
    let predecessor = predecessor.map(Arc::new);
    Ok(Scheduler { registry: registry::Registry::start(setup), base, epoch, predecessor, live, fatal })
}

async fn executors(
    store: &Store,
) -> Result<Vec<(hzm_job_store::executor::Executor, Vec<hzm_job_store::node::Node>)>, StartError> {
    // Nodes second: those that had an older secret by then are known for it.
    let executors = store.executor_list().await?;
    let mut nodes = store.node_list(None).await?;
    let mut all = Vec::new();
    for executor in executors {
        let (mine, others) = nodes.into_iter().partition(|node| node.executor == executor.id);
        nodes = others;
        all.push((executor, mine));
    }
    Ok(all)
}
