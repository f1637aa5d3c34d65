//! What every thread may look up without asking an actor: executors by key, the nodes that can be dispatched to, who
//! handles an open run, and the figures of the last minute. Each entry has one writer; nothing here is the truth.

use crate::holds::Holds;
use crate::journal::{Journal, LedgerHealth};
use crate::live::Pulse;
use crate::messages::RunReport;
use crate::shard_door::ShardDoor;
use actix::{Addr, Recipient};
use chrono::{DateTime, Utc};
use hzm_job_scheduler::executor::Registration;
use hzm_job_scheduler::partition::partition_of;
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::executor::{Executor, FormerSecret};
use hzm_job_store::node::SecretAge;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// An executor as the edges need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorCard {
    /// Its id.
    pub id: ExecutorId,
    /// Its name.
    pub name: String,
    /// Its app key.
    pub app_key: String,
    /// Its secret; `None`: it has none and none is asked for.
    pub secret: Option<String>,
    /// The secret it had before, while that is good yet.
    pub former: Option<FormerSecret>,
    /// How its nodes become known.
    pub registration: Registration,
    /// The version that all this is of.
    pub version: i64,
}

/// The nodes of one executor that can be dispatched to, in the order of their ids; published by its actor.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    pub(crate) nodes: Vec<RouteNode>,
    /// All nodes of the executor, whatever their state: what a user may pick by hand.
    pub(crate) known: Vec<RouteNode>,
    secret: Option<Arc<str>>,
    /// The secret before, and until when it is good.
    former: Option<(Arc<str>, DateTime<Utc>)>,
    /// Counts the choices of round robin; shared by all tables of the executor.
    pub(crate) cursor: Arc<AtomicU64>,
}

/// A node as those who dispatch to it see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteNode {
    pub(crate) address: Arc<str>,
    /// Whether a repeated trigger is recognised there (our SDK), so that it can be used to ask about a run.
    pub(crate) recognises_repeats: bool,
    /// Whether it takes many triggers in one request.
    pub(crate) takes_batches: bool,
    /// Whether it does not answer any more.
    pub(crate) offline: bool,
    /// Why it did not answer its last beat; `None`: it did, or was not asked yet.
    pub(crate) complaint: Option<Arc<str>>,
    /// Whether it was entered by hand.
    pub(crate) manual: bool,
    /// By which secret it last called in.
    pub(crate) secret_age: SecretAge,
}

/// Why a node that was there is not called any more.
pub const NO_NODE: &str = "it is no node of its executor any more";
/// Why a node is not called that may not know the present secret.
pub const OTHER_SECRET: &str = "it has not called in with the present secret of its executor; start it anew with that";

impl RouteTable {
    /// The table of an executor with these nodes.
    pub(crate) fn of(
        executor: &Executor,
        nodes: Vec<RouteNode>,
        known: Vec<RouteNode>,
        cursor: Arc<AtomicU64>,
    ) -> RouteTable {
        let former = executor.former.as_ref().map(|former| (former.secret.as_str().into(), former.until));
        RouteTable { nodes, known, secret: executor.spec.draft().app_secret.as_deref().map(Arc::from), former, cursor }
    }

    /// The node at an address, if it is one of this executor's.
    pub(crate) fn node(&self, address: &str) -> Option<&RouteNode> {
        self.known.iter().find(|node| node.address.as_ref() == address)
    }

    /// The secret under which a node is called now; `None`: the executor has none. A node is never sent a newer one than it called in
    /// with: whoever has an old one, which may have leaked, must not be given the new one. Addresses that were entered by hand never
    /// call in; whoever entered them answers for them.
    ///
    /// # Errors
    /// Why it is not called.
    pub(crate) fn secret_of(
        &self,
        node: Option<&RouteNode>,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<str>>, &'static str> {
        let Some(present) = &self.secret else { return Ok(None) };
        let Some(node) = node else { return Err(NO_NODE) };
        match (node.secret_age, &self.former) {
            (SecretAge::Former, Some((former, until))) if now < *until => Ok(Some(former.clone())),
            (SecretAge::Present, _) => Ok(Some(present.clone())),
            _ if node.manual => Ok(Some(present.clone())),
            _ => Err(OTHER_SECRET),
        }
    }
}

/// A job whose actor is not restarted any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// Since when.
    pub since: DateTime<Utc>,
    /// What it died of, the last time.
    pub reason: Arc<str>,
}

/// Shards of the index of open runs: threads rarely meet.
const SLOTS: usize = 16;

/// Who handles an open run, and on which shard's thread that is.
#[derive(Clone)]
pub(crate) struct RunHandler {
    pub(crate) shard: usize,
    pub(crate) actor: Recipient<RunReport>,
}

/// Who handles the open runs of one slot.
type Handlers = RwLock<HashMap<RunId, RunHandler>>;

