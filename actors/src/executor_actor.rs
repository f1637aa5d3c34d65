//! One per executor: who its nodes are, which of them live, and what follows when one does not.
//!
//! It publishes the table of nodes that can be dispatched to; the jobs choose from it on their own threads, so that one
//! executor's load spreads over all of them. A node that registered is never forgotten because it missed its beats: the
//! original Go client registers once in its life and would be lost for good.

mod handlers;
#[cfg(feature = "faults")]
mod inject;

use crate::directory::{ExecutorCard, RouteNode, RouteTable};
use crate::messages::{Delivered, NodeLost, ProbeNode};
use crate::node_actor::NodeActor;
use crate::obituary::{ActorGone, Obituary};
use crate::surroundings::Foundation;
use crate::wards::Wards;
use actix::prelude::*;
use hzm_job_protocol::batch::is_spoken;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::liveness::{self, Beat, Liveness, NodeState};
use hzm_job_scheduler::run::Reason;
use hzm_job_store::executor::Executor;
use hzm_job_store::node::{Node, SecretAge};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::Instant;

const MAILBOX: usize = 1_024;

/// How often it looks whose beat is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The original's client never pauses longer than this between two registrations of one process (it says ten seconds).
const ONE_CLIENTS_PAUSE: Duration = Duration::from_secs(15);

/// Connections for beats: one node is asked one thing at a time.
const PROBE_CONNECTIONS: usize = 1;

/// The program name under which our SDK registers; it recognises a repeated trigger.
const OUR_SDK: &str = "hzmjob/";

/// See the module.
pub(crate) struct ExecutorActor {
    executor: Executor,
    /// By node id, because nodes are tried in that order.
    nodes: BTreeMap<i64, WatchedNode>,
    cursor: Arc<AtomicU64>,
    base: Foundation,
    log: slog::Logger,
    handled: u64,
    /// Registrations that this actor took.
    admissions: u64,
    node_wards: Wards<Arc<str>>,
    _obituary: Obituary<ExecutorId>,
}

struct WatchedNode {
    node: Node,
    address: Arc<str>,
    liveness: Liveness,
    /// A beat is under way.
    asked: bool,
    actor: Option<Addr<NodeActor>>,
    /// Why it did not answer the last beat; `None`: it did.
    complaint: Option<Arc<str>>,
    calls: Calls,
    /// The number of its last registration, of all that this actor took; 0: none.
    admitted: u64,
    /// The version of the executor that this registration was judged by.
    judged_by: i64,
}

/// When a node last tried to register, since this scheduler started; by the steady clock, because pauses are measured.
#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    /// Whether that could be written down makes no difference: a program that is refused comes again.
    last: Option<Instant>,
    /// There was a pause that no single program makes, and it is not written down yet.
    paused: bool,
}

impl Calls {
    fn note(&mut self) {
        self.paused |= self.last.is_some_and(|last| last.elapsed() > ONE_CLIENTS_PAUSE);
        self.last = Some(Instant::now());
    }
}

impl WatchedNode {
    fn route(&self) -> RouteNode {
        let agent = self.node.agent.as_deref().unwrap_or_default();
        RouteNode {
            address: self.address.clone(),
            recognises_repeats: agent.starts_with(OUR_SDK),
            takes_batches: is_spoken(agent),
            offline: self.liveness.state == NodeState::Offline,
            complaint: self.complaint.clone(),
            manual: self.node.manual,
            secret_age: self.node.secret_age,
        }
    }
}

impl ExecutorActor {
    pub(crate) fn new(
        executor: Executor,
        nodes: Vec<Node>,
        base: Foundation,
        parent: Recipient<ActorGone<ExecutorId>>,
    ) -> Self {
        let id = executor.id;
        let mut actor = ExecutorActor {
            log: base.log.new(slog::o!("executor" => executor.spec.draft().app_key.clone())),
            executor,
            nodes: BTreeMap::new(),
            cursor: Arc::default(),
            base,
            handled: 0,
            admissions: 0,
            node_wards: Wards::new(),
            _obituary: Obituary::new(id, parent),
        };
        actor.take_nodes(nodes);
        // At once, on the thread of whoever starts it: shards that start afterwards take up open runs and ask for nodes.
        actor.publish();
        actor
    }

    /// Takes the store's list of nodes; what is known of those that stay, stays. Answers the addresses that are gone. A node is
    /// its address: an edit of its executor may give it another number.
    fn take_nodes(&mut self, nodes: Vec<Node>) -> Vec<Arc<str>> {
        let now = self.base.now();
        let before = std::mem::take(&mut self.nodes).into_values();
        let mut known: BTreeMap<Arc<str>, WatchedNode> =
            before.map(|watched| (watched.address.clone(), watched)).collect();
        for node in nodes {
            let id = node.id;
            let watched = match known.remove(node.address.as_str()) {
                // An answer that is awaited goes to the former number, so nobody waits for it any more.
                Some(watched) => WatchedNode { asked: watched.asked && watched.node.id == id, node, ..watched },
                None => WatchedNode {
                    address: node.address.as_str().into(),
                    liveness: Liveness { state: node.state, missed: 0, next_probe: now },
                    node,
                    complaint: None,
                    calls: Calls::default(),
                    admitted: 0,
                    judged_by: 0,
                    asked: false,
                    actor: None,
                },
            };
            self.nodes.insert(id, watched);
        }
        known.into_values().map(|watched| watched.address).collect()
    }

