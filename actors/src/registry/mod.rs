//! The root supervisor: starts journal, shards and executors, restarts the one that dies, and publishes the live figures.

mod handlers;
#[cfg(feature = "faults")]
mod inject;
mod reconcile;

use crate::clock::jump::JumpWatch;
use crate::directory::Directory;
use crate::error::SchedulerError;
use crate::executor_actor::ExecutorActor;
use crate::journal::{Journal, JournalName, JournalSetup};
use crate::live::LiveFigures;
use crate::messages::EndActor;
use crate::shard::{Shard, ShardSetup};
use crate::shard_door::ShardDoor;
use crate::supervision::{OnExhausted, RestartPolicy, Verdict};
use crate::surroundings::Foundation;
use crate::threads::Threads;
use crate::wards::Wards;
use actix::prelude::*;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::executor::Executor;
use hzm_job_store::node::Node;
use reconcile::{RECONCILE_EVERY, Reconciled};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

const MAILBOX: usize = 4_096;

/// How often the live figures are published.
const FIGURES_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether another scheduler took the ledger: one that fires nothing would not notice else.
const OWNER_EVERY: Duration = Duration::from_secs(5);

/// See the module.
pub(crate) struct Registry {
    base: Foundation,
    epoch: i64,
    threads: Threads,
    journal: Option<Addr<Journal>>,
    shards: Vec<Option<Addr<Shard>>>,
    executors: HashMap<ExecutorId, Addr<ExecutorActor>>,
    journal_wards: Wards<JournalName>,
    shard_wards: Wards<usize>,
    executor_wards: Wards<ExecutorId>,
    live: watch::Sender<LiveFigures>,
    fatal: watch::Sender<Option<String>>,
    jumps: JumpWatch,
    reconciled: Reconciled,
    handled: u64,
}

/// What the registry needs to start.
pub(crate) struct RegistrySetup {
    pub(crate) base: Foundation,
    pub(crate) epoch: i64,
    pub(crate) executors: Vec<(Executor, Vec<Node>)>,
    pub(crate) live: watch::Sender<LiveFigures>,
    pub(crate) fatal: watch::Sender<Option<String>>,
}

