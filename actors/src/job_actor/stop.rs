//! Telling a node to end a run: again with growing pauses while it does not take that, five more times at most.
//!
//! Who wants the run ended has had that written first. A node's report of the run makes the order needless; where the run has
//! ended here meanwhile (its timeout, the grace of a cancellation) the order goes on, for the work may go on there. The orders
//! are not kept anywhere: after a restart those of open runs are given anew, those of ended ones are not.

use super::JobActor;
use crate::messages::{Delivered, SendCancel};
use actix::prelude::*;
use hzm_job_scheduler::{ExecutorId, RunId};
use hzm_job_store::run::Run;
use std::time::Duration;

/// How often a node is told in all. With the pauses below it is told for the last time half a minute after the first one,
/// and later by what its answers took.
const MOST_ORDERS: u32 = 6;

/// The pause after the first order that was not taken; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Where a run was sent to: a node of this executor, which need not be the job's any more.
#[derive(Debug, Clone)]
pub(super) struct Place {
    executor: ExecutorId,
    node: String,
}

impl Place {
    /// `None`: the run has no node.
    pub(super) fn of(run: &Run) -> Option<Place> {
        Some(Place { executor: run.executor, node: run.node.clone()? })
    }
}

/// An order that the node has not taken yet.
pub(super) struct Stop {
    at: Place,
    /// How often it was given.
    orders: u32,
    /// When it is given again, unless an answer is awaited.
    timer: Option<SpawnHandle>,
}

impl JobActor {
    /// Has a run's node end it. Whether that was heard is seen by the report, or by the grace that ends the run.
    pub(super) fn stop_run(&mut self, id: RunId, ctx: &mut Context<Self>) {
        if let Some(place) = self.runs.get(&id).and_then(|live| Place::of(&live.run)) {
            self.stop_at(id, place, ctx);
        }
    }

    /// Has this node end a run that may have ended here.
    pub(super) fn stop_at(&mut self, id: RunId, at: Place, ctx: &mut Context<Self>) {
        let stop = self.stops.entry(id).or_insert(Stop { at, orders: 0, timer: None });
        if let Some(timer) = stop.timer.take() {
            ctx.cancel_future(timer);
        }
        self.order_stop(id, ctx);
    }

    fn order_stop(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(stop) = self.stops.get_mut(&id) else { return };
        (stop.orders, stop.timer) = (stop.orders + 1, None);
        let Some(node) = self.place.node(&stop.at.node) else {
            let why = format!("the actor of {} is being restarted", stop.at.node);
            return self.stop_answered(id, Delivered::NotTaken(why), ctx);
        };
        let table = self.place.base.directory.routes(stop.at.executor);
        let secret = match table.secret_of(table.node(&stop.at.node), self.place.base.now()) {
            Ok(secret) => secret,
            Err(why) => return self.stop_answered(id, Delivered::NotTaken(why.to_owned()), ctx),
        };
        let told = async move {
            let answer = node.send(SendCancel { run: id, secret }).await;
            answer.unwrap_or_else(|error| Delivered::Unknown(error.to_string()))
        };
        ctx.spawn(told.into_actor(self).map(move |answer, job, ctx| job.stop_answered(id, answer, ctx)));
    }

    fn stop_answered(&mut self, id: RunId, answer: Delivered, ctx: &mut Context<Self>) {
        let Some(stop) = self.stops.get_mut(&id) else { return };
        let why = match answer {
            Delivered::Accepted => {
                slog::info!(self.log, "node told to cancel"; "run" => id.0, "node" => &stop.at.node);
                self.stops.remove(&id);
                return;
            }
            Delivered::NotTaken(why) | Delivered::Unknown(why) => why,
        };
        if stop.timer.is_some() {
            return; // Told twice at a time; the first answer has seen to it.
        }
        match pause_after(stop.orders) {
            Some(pause) => {
                slog::warn!(self.log, "node did not take the cancellation; telling it again"; "run" => id.0,
                    "node" => &stop.at.node, "why" => why, "in_ms" => pause.as_millis());
                stop.timer = Some(ctx.run_later(pause, move |job, ctx| job.order_stop(id, ctx)));
            }
            None => {
                slog::warn!(self.log, "node did not take the cancellation; giving up"; "run" => id.0,
                    "node" => &stop.at.node, "why" => why, "told" => stop.orders);
                self.stops.remove(&id);
            }
        }
    }
}

/// The pause after so many orders that were not taken; `None`: no more.
fn pause_after(orders: u32) -> Option<Duration> {
    (orders < MOST_ORDERS).then(|| FIRST_PAUSE * 2_u32.saturating_pow(orders.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_told_again_for_half_a_minute() {
        let pauses: Vec<Duration> = (1..).map_while(pause_after).collect();
        assert_eq!(pauses.iter().map(Duration::as_secs).collect::<Vec<_>>(), [1, 2, 4, 8, 16]);
    }
}