    /// A list of nodes that was asked for when so many registrations had been taken: what was taken since is newer than it, unless it
    /// was judged by an earlier version of the executor than the one that was read before the list. Answers also whether there was such.
    fn brought_up_to_date(&self, mut nodes: Vec<Node>, since: u64) -> (Vec<Node>, bool) {
        let newer = self.nodes.values().filter(|watched| watched.admitted > since);
        let (newer, outdated): (Vec<_>, Vec<_>) = newer.partition(|watched| watched.judged_by == self.executor.version);
        for newer in newer {
            nodes.retain(|node| node.id != newer.node.id);
            nodes.push(newer.node.clone());
        }
        (nodes, !outdated.is_empty())
    }

    /// Publishes the executor and the nodes that can be dispatched to: those online, or the suspect ones when none is.
    fn publish(&self) {
        let draft = self.executor.spec.draft();
        let of_state = |state| self.nodes.values().filter(move |watched| watched.liveness.state == state);
        let chosen = if of_state(NodeState::Online).next().is_some() { NodeState::Online } else { NodeState::Suspect };
        let nodes = of_state(chosen).map(WatchedNode::route).collect();
        let known = self.nodes.values().map(WatchedNode::route).collect();
        let table = RouteTable::of(&self.executor, nodes, known, self.cursor.clone());
        self.base.directory.routes_publish(self.executor.id, table);
        self.base.directory.executor_publish(ExecutorCard {
            id: self.executor.id,
            name: draft.name.clone(),
            app_key: draft.app_key.clone(),
            secret: draft.app_secret.clone(),
            former: self.executor.former.clone(),
            registration: draft.registration,
            version: self.executor.version,
        });
    }

