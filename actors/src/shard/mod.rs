//! One per thread: the jobs of its partitions, the sleeping ones in its agenda, the others as actors.
//!
//! It wakes a job shortly before its fire or when a message needs it, restarts an actor that died, and is itself restarted
//! by the registry. Starting, waking and restarting are one path: read from the store how the job stands, then [`place`]
//! it.

mod awake;
mod handlers;
#[cfg(feature = "faults")]
mod inject;
mod load;
mod reads;
mod settle;
mod supervise;

use crate::error::SchedulerError;
use crate::job_actor::JobActor;
use crate::messages::{EndActor, JobFellAsleep, MustEnd, ReloadJob};
use crate::obituary::{ActorGone, Obituary};
use crate::shard_door::ShardDoor;
use crate::surroundings::{Foundation, Surroundings};
use crate::wards::{Absence, Wards};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::agenda::Agenda;
use hzm_job_scheduler::partition::partition_of;
use hzm_job_scheduler::progress::Progress;
use hzm_job_store::standing::Standing;
use reads::{Began, Reads};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) const MAILBOX: usize = 8_192;

/// How often the agenda is looked at; jobs are woken two seconds ahead, so this need not be fine.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Jobs read from the store at a time.
const PAGE: i64 = 500;

/// How long to wait before the store is asked again after a failure.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Shard {
    index: usize,
    of: usize,
    base: Foundation,
    place: Rc<Surroundings>,
    agenda: Agenda,
    jobs: LiveJobs,
    reads: Reads,
    /// Sleeping jobs that somebody is waking, and the others who wait for that.
    waking: HashMap<JobId, Vec<oneshot::Sender<Result<(), SchedulerError>>>>,
    /// Jobs whose actor is to be started again, in that order.
    reviving: VecDeque<JobId>,
    /// Some were started again a moment ago; the next ones wait.
    reviving_rests: bool,
    job_wards: Wards<JobId>,
    node_wards: Wards<Arc<str>>,
    registry: Recipient<MustEnd>,
    log: slog::Logger,
    handled: u64,
    _obituary: Obituary<usize>,
}

/// The actors of jobs. When the shard goes, they go: its successor reads from the store how they stand.
#[derive(Default)]
struct LiveJobs(HashMap<JobId, LiveJob>);

struct LiveJob {
    actor: Addr<JobActor>,
    /// Messages this shard sent it: a job that says it is idle may not know of one that is under way.
    sent: u64,
    /// One handle more for each answer that somebody waits for. A job can be idle before it has answered (a row that says why
    /// an order was skipped is still being written): an actor that ended then would take the answer with it.
    awaited: Rc<()>,
    /// What it said when it fell asleep before it had answered everybody.
    sleepy: Option<JobFellAsleep>,
}

impl LiveJob {
    fn new(actor: Addr<JobActor>) -> LiveJob {
        LiveJob { actor, sent: 0, awaited: Rc::new(()), sleepy: None }
    }

    /// Its address and the handle of whoever waits for its answer.
    fn ask(&mut self) -> Awake {
        self.sent += 1;
        Awake { actor: self.actor.clone(), awaited: Rc::clone(&self.awaited) }
    }

    fn owes_an_answer(&self) -> bool {
        Rc::strong_count(&self.awaited) > 1
    }
}

/// A job's actor that stays awake as long as this lives.
struct Awake {
    actor: Addr<JobActor>,
    awaited: Rc<()>,
}

impl Drop for LiveJobs {
    #[expect(clippy::disallowed_methods, reason = "orphans must stop however full their mailboxes are")]
    fn drop(&mut self) {
        for job in self.0.values() {
            job.actor.do_send(EndActor::Stop);
        }
    }
}

/// A reminder to itself: more jobs are due than one page holds.
#[derive(Message)]
#[rtype(result = "()")]
struct LookAtAgenda;

/// What a shard needs to start.
#[derive(Clone)]
pub(crate) struct ShardSetup {
    pub(crate) index: usize,
    pub(crate) of: usize,
    pub(crate) base: Foundation,
    pub(crate) registry: Recipient<MustEnd>,
    pub(crate) parent: Recipient<ActorGone<usize>>,
}

impl Shard {
    pub(crate) fn new(setup: ShardSetup, ctx: &mut Context<Self>) -> Shard {
        Shard {
            log: setup.base.log.new(slog::o!("shard" => setup.index)),
            place: Rc::new(Surroundings::new(setup.index, setup.base.clone(), Shard::door(&ctx.address()))),
            base: setup.base,
            agenda: Agenda::default(),
            jobs: LiveJobs::default(),
            reads: Reads::default(),
            waking: HashMap::new(),
            reviving: VecDeque::new(),
            reviving_rests: false,
            job_wards: Wards::new(),
            node_wards: Wards::new(),
            registry: setup.registry,
            handled: 0,
            _obituary: Obituary::new(setup.index, setup.parent),
            index: setup.index,
            of: setup.of,
        }
    }

