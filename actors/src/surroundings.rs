//! What the actors of one thread share: where to write, whom to ask, what time it is, and the thread's node actors.

use crate::clock::Clock;
use crate::directory::Directory;
use crate::dispatch::outward::Outward;
use crate::error::SchedulerError;
use crate::messages::Record;
use crate::node_actor::NodeActor;
use crate::ownership::Ownership;
use crate::scribe::Scribe;
use crate::settings::Settings;
use crate::shard_door::ShardDoor;
use crate::taken::Taken;
use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_store::Store;
use hzm_job_store::ledger::{Answer, Entry};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the root hands down to every thread.
#[derive(Clone)]
pub(crate) struct Foundation {
    pub(crate) store: Store,
    pub(crate) settings: Arc<Settings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: slog::Logger,
    pub(crate) directory: Arc<Directory>,
    /// The way out to nodes.
    pub(crate) outward: Outward,
    /// Under which this process owns its jobs.
    pub(crate) epoch: i64,
}

impl Foundation {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Has the journal write these entries; the answers come after the commit.
    pub(crate) fn record(
        &self,
        entries: Vec<Entry>,
    ) -> impl Future<Output = Result<Vec<Answer>, SchedulerError>> + use<> {
        let journal = self.directory.journal();
        async move {
            let journal = journal.ok_or(SchedulerError::Busy)?;
            journal.send(Record(entries)).await?
        }
    }
}

/// The foundation plus what belongs to one thread.
pub(crate) struct Surroundings {
    /// The number of this thread's shard.
    pub(crate) index: usize,
    pub(crate) base: Foundation,
    pub(crate) shard: ShardDoor,
    pub(crate) ownership: Ownership,
    pub(crate) scribe: Scribe,
    pub(crate) taken: Taken,
    nodes: RefCell<NodePool>,
}

/// The node actors of a thread, started when first needed.
#[derive(Default)]
struct NodePool {
    actors: HashMap<Arc<str>, Addr<NodeActor>>,
    /// Addresses whose actor died, and until when it is not started again.
    barred: HashMap<Arc<str>, Instant>,
}

impl Surroundings {
    pub(crate) fn new(index: usize, base: Foundation, shard: ShardDoor) -> Surroundings {
        let ownership = Ownership::new(base.store.clone(), base.epoch);
        let scribe = Scribe::new(base.directory.clone());
        let taken = Taken::new(scribe.clone());
        Surroundings { index, base, shard, ownership, scribe, taken, nodes: RefCell::default() }
    }

    /// The actor of this address; `None` while it may not be restarted.
    pub(crate) fn node(&self, address: &str) -> Option<Addr<NodeActor>> {
        let mut pool = self.nodes.borrow_mut();
        if let Some(actor) = pool.actors.get(address) {
            return Some(actor.clone());
        }
        if pool.barred.get(address).is_some_and(|until| Instant::now() < *until) {
            return None;
        }
        let address: Arc<str> = address.into();
        let scheduling = &self.base.settings.scheduling;
        let parent = self.shard.node_gone.clone();
        let (connections, within) = (scheduling.connections_per_node, scheduling.answer_within());
        let actor = NodeActor::start(address.clone(), connections, within, &self.base.outward, parent);
        pool.barred.remove(&address);
        pool.actors.insert(address, actor.clone());
        Some(actor)
    }

    /// The node actors of this thread.
    pub(crate) fn nodes(&self) -> Vec<(Arc<str>, Addr<NodeActor>)> {
        self.nodes.borrow().actors.iter().map(|(address, actor)| (address.clone(), actor.clone())).collect()
    }

    /// Forgets a node's actor; it is not started again before this pause is over.
    pub(crate) fn node_gone(&self, address: &Arc<str>, pause: Option<Duration>) {
        let mut pool = self.nodes.borrow_mut();
        pool.actors.remove(address);
        if let Some(pause) = pause {
            pool.barred.insert(address.clone(), Instant::now() + pause);
        }
    }
}