impl Registry {
    pub(crate) fn start(setup: RegistrySetup) -> Addr<Registry> {
        let RegistrySetup { base, epoch, executors, live, fatal } = setup;
        let threads = Threads::new(base.settings.threads);
        Registry::create(|ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            let shards = vec![None; threads.count()];
            let jumps = JumpWatch::new(base.now(), Instant::now());
            let mut registry = Registry {
                base,
                epoch,
                threads,
                journal: None,
                shards,
                executors: HashMap::new(),
                journal_wards: Wards::new(),
                shard_wards: Wards::new(),
                executor_wards: Wards::new(),
                live,
                fatal,
                jumps,
                reconciled: Reconciled::default(),
                handled: 0,
            };
            registry.start_journal(ctx);
            // Executors before jobs: a job that takes up an open run asks where its nodes are.
            executors.into_iter().for_each(|(executor, nodes)| registry.start_executor(executor, nodes, ctx));
            (0..registry.shards.len()).for_each(|index| registry.start_shard(index, ctx));
            registry
        })
    }

    fn start_journal(&mut self, ctx: &mut Context<Self>) {
        let setup = JournalSetup {
            store: self.base.store.clone(),
            clock: self.base.clock.clone(),
            log: self.base.log.clone(),
            epoch: self.epoch,
            health: self.base.directory.ledger.clone(),
            registry: ctx.address().recipient(),
            parent: ctx.address().recipient(),
        };
        let journal = self.threads.start_journal(move |_| Journal::new(setup));
        self.base.directory.journal_publish(Some(journal.clone()));
        self.journal = Some(journal);
        self.journal_wards.started(&JournalName);
    }

    fn start_shard(&mut self, index: usize, ctx: &mut Context<Self>) {
        let setup = ShardSetup {
            index,
            of: self.shards.len(),
            base: self.base.clone(),
            registry: ctx.address().recipient(),
            parent: ctx.address().recipient(),
        };
        let shard = self.threads.start_on(index, move |ctx| Shard::new(setup, ctx));
        if let Some(slot) = self.shards.get_mut(index) {
            *slot = Some(shard);
        }
        self.shard_wards.started(&index);
        self.publish_shards();
    }

    fn publish_shards(&self) {
        // While one is missing its jobs must not be sent to another one: nobody is there rather than the wrong one.
        let all: Option<Vec<ShardDoor>> = self.shards.iter().map(|shard| shard.as_ref().map(Shard::door)).collect();
        self.base.directory.shards_publish(all.unwrap_or_default());
    }

    fn start_executor(&mut self, executor: Executor, nodes: Vec<Node>, ctx: &mut Context<Self>) {
        let (id, base) = (executor.id, self.base.clone());
        let parent = ctx.address().recipient();
        let thread = usize::try_from(id.0).unwrap_or(0) % self.threads.count();
        let actor = ExecutorActor::new(executor, nodes, base, parent);
        let actor = self.threads.start_on(thread, move |_| actor);
        self.executors.insert(id, actor);
        self.executor_wards.started(&id);
    }

    /// Starts an executor's actor again, trying until the store can be asked.
    fn revive_executor(&mut self, id: ExecutorId, ctx: &mut Context<Self>) {
        ctx.spawn(self.reviving(id).map(move |revived, registry, ctx| {
            if let Err(error) = revived {
                slog::error!(registry.base.log, "an executor cannot be read; trying again"; "executor" => id.0, "error" => %error);
                ctx.run_later(Duration::from_secs(1), move |registry, ctx| registry.revive_executor(id, ctx));
            }
        }));
    }

    /// Reads an executor from the store and starts its actor; none is started for one that is gone. Done once it is
    /// published: a node that registers right after may be let in.
    fn reviving(&self, id: ExecutorId) -> impl ActorFuture<Self, Output = Result<(), SchedulerError>> + use<> {
        let store = self.base.store.clone();
        let read = async move {
            Ok::<_, hzm_job_store::StoreError>((store.executor_get(id).await?, store.node_list(Some(id)).await?))
        };
        read.into_actor(self).map(move |read, registry, ctx| {
            match read? {
                (Some(executor), nodes) if !registry.executors.contains_key(&id) => {
                    registry.start_executor(executor, nodes, ctx);
                }
                (Some(_), _) => {}
                (None, _) => registry.base.directory.executor_withdraw(id),
            }
            Ok(())
        })
    }

    /// Carries out the verdict on a death; `restart` starts the actor again.
    fn carry_out(
        &mut self,
        name: &str,
        why: &str,
        verdict: Verdict,
        ctx: &mut Context<Self>,
        restart: impl FnOnce(&mut Registry, &mut Context<Registry>) + 'static,
    ) {
        match verdict {
            Verdict::Restart(pause) => {
                slog::error!(self.base.log, "an actor died; it is restarted"; "actor" => name, "why" => why, "pause_ms" => pause.num_milliseconds());
                ctx.run_later(pause.to_std().unwrap_or_default(), restart);
            }
            Verdict::Exhausted(OnExhausted::Quarantine) => {
                slog::crit!(self.base.log, "an actor died too often and is quarantined until it is released: page Actors, or POST \
                    /api/v1/actors/{}/release", name; "actor" => name, "why" => why);
            }
            // The registry's own parent is the process.
            Verdict::Exhausted(OnExhausted::RestartParent | OnExhausted::Shutdown) => {
                self.must_end(format!("{name} died too often: {why}"));
            }
        }
    }

    fn must_end(&self, why: String) {
        slog::crit!(self.base.log, "the scheduler must end"; "why" => &why);
        self.base.directory.stop_firing();
        self.fatal.send_replace(Some(why));
    }

    /// Ends when another scheduler holds the partitions, and says who: `why` is what was seen of it.
    fn look_at_owner(&mut self, why: Option<String>, ctx: &mut Context<Self>) {
        if why.is_some() {
            self.base.directory.stop_firing();
        }
        let store = self.base.store.clone();
        let asked = async move { store.partition_owner().await };
        ctx.spawn(asked.into_actor(self).map(move |owner, registry, _| {
            let other = owner.ok().flatten().filter(|owner| owner.epoch > registry.epoch);
            let taken = other.map(|owner| {
                let (name, since) =
                    (owner.name.unwrap_or_else(|| "it has ended since".into()), owner.lease_until - crate::LEASE);
                format!("another scheduler took this database over at {} ({name})", since.to_rfc3339())
            });
            match (why, taken) {
                (Some(why), Some(taken)) => registry.must_end(format!("{why}: {taken}")),
                (Some(why), None) | (None, Some(why)) => registry.must_end(why),
                (None, None) => {}
            }
        }));
    }

    fn publish_figures(&mut self, ctx: &mut Context<Self>) {
        let store = self.base.store.clone();
        let counted = async move { store.job_counts().await };
        ctx.spawn(counted.into_actor(self).map(|counted, registry, _| {
            let directory: &Directory = &registry.base.directory;
            let (executors, executors_offline) = directory.executor_count();
            let (nodes, nodes_offline) = directory.node_count();
            let minute = directory.pulse.last_minute(registry.base.now().timestamp());
            let count = |figure: usize| i64::try_from(figure).unwrap_or(i64::MAX);
            registry.live.send_if_modified(|live| {
                let mut next = LiveFigures {
                    jobs_quarantined: count(directory.quarantined().len()),
                    runs_open: count(directory.open_run_count()),
                    executors: count(executors),
                    executors_offline: count(executors_offline),
                    nodes: count(nodes),
                    nodes_offline: count(nodes_offline),
                    fired_last_minute: minute.fired,
                    succeeded_last_minute: minute.succeeded,
                    failed_last_minute: minute.failed,
                    lag_ms: minute.lag_ms,
                    ..*live
                };
                // With the database away the last counts stand; the journal's log and /readyz tell of it.
                if let Ok(counts) = counted {
                    next.jobs = counts.all;
                    next.jobs_enabled = counts.enabled;
                }
                std::mem::replace(live, next) != next
            });
        }));
    }

    /// Says so when the wall clock was set: what follows from it would puzzle whoever reads the log.
    fn look_at_clock(&mut self) {
        let now = self.base.now();
        let Some(jump) = self.jumps.look(now, Instant::now()) else { return };
        let by_ms = jump.abs().num_milliseconds();
        if jump > chrono::TimeDelta::zero() {
            slog::warn!(self.base.log, "the wall clock went forward (it was set, or the machine slept): what was due \
                meanwhile falls under the misfire policy of its job"; "by_ms" => by_ms, "now" => %now);
        } else {
            slog::warn!(self.base.log, "the wall clock was set back: nothing fires twice, schedules go on when it has \
                passed the last occurrence again"; "by_ms" => by_ms, "now" => %now);
        }
    }

    fn policy_of_shards(&self) -> RestartPolicy {
        self.base.settings.supervision.shard.clone()
    }
}

impl Actor for Registry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(FIGURES_EVERY, |registry, ctx| {
            registry.look_at_clock();
            registry.publish_figures(ctx);
        });
        ctx.run_interval(RECONCILE_EVERY, Registry::reconcile);
        if self.base.store.is_on_server() {
            ctx.run_interval(OWNER_EVERY, |registry, ctx| registry.look_at_owner(None, ctx));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "children must stop however full their mailboxes are")]
    fn stopped(&mut self, _: &mut Self::Context) {
        self.base.directory.journal_publish(None);
        self.base.directory.shards_publish(Vec::new());
        self.executors.values().for_each(|executor| executor.do_send(EndActor::Stop));
        self.shards.iter().flatten().for_each(|shard| shard.do_send(EndActor::Stop));
        if let Some(journal) = &self.journal {
            journal.do_send(EndActor::Stop);
        }
        self.threads.stop();
    }
}
