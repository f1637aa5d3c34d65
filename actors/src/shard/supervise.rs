//! What a shard does when one of its children dies.

use super::{Shard, progress_of};
use crate::directory::Quarantine;
use crate::error::SchedulerError;
use crate::messages::MustEnd;
use crate::obituary::ActorGone;
use crate::superseded::{Payment, payment};
use crate::supervision::{OnExhausted, Verdict};
use actix::prelude::*;
use hzm_job_scheduler::JobId;
use hzm_job_store::standing::Standing;
use std::sync::Arc;
use std::time::Duration;

/// A node's actor in quarantine is not started for so long; nobody needs to release it by hand for a single address.
const NODE_QUARANTINE: Duration = Duration::from_secs(600);

/// So many actors of jobs are started again at once, and so often: 200 a second and thread.
const REVIVED_AT_ONCE: usize = 50;
const REVIVE_EVERY: Duration = Duration::from_millis(250);

/// The longest pause between two looks at a debt that cannot be paid yet.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Handler<ActorGone<JobId>> for Shard {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<JobId>, ctx: &mut Self::Context) {
        let ActorGone { who: job, panic: Some(why) } = gone else { return };
        self.jobs.0.remove(&job);
        self.reads.touch(job);
        let verdict = self.job_wards.died(&job, &self.base.settings.supervision.job, &why, self.base.now());
        match verdict {
            Verdict::Restart(pause) => {
                slog::error!(self.log, "a job's actor died; it is restarted from the store";
                    "job" => job.0, "why" => why, "pause_ms" => pause.num_milliseconds());
                let pause = pause.to_std().unwrap_or_default();
                ctx.run_later(pause, move |shard, ctx| {
                    shard.reviving.push_back(job);
                    shard.revive(ctx);
                });
            }
            Verdict::Exhausted(what) => {
                if what == OnExhausted::Quarantine {
                    let quarantine = Quarantine { since: self.base.now(), reason: why.as_str().into() };
                    self.base.directory.quarantine_begin(job, quarantine);
                    self.settle_ahead_later(job, ctx);
                }
                self.exhausted(&format!("job/{job}"), &why, what, ctx);
            }
        }
    }
}

impl Handler<ActorGone<Arc<str>>> for Shard {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<Arc<str>>, ctx: &mut Self::Context) {
        let ActorGone { who: address, panic } = gone;
        let Some(why) = panic else { return self.place.node_gone(&address, None) };
        let now = self.base.now();
        let verdict = self.node_wards.died(&address, &self.base.settings.supervision.node, &why, now);
        match verdict {
            Verdict::Restart(pause) => {
                slog::error!(self.log, "a node's actor died; the next run for it starts another"; "node" => address.as_ref(), "why" => why);
                self.place.node_gone(&address, Some(pause.to_std().unwrap_or_default()));
                self.node_wards.started(&address);
            }
            Verdict::Exhausted(what) => {
                self.place.node_gone(&address, Some(NODE_QUARANTINE));
                self.exhausted(&format!("node/{address}"), &why, what, ctx);
            }
        }
    }
}

/// What follows for the work of an actor that died too often, and what to do.
fn consequence(what: OnExhausted, name: &str) -> String {
    match (what, name.split_once('/')) {
        (OnExhausted::Quarantine, Some(("job", id))) => {
            format!("job {id} does not fire until it is released: page Actors, or POST /api/v1/actors/{name}/release")
        }
        (OnExhausted::Quarantine, _) => "it is not restarted for a while; runs for it wait or go elsewhere".to_owned(),
        (OnExhausted::RestartParent, _) => "its shard is restarted with everything in it".to_owned(),
        (OnExhausted::Shutdown, _) => "the process ends".to_owned(),
    }
}

impl Shard {
    /// Starts the next of the actors that died. However many died at once, the store and the living jobs are not starved.
    fn revive(&mut self, ctx: &mut Context<Self>) {
        if self.reviving_rests || self.reviving.is_empty() {
            return;
        }
        let count = self.reviving.len().min(REVIVED_AT_ONCE);
        let jobs: Vec<JobId> = self.reviving.drain(..count).collect();
        slog::info!(self.log, "restarting the actors of jobs"; "jobs" => count, "first" => jobs.first().map(|job| job.0),
            "waiting" => self.reviving.len());
        self.read(jobs, ctx);
        self.reviving_rests = true;
        ctx.run_later(REVIVE_EVERY, |shard, ctx| {
            shard.reviving_rests = false;
            shard.revive(ctx);
        });
    }

    /// What earlier definitions of a job still owe gets its rows.
    pub(super) fn pay_debts(&mut self, standing: &Standing, ctx: &mut Context<Self>) {
        let now = self.base.now();
        for debt in &standing.debts {
            let payment = payment(debt, &progress_of(standing), now);
            if !payment.rows.is_empty() {
                slog::info!(self.log, "occurrences that were due before their job was changed have their rows now, where they had none";
                    "job" => standing.job.id.0, "rows" => payment.rows.len());
            }
            self.pay(payment, super::TRY_AGAIN, ctx);
        }
    }

    /// Writes the rows, then that the debt is over: in this order, so that a crash in between only pays twice, which changes
    /// nothing.
    fn pay(&self, payment: Payment, pause: Duration, ctx: &mut Context<Self>) {
        let (base, owed) = (self.base.clone(), payment.clone());
        let paid = async move {
            let answers = base.record(owed.rows).await?;
            let is_complete = Payment::is_complete(&answers);
            if is_complete {
                base.record(vec![owed.end]).await?;
            }
            Ok::<_, SchedulerError>(is_complete)
        };
        ctx.spawn(paid.into_actor(self).map(move |paid, shard, ctx| {
            match paid {
                Ok(true) => return,
                Ok(false) => slog::debug!(shard.log, "a debt stays: a row that was written ahead is still there"),
                Err(error) => {
                    let log = shard.log.new(slog::o!("rows" => payment.rows.len()));
                    shard.base.directory.ledger.unwritten(&log, "rows wait: they could not be written", &error);
                }
            }
            ctx.run_later(pause, move |shard, ctx| shard.pay(payment, (pause * 2).min(LONGEST_PAUSE), ctx));
        }));
    }

    fn exhausted(&self, name: &str, why: &str, what: OnExhausted, ctx: &mut Context<Self>) {
        slog::crit!(self.log, "an actor died too often: {}", consequence(what, name); "actor" => name, "why" => why);
        match what {
            OnExhausted::Quarantine => {}
            OnExhausted::RestartParent => ctx.stop(),
            OnExhausted::Shutdown => {
                if self.registry.try_send(MustEnd(format!("{name} died too often: {why}"))).is_err() {
                    slog::crit!(self.log, "the registry could not be told that the process must end");
                }
            }
        }
    }
}