/// The shared look-up tables.
pub(crate) struct Directory {
    executors: RwLock<HashMap<String, Arc<ExecutorCard>>>,
    routes: RwLock<HashMap<ExecutorId, Arc<RouteTable>>>,
    open_runs: [Handlers; SLOTS],
    shards: RwLock<Vec<ShardDoor>>,
    journal: RwLock<Option<Addr<Journal>>>,
    quarantined: RwLock<HashMap<JobId, Quarantine>>,
    stopping: AtomicBool,
    /// Triggers whose answer, or the record of whose answer, is outstanding: an orderly stop waits for none.
    pub(crate) unsettled: AtomicUsize,
    /// Whether the ledger can be written.
    pub(crate) ledger: Arc<LedgerHealth>,
    /// What happened lately.
    pub(crate) pulse: Pulse,
    /// Jobs that are being changed.
    pub(crate) holds: Holds,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    // A panic while a look-up table was held leaves a table that is merely as old as before.
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Directory {
    pub(crate) fn new() -> Directory {
        Directory {
            executors: RwLock::default(),
            routes: RwLock::default(),
            open_runs: std::array::from_fn(|_| RwLock::default()),
            shards: RwLock::default(),
            journal: RwLock::default(),
            quarantined: RwLock::default(),
            stopping: AtomicBool::new(false),
            unsettled: AtomicUsize::new(0),
            ledger: Arc::default(),
            pulse: Pulse::default(),
            holds: Holds::default(),
        }
    }

    pub(crate) fn executor_by_key(&self, app_key: &str) -> Option<Arc<ExecutorCard>> {
        read(&self.executors).get(app_key).cloned()
    }

    pub(crate) fn executor_count(&self) -> (usize, usize) {
        let routes = read(&self.routes);
        // One that never had a node is new, not offline.
        let is_offline = |table: &&Arc<RouteTable>| table.nodes.is_empty() && !table.known.is_empty();
        (routes.len(), routes.values().filter(is_offline).count())
    }

    pub(crate) fn node_count(&self) -> (usize, usize) {
        let routes = read(&self.routes);
        let known: usize = routes.values().map(|table| table.known.len()).sum();
        let online: usize = routes.values().map(|table| table.nodes.len()).sum();
        (known, known.saturating_sub(online))
    }

    /// Publishes an executor; its former key, if it had another one, is forgotten.
    pub(crate) fn executor_publish(&self, card: ExecutorCard) {
        let mut executors = write(&self.executors);
        executors.retain(|_, known| known.id != card.id);
        executors.insert(card.app_key.clone(), Arc::new(card));
    }

    pub(crate) fn executor_withdraw(&self, id: ExecutorId) {
        write(&self.executors).retain(|_, known| known.id != id);
        write(&self.routes).remove(&id);
    }

    pub(crate) fn routes(&self, executor: ExecutorId) -> Arc<RouteTable> {
        read(&self.routes).get(&executor).cloned().unwrap_or_default()
    }

    pub(crate) fn routes_publish(&self, executor: ExecutorId, table: RouteTable) {
        write(&self.routes).insert(executor, Arc::new(table));
    }

    /// The jobs whose actor is in quarantine.
    pub(crate) fn quarantined(&self) -> RwLockReadGuard<'_, HashMap<JobId, Quarantine>> {
        read(&self.quarantined)
    }

    pub(crate) fn quarantine_begin(&self, job: JobId, quarantine: Quarantine) {
        write(&self.quarantined).insert(job, quarantine);
    }

    pub(crate) fn quarantine_end(&self, job: JobId) {
        write(&self.quarantined).remove(&job);
    }

    fn slot(&self, run: RunId) -> Option<&Handlers> {
        self.open_runs.get(usize::try_from(run.0).unwrap_or(0) % SLOTS)
    }

    /// Notes who handles an open run.
    pub(crate) fn run_opened(&self, run: RunId, handler: RunHandler) {
        if let Some(slot) = self.slot(run) {
            write(slot).insert(run, handler);
        }
    }

    pub(crate) fn run_closed(&self, run: RunId) {
        if let Some(slot) = self.slot(run) {
            write(slot).remove(&run);
        }
    }

    pub(crate) fn run_handler(&self, run: RunId) -> Option<Recipient<RunReport>> {
        self.slot(run).and_then(|slot| read(slot).get(&run).map(|handler| handler.actor.clone()))
    }

    /// The shard on whose thread an open run is handled.
    pub(crate) fn run_shard(&self, run: RunId) -> Option<usize> {
        self.slot(run).and_then(|slot| read(slot).get(&run).map(|handler| handler.shard))
    }

    pub(crate) fn open_run_count(&self) -> usize {
        self.open_runs.iter().map(|slot| read(slot).len()).sum()
    }

    pub(crate) fn shards_publish(&self, shards: Vec<ShardDoor>) {
        *write(&self.shards) = shards;
    }

    pub(crate) fn shards(&self) -> Vec<ShardDoor> {
        read(&self.shards).clone()
    }

    /// The shard that a job belongs to; `None` before the shards are up.
    pub(crate) fn shard_of(&self, job: JobId) -> Option<ShardDoor> {
        let shards = read(&self.shards);
        let count = i64::try_from(shards.len()).ok().filter(|count| *count > 0)?;
        shards.get(usize::try_from(partition_of(job) % count).ok()?).cloned()
    }

    pub(crate) fn journal_publish(&self, journal: Option<Addr<Journal>>) {
        *write(&self.journal) = journal;
    }

    /// The journal; `None` while it is being restarted.
    pub(crate) fn journal(&self) -> Option<Addr<Journal>> {
        read(&self.journal).clone()
    }

    /// From now on nothing new is fired: the process is on its way out.
    pub(crate) fn stop_firing(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
