//! One per job that has something to do: how one fire becomes one run.
//!
//! It plans the occurrences that are due ([`fire`], [`plan`]), has their rows committed ([`change`]), sends them ([`send`]), and sees
//! each run to its end ([`again`], [`end`], [`cancel`], [`stop`]): report, timeout, cancellation, loss, retry. When it starts it takes up what the ledger says is open
//! ([`adopt`]): that is what recovery is. It decides nothing itself, the `scheduler` crate does; it holds no truth, the
//! ledger does; and it goes to sleep when the next fire is far away.

mod adopt;
mod again;
mod ahead;
mod cancel;
mod change;
mod end;
mod fire;
mod handlers;
mod live_run;
mod plan;
mod send;
mod stop;
mod turn;

use crate::clock;
use crate::directory::RunHandler;
use crate::messages::JobFellAsleep;
use crate::obituary::Obituary;
use crate::surroundings::Surroundings;
use actix::prelude::*;
use ahead::Ahead;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::foresight::Foresight;
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::overlap::Load;
use hzm_job_scheduler::progress::Progress;
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::ledger::NewRun;
use hzm_job_store::standing::Standing;
use live_run::LiveRun;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use stop::Stop;

/// Messages that may wait: reports of as many parallel runs as a job may have, and some orders.
pub(crate) const MAILBOX: usize = 2_048;

/// A timer is armed no further ahead than this, so that a jump of the wall clock is noticed soon.
const LONGEST_TIMER: Duration = Duration::from_secs(1);

/// How long to wait before something that was refused (a full journal) is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// See the module.
pub(crate) struct JobActor {
    job: Job,
    /// When the definition was last changed.
    changed_at: DateTime<Utc>,
    deleted: bool,
    planned_until: Option<DateTime<Utc>>,
    last_end: Option<DateTime<Utc>>,
    last_manual: Option<DateTime<Utc>>,
    /// Open runs by id, so oldest first.
    runs: BTreeMap<RunId, LiveRun>,
    /// Open runs that the journal told of and that are not read yet: other fires meet them already.
    unread: BTreeSet<RunId>,
    /// Runs whose nodes are to be told to end them, and have not taken that yet.
    stops: BTreeMap<RunId, Stop>,
    foresight: Foresight,
    /// Rows of fires are on their way to the journal.
    opening: bool,
    /// It is asking how its definition was changed.
    looks_for_change: bool,
    /// Rows that this job owes the ledger whatever its definition says by now: occurrences of a schedule that is over.
    owed: Vec<NewRun>,
    /// The next fire, where its row is written already.
    ahead: Option<Ahead>,
    /// The occurrence that was tried to be written ahead last.
    not_ahead: Option<DateTime<Utc>>,
    /// How many occurrences get their rows in one step.
    step: usize,
    /// Open rows, of fires and of orders, on their way to the journal: they meet each other and the runs that are there.
    coming: Load,
    /// Orders whose answer waits for their row, also one that says "skipped": who sleeps answers nobody.
    ordering: usize,
    timer: Option<SpawnHandle>,
    /// The moment that the timer was armed for by [`settle`](JobActor::settle), if it was.
    settled_for: Option<DateTime<Utc>>,
    /// Messages from the shard that were handled: an idle job may only go to sleep when it has heard them all.
    heard: u64,
    handled: u64,
    place: Rc<Surroundings>,
    log: slog::Logger,
    _obituary: Obituary<JobId>,
}

