//! What a shard does when one of its children dies.

use super::Shard;
use crate::messages::MustEnd;
use crate::obituary::ActorGone;
use crate::supervision::{OnExhausted, Verdict};
use actix::prelude::*;
use hzm_job_scheduler::JobId;
use std::sync::Arc;
use std::time::Duration;

/// A node's actor in quarantine is not started for so long; nobody needs to release it by hand for a single address.
const NODE_QUARANTINE: Duration = Duration::from_secs(600);

impl Handler<ActorGone<JobId>> for Shard {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<JobId>, ctx: &mut Self::Context) {
        let ActorGone { who: job, panic: Some(why) } = gone else { return };
        self.jobs.0.remove(&job);
        let verdict = self.job_wards.died(&job, &self.base.settings.supervision.job, &why, self.base.now());
        match verdict {
            Verdict::Restart(pause) => {
                slog::error!(self.log, "a job's actor died; it is restarted from the store";
                    "job" => job.0, "why" => why, "pause_ms" => pause.num_milliseconds());
                let pause = pause.to_std().unwrap_or_default();
                ctx.run_later(pause, move |shard, ctx| {
                    slog::info!(shard.log, "restarting a job's actor"; "job" => job.0);
                    shard.read(vec![job], ctx);
                });
            }
            Verdict::Exhausted(what) => self.exhausted(&format!("job/{job}"), &why, what, ctx),
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

impl Shard {
    fn exhausted(&self, name: &str, why: &str, what: OnExhausted, ctx: &mut Context<Self>) {
        slog::crit!(self.log, "an actor died too often"; "actor" => name, "why" => why, "then" => ?what);
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