    /// Asks every node whose beat is due.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        let now = self.base.now();
        // A moment further away than any pause is left over from before the wall clock was set back.
        let furthest = now + self.base.settings.scheduling.liveness().slowest_probe;
        let is_due =
            |watched: &WatchedNode| watched.liveness.next_probe <= now || watched.liveness.next_probe > furthest;
        let due = self.nodes.iter().filter(|(_, watched)| !watched.asked && is_due(watched));
        let due: Vec<i64> = due.map(|(id, _)| *id).collect();
        for id in due {
            self.ask(id, ctx);
        }
    }

    fn ask(&mut self, id: i64, ctx: &mut Context<Self>) {
        let within = self.base.settings.scheduling.answer_within();
        let table = self.base.directory.routes(self.executor.id);
        let Some(watched) = self.nodes.get_mut(&id) else { return };
        let secret = match table.secret_of(Some(&watched.route()), self.base.now()) {
            Ok(secret) => secret,
            Err(why) => return self.observe(id, Beat::Missed, Some(why), ctx),
        };
        watched.asked = true;
        let address = watched.address.clone();
        let parent = ctx.address().recipient();
        let outward = &self.base.outward;
        let start = || NodeActor::start(address, PROBE_CONNECTIONS, within, outward, parent);
        let actor = watched.actor.get_or_insert_with(start);
        let asked = actor.send(ProbeNode { secret });
        ctx.spawn(asked.into_actor(self).map(move |answer, executor, ctx| {
            if let Some(watched) = executor.nodes.get_mut(&id) {
                watched.asked = false;
            }
            match answer {
                Ok(Delivered::Accepted) => executor.observe(id, Beat::Answered, None, ctx),
                Ok(Delivered::NotTaken(why)) => {
                    executor.try_other_secret(id);
                    executor.observe(id, Beat::Missed, Some(&why), ctx);
                }
                Ok(Delivered::Unknown(why)) => executor.observe(id, Beat::Missed, Some(&why), ctx),
                // Its actor died: that says nothing about the node. The next look starts another one.
                Err(_) => {}
            }
        }));
    }

    /// While the secret before is good yet, a node that was entered by hand and refused one of the two is called under the other one: it
    /// never calls in to tell by which it goes.
    fn try_other_secret(&mut self, id: i64) {
        let is_good = self.executor.former.as_ref().is_some_and(|former| self.base.now() < former.until);
        if let Some(watched) = self.nodes.get_mut(&id).filter(|watched| is_good && watched.node.manual) {
            watched.node.secret_age = match watched.node.secret_age {
                SecretAge::Present => SecretAge::Former,
                SecretAge::Former | SecretAge::Older => SecretAge::Present,
            };
            self.publish();
        }
    }

    /// Notes how a node was seen and does what follows from a change.
    fn observe(&mut self, id: i64, beat: Beat, why: Option<&str>, ctx: &mut Context<Self>) {
        let now = self.base.now();
        let rules = self.base.settings.scheduling.liveness();
        let Some(watched) = self.nodes.get_mut(&id) else { return };
        let before = watched.liveness.state;
        watched.liveness = liveness::observe(watched.liveness, &rules, beat, now);
        let after = watched.liveness.state;
        if matches!(beat, Beat::Answered | Beat::Registered) {
            watched.node.last_seen_at = Some(now);
        }
        let complaint = why.map(Arc::<str>::from);
        if watched.complaint != complaint {
            let is_told = before != after || complaint.is_none();
            watched.complaint = complaint;
            // One that was offline already, and now is so for another reason.
            if let (false, Some(why)) = (is_told, why) {
                slog::warn!(self.log, "node is {}", after.word(); "node" => watched.address.as_ref(), "why" => why);
            }
            self.publish();
        }
        let Some(watched) = self.nodes.get(&id) else { return };
        if before == after {
            return;
        }
        let address = watched.address.clone();
        match why {
            Some(why) => {
                slog::warn!(self.log, "node is {}", after.word(); "node" => address.as_ref(), "was" => before.word(), "why" => why)
            }
            None => {
                slog::info!(self.log, "node is {}", after.word(); "node" => address.as_ref(), "was" => before.word())
            }
        }
        self.write_down(id, ctx);
        self.publish();
        if after == NodeState::Offline {
            self.tell_lost(&address, Reason::NodeOffline);
        }
    }

    /// Writes a node's state down; a failure is logged and made good by the next change or the next start.
    fn write_down(&self, id: i64, ctx: &mut Context<Self>) {
        let Some(watched) = self.nodes.get(&id) else { return };
        let (store, log) = (self.base.store.clone(), self.log.clone());
        let (state, seen) = (watched.liveness.state, watched.node.last_seen_at);
        let written = async move {
            if let Err(error) = store.node_state_record(id, state, seen).await {
                slog::warn!(log, "a node's state was not written down"; "node_id" => id, "error" => %error);
            }
        };
        ctx.spawn(written.into_actor(self));
    }

    /// Writes down the states that the store's rows, which were just read, do not have.
    fn write_down_differing(&self, ctx: &mut Context<Self>) {
        let differing = self.nodes.iter().filter(|(_, watched)| watched.node.state != watched.liveness.state);
        differing.for_each(|(id, _)| self.write_down(*id, ctx));
    }

    /// Tells all shards that what runs at an address is over. A shard whose mailbox is full is told again.
    fn tell_lost(&self, address: &Arc<str>, reason: Reason) {
        let lost = NodeLost { executor: self.executor.id, address: address.clone(), reason };
        for shard in self.base.directory.shards() {
            let (lost, log) = (lost.clone(), self.log.clone());
            actix_rt::spawn(async move {
                if let Err(error) = shard.lost.send(lost).await {
                    slog::warn!(log, "a shard was not told of a lost node; it looks for itself when it restarts"; "error" => %error);
                }
            });
        }
    }

    fn admitted(&mut self, node: Node, ctx: &mut Context<Self>) {
        let (id, now) = (node.id, self.base.now());
        let address: Arc<str> = node.address.as_str().into();
        let watched = self.nodes.entry(id).or_insert_with(|| WatchedNode {
            address: address.clone(),
            liveness: Liveness { state: NodeState::Offline, missed: 0, next_probe: now },
            node: node.clone(),
            asked: false,
            actor: None,
            complaint: None,
            calls: Calls { last: Some(Instant::now()), paused: false },
            admitted: 0,
            judged_by: 0,
        });
        self.admissions += 1;
        (watched.admitted, watched.judged_by) = (self.admissions, self.executor.version);
        // Our SDK tells its process. The original's client registers once in its life, or every ten seconds once its first
        // try failed: a call after a longer pause comes from another process.
        let again_after_a_pause = std::mem::take(&mut watched.calls.paused);
        let other_process = match (&watched.node.instance, &node.instance) {
            (None, None) => again_after_a_pause,
            (before, after) => before.is_some() && before != after,
        };
        let must_tell = watched.node.agent != node.agent || watched.node.secret_age != node.secret_age;
        watched.node = node;
        self.observe(id, Beat::Registered, None, ctx);
        if must_tell {
            self.publish();
        }
        if other_process {
            self.tell_lost(&address, Reason::NodeRestarted);
        }
    }
}

impl Actor for ExecutorActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(LOOK_EVERY, |executor, ctx| executor.beat(ctx));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_of_one_program_make_no_pause_though_none_of_them_could_be_written_down() {
        let mut calls = Calls::default();
        for _ in 0..5 {
            calls.note();
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        assert!(!calls.paused);
        tokio::time::advance(Duration::from_secs(6)).await;
        calls.note();
        calls.note();
        assert!(calls.paused, "another program called, and its first call was not written down");
    }
}