    /// What may be said to the shard at this address.
    pub(crate) fn door(shard: &Addr<Shard>) -> ShardDoor {
        ShardDoor {
            refresh: shard.clone().recipient(),
            refresh_all: shard.clone().recipient(),
            order: shard.clone().recipient(),
            cancel: shard.clone().recipient(),
            report: shard.clone().recipient(),
            reports: shard.clone().recipient(),
            lost: shard.clone().recipient(),
            release: shard.clone().recipient(),
            fail: shard.clone().recipient(),
            asleep: shard.clone().recipient(),
            job_gone: shard.clone().recipient(),
            node_gone: shard.clone().recipient(),
        }
    }

    fn is_mine(&self, job: JobId) -> bool {
        usize::try_from(partition_of(job)).is_ok_and(|partition| partition % self.of == self.index)
    }

    /// Whose fire is not later than this does not sleep.
    fn soon(&self) -> DateTime<Utc> {
        self.base.now() + self.base.settings.scheduling.wake_ahead()
    }

    /// Reads how these jobs stand and gives each its place; those of other shards are left to them.
    fn read(&mut self, ids: Vec<JobId>, ctx: &mut Context<Self>) {
        let ids: Vec<JobId> = ids.into_iter().filter(|id| self.is_mine(*id)).collect();
        if ids.is_empty() {
            return;
        }
        let (store, began) = (self.base.store.clone(), self.reads.begin());
        let wanted = ids.clone();
        let read = async move { load::standings(&store, &wanted).await };
        ctx.spawn(read.into_actor(self).map(move |read, shard, ctx| match read {
            Ok(standings) => {
                let overtaken = shard.place_all(standings, began, ctx);
                shard.read(overtaken, ctx);
            }
            Err(error) => {
                shard.reads.end();
                shard.base.directory.ledger.unread(&shard.log, "the ledger cannot be read", &error);
                ctx.run_later(TRY_AGAIN, move |shard, ctx| shard.read(ids, ctx));
            }
        }));
    }

    /// Ends a reading: gives each job its place, save those that were overtaken and must be read anew.
    fn place_all(&mut self, standings: Vec<Standing>, began: Began, ctx: &mut Context<Self>) -> Vec<JobId> {
        let mut overtaken = Vec::new();
        for standing in standings {
            match standing.job.id {
                id if self.reads.is_overtaken(id, began) => overtaken.push(id),
                _ => self.place(standing, ctx),
            }
        }
        self.reads.end();
        overtaken
    }

    /// Gives a job its place: an actor when it has something to do, an entry in the agenda when it sleeps, none otherwise.
    fn place(&mut self, standing: Standing, ctx: &mut Context<Self>) {
        let id = standing.job.id;
        self.reads.touch(id);
        self.pay_debts(&standing, ctx);
        if let Some(live) = self.jobs.0.get_mut(&id) {
            // The job's own mailbox is full only when it handles a flood of reports; it reads the store when it restarts.
            match live.actor.try_send(ReloadJob(Box::new(standing))) {
                Ok(()) => live.sent += 1,
                Err(error) => {
                    slog::warn!(self.log, "a job could not be told how it stands"; "job" => id.0, "error" => %error)
                }
            }
            return;
        }
        self.agenda.remove(id);
        self.base.directory.holds.in_force(id, standing.job.version);
        // There is nothing left that could kill it but what it leaves open.
        if standing.deleted {
            self.job_wards.release(&id);
            self.base.directory.quarantine_end(id);
        }
        if self.job_wards.absence(&id) == Some(Absence::Quarantined) {
            return;
        }
        self.job_wards.started(&id);
        let next = next_of(&standing);
        let soon = self.soon();
        if !standing.open.is_empty() || next.is_some_and(|next| next <= soon) {
            self.activate(standing);
        } else if let Some(next) = next {
            self.agenda.set(id, next);
        }
    }

    fn activate(&mut self, standing: Standing) {
        let id = standing.job.id;
        self.reads.touch(id);
        let actor = JobActor::start(standing, self.place.clone());
        self.agenda.remove(id);
        self.jobs.0.insert(id, LiveJob::new(actor));
    }

    /// Wakes the jobs whose fire is near.
    fn wake_due(&mut self, ctx: &mut Context<Self>) {
        let soon = self.soon();
        let due = self.agenda.take_due(soon, usize::try_from(PAGE).unwrap_or(usize::MAX));
        let crowd = !due.is_empty() && self.agenda.next().is_some_and(|next| next <= soon);
        self.read(due, ctx);
        if crowd {
            ctx.notify(LookAtAgenda);
        }
    }
}

fn next_of(standing: &Standing) -> Option<DateTime<Utc>> {
    if standing.deleted || !standing.job.enabled {
        return None;
    }
    progress_of(standing).next(standing.job.spec.schedule())
}

fn progress_of(standing: &Standing) -> Progress {
    Progress {
        anchor: standing.job.anchor,
        planned_until: standing.planned_until,
        last_end: standing.last_end,
        unfinished: !standing.open.is_empty(),
    }
}

impl Actor for Shard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        // Of what its predecessor knew of deaths nothing is left: every job starts anew.
        let stale: Vec<JobId> =
            self.base.directory.quarantined().keys().copied().filter(|id| self.is_mine(*id)).collect();
        stale.into_iter().for_each(|id| self.base.directory.quarantine_end(id));
        self.load_after(JobId(0), ctx);
        ctx.run_interval(LOOK_EVERY, |shard, ctx| shard.wake_due(ctx));
    }
}