impl JobActor {
    /// Starts the actor of a job that stands so.
    pub(crate) fn start(standing: Standing, place: Rc<Surroundings>) -> Addr<JobActor> {
        let id = standing.job.id;
        let parent = place.shard.job_gone.clone();
        let mut actor = JobActor {
            log: place.base.log.new(slog::o!("job" => id.0)),
            job: standing.job.clone(),
            changed_at: standing.changed_at,
            deleted: standing.deleted,
            planned_until: None,
            last_end: None,
            last_manual: None,
            runs: BTreeMap::new(),
            unread: BTreeSet::new(),
            stops: BTreeMap::new(),
            foresight: Foresight::default(),
            opening: false,
            looks_for_change: false,
            owed: Vec::new(),
            ahead: None,
            not_ahead: None,
            step: fire::STEP,
            coming: Load::default(),
            ordering: 0,
            timer: None,
            settled_for: None,
            heard: 0,
            handled: 0,
            place,
            _obituary: Obituary::new(id, parent),
        };
        let open = actor.take_standing(standing);
        actor.start_with(open);
        JobActor::create(|ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            actor
        })
    }

    /// Takes what the store says of the job, and answers the runs it says are open.
    fn take_standing(&mut self, standing: Standing) -> Vec<hzm_job_store::run::Run> {
        // An answer of the store may be older than what this actor knows.
        if standing.job.version >= self.job.version {
            self.job = standing.job;
            self.foresight.forget();
            self.changed_at = standing.changed_at;
            self.deleted = standing.deleted;
            self.place.base.directory.holds.in_force(self.job.id, self.job.version);
        }
        self.planned_until = self.planned_until.max(standing.planned_until);
        self.last_end = self.last_end.max(standing.last_end);
        self.last_manual = self.last_manual.max(standing.last_manual);
        standing.open
    }

    /// From now on reports of this run come here.
    fn open_to_reports(&self, id: RunId, ctx: &Context<Self>) {
        let handler = RunHandler { shard: self.place.index, actor: ctx.address().recipient() };
        self.place.base.directory.run_opened(id, handler);
    }

    fn now(&self) -> DateTime<Utc> {
        self.place.base.now()
    }

    fn progress(&self) -> Progress {
        Progress {
            anchor: self.job.anchor,
            planned_until: self.planned_until,
            last_end: self.last_end,
            unfinished: !self.runs.is_empty() || !self.unread.is_empty(),
        }
    }

    /// The next occurrence that has no row; `None` for a job that is stopped.
    fn next_fire(&self) -> Option<DateTime<Utc>> {
        if self.deleted || !self.job.enabled {
            return None;
        }
        self.foresight.next(&self.progress(), self.job.spec.schedule())
    }

    /// Arms the timer of the next fire, or goes to sleep when that is far away.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        let next = self.next_fire();
        let now = self.now();
        let far = next.is_none_or(|next| next - now > self.place.base.settings.scheduling.sleep_after());
        if far && self.is_idle() {
            let asleep = JobFellAsleep { job: self.job.id, wake: next, heard: self.heard };
            if self.place.shard.asleep.try_send(asleep).is_ok() {
                self.disarm(ctx);
                return;
            }
        }
        let waits = next.filter(|_| !self.place.base.directory.is_stopping()).map(|next| self.look_at(next, now));
        if waits.is_some() && waits == self.settled_for && self.timer.is_some() {
            return;
        }
        self.arm(waits.map_or(LONGEST_TIMER, |at| clock::until(now, at).min(LONGEST_TIMER)), ctx);
        self.settled_for = waits;
    }

    fn arm(&mut self, wait: Duration, ctx: &mut Context<Self>) {
        self.disarm(ctx);
        self.timer = Some(ctx.run_later(wait, |job, ctx| {
            job.timer = None;
            job.fire_due(ctx);
        }));
    }

    fn disarm(&mut self, ctx: &mut Context<Self>) {
        self.settled_for = None;
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
    }

    fn is_idle(&self) -> bool {
        let written = !self.opening && self.owed.is_empty() && self.ahead.is_none();
        let ended = self.runs.is_empty() && self.unread.is_empty() && self.stops.is_empty();
        written && ended && self.ordering == 0 && self.coming.unfinished == 0
    }
}

impl Actor for JobActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.adopt_all(ctx);
        self.fire_due(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.drop_ahead();
        for (id, live) in &self.runs {
            live.leave(&self.place.base.directory);
            self.place.base.directory.run_closed(*id);
        }
    }
}
