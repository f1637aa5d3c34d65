//! How a shard begins: every started job of its partitions gets its place.
//!
//! Most jobs sleep, and of them only their times are read ([`Sleeper`]); what may be due already is read in full, like a job
//! that wakes. One page is under way at a time, so that a million jobs take no more memory than one page and the agenda.

use super::{PAGE, Shard, TRY_AGAIN};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::partition::PARTITIONS;
use hzm_job_store::sleeper::Sleeper;
use hzm_job_store::standing::Standing;
use hzm_job_store::{Store, StoreError};

/// Sleepers read at a time: some 2 MB of definitions, and some milliseconds on the shard's thread.
const SLEEPERS: i64 = 2_000;

/// A page of jobs, read.
struct Page {
    /// Who sleeps, and until when.
    asleep: Vec<(JobId, DateTime<Utc>)>,
    /// How the others stand.
    awake: Vec<Standing>,
    /// From where to read on; `None`: this was the last page.
    last: Option<JobId>,
}

impl Shard {
    /// Reads all started jobs page by page, then those with open runs.
    pub(super) fn load_after(&mut self, after: JobId, ctx: &mut Context<Self>) {
        let (store, mine, soon) = (self.base.store.clone(), self.partitions(), self.soon());
        let began = self.reads.begin();
        let page = async move { read_page(&store, mine, after, soon).await };
        ctx.spawn(page.into_actor(self).map(move |page, shard, ctx| match page {
            Ok(page) => {
                for (job, wake) in page.asleep {
                    if !shard.reads.is_overtaken(job, began) {
                        shard.lay_down(job, wake);
                    }
                }
                let overtaken = shard.place_all(page.awake, began, ctx);
                shard.read(overtaken, ctx);
                match page.last {
                    Some(last) => shard.load_after(last, ctx),
                    None => shard.load_open(ctx),
                }
            }
            Err(error) => {
                shard.reads.end();
                shard.base.directory.ledger.unread(&shard.log, "jobs cannot be read", &error);
                ctx.run_later(TRY_AGAIN, move |shard, ctx| shard.load_after(after, ctx));
            }
        }));
    }

    fn load_open(&mut self, ctx: &mut Context<Self>) {
        let store = self.base.store.clone();
        let open = async move { store.ledger_open_jobs().await };
        ctx.spawn(open.into_actor(self).map(|open, shard, ctx| match open {
            Ok(ids) => {
                slog::info!(shard.log, "every job has its place"; "asleep" => shard.agenda.len());
                let asleep = |id: &JobId| !shard.jobs.0.contains_key(id);
                let ids = ids.into_iter().filter(asleep).collect();
                shard.read(ids, ctx);
            }
            Err(error) => {
                shard.base.directory.ledger.unread(&shard.log, "open runs cannot be read", &error);
                ctx.run_later(TRY_AGAIN, Shard::load_open);
            }
        }));
    }

    /// Lets a job sleep of which nothing is known yet: whatever is known by now was read since the shard began, and whoever
    /// changes the job says so.
    fn lay_down(&mut self, job: JobId, wake: DateTime<Utc>) {
        if !self.jobs.0.contains_key(&job) && !self.agenda.contains(job) && self.job_wards.absence(&job).is_none() {
            self.agenda.set(job, wake);
        }
    }

    fn partitions(&self) -> Vec<i64> {
        let is_mine = |partition: &i64| usize::try_from(*partition).is_ok_and(|number| number % self.of == self.index);
        (0..PARTITIONS).filter(is_mine).collect()
    }
}

async fn read_page(store: &Store, partitions: Vec<i64>, after: JobId, soon: DateTime<Utc>) -> Result<Page, StoreError> {
    let sleepers = store.job_sleepers(partitions, after, SLEEPERS).await?;
    let is_full = i64::try_from(sleepers.len()) == Ok(SLEEPERS);
    let last = sleepers.last().map(|sleeper| sleeper.job).filter(|_| is_full);
    let (mut asleep, mut due) = (Vec::new(), Vec::new());
    for sleeper in &sleepers {
        match wake_of(sleeper) {
            Wake::Later(wake) if wake > soon => asleep.push((sleeper.job, wake)),
            Wake::Later(_) | Wake::Unknown => due.push(sleeper.job),
            Wake::Never => {}
        }
    }
    drop(sleepers);
    let awake = standings(store, &due).await?;
    Ok(Page { asleep, awake, last })
}

/// How many jobs stand, asked in pieces.
pub(super) async fn standings(store: &Store, jobs: &[JobId]) -> Result<Vec<Standing>, StoreError> {
    let mut standings = Vec::new();
    for some in jobs.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
        standings.extend(store.ledger_standings(some.to_vec()).await?);
    }
    Ok(standings)
}

/// When a job wakes at the earliest.
enum Wake {
    Later(DateTime<Utc>),
    Never,
    /// Its definition cannot be read; asking for it in full tells why.
    Unknown,
}

fn wake_of(sleeper: &Sleeper) -> Wake {
    let Some(schedule) = &sleeper.schedule else { return Wake::Unknown };
    sleeper.progress.next(schedule).map_or(Wake::Never, Wake::Later)
}
