//! Brings callbacks to an admin, for as long as it takes.
//!
//! One loop on the executor's own thread: it picks the callbacks that are due, keeps a few requests in flight, and puts
//! what failed back with a growing delay. A callback leaves it only by status 200 or by a final refusal. Nothing waits for
//! company: while there is a request to spare, what is due goes at once, and what comes meanwhile goes together.
//! It never decides what a run's outcome is, and it writes no callback to disk: that has happened before it gets one.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use slog::{Logger, debug, error, warn};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::clerk::{Desk, Settled};
use crate::delivery::{Attempt, SINGLE_REQUESTS, deliver};
use crate::errand::Errand;
use crate::outbound::{Admin, Admins, CallError};
use crate::parcel::Parcel;
use crate::report::Report;
use crate::settings::Backoff;
use crate::waiting::Waiting;

/// Requests in flight at a time when an admin takes many results in one: enough that one is always being answered, few
/// enough that batches grow with the load.
const BATCH_REQUESTS: usize = 3;

type InFlight = FuturesUnordered<LocalBoxFuture<'static, Vec<Attempt>>>;

/// The loop and its belongings. Lives on one thread, as its HTTP client does.
pub(crate) struct Courier {
    admins: Admins,
    desk: Arc<Desk>,
    backoff: Backoff,
    log: Logger,
    waiting: Waiting,
    flushed: Vec<oneshot::Sender<()>>,
}

impl Courier {
    /// A courier with the callbacks of an earlier process to begin with.
    pub(crate) fn new(admins: Admins, desk: Arc<Desk>, backoff: Backoff, kept: Vec<Arc<Report>>, log: Logger) -> Self {
        let mut courier = Self { admins, desk, backoff, log, waiting: Waiting::default(), flushed: Vec::new() };
        for report in kept {
            courier.desk.backlog.add(&report);
            courier.add(report);
        }
        courier
    }

    /// Delivers until every sender of errands is gone.
    pub(crate) async fn deliver(mut self, mut errands: mpsc::Receiver<Errand>) {
        let mut in_flight = InFlight::new();
        loop {
            self.dispatch(&in_flight);
            self.tell();
            let next_due = self.waiting.next_due(Instant::now()).filter(|_| in_flight.len() < self.requests());
            tokio::select! {
                errand = errands.recv() => match errand {
                    Some(errand) => self.accept(errand),
                    None => return,
                },
                Some(attempts) = in_flight.next() => self.settle(attempts),
                () = wait_until(next_due) => {}
            }
        }
    }

    fn together(&self) -> bool {
        self.admins.all().any(Admin::takes_batches)
    }

    fn requests(&self) -> usize {
        if self.together() { BATCH_REQUESTS } else { SINGLE_REQUESTS }
    }

    fn dispatch(&mut self, in_flight: &InFlight) {
        while in_flight.len() < self.requests() {
            let (mut parcel, together) = (Parcel::default(), self.together());
            self.waiting.take(Instant::now(), |call| (together || parcel.is_empty()) && parcel.add(call));
            if parcel.is_empty() {
                return;
            }
            in_flight.push(Box::pin(deliver(self.admins.clone(), parcel)));
        }
    }

    fn tell(&mut self) {
        if self.waiting.is_empty() {
            for waiter in self.flushed.drain(..) {
                // Whoever waited may have stopped waiting.
                waiter.send(()).ok();
            }
        }
    }

    fn accept(&mut self, errand: Errand) {
        match errand {
            Errand::Deliver(reports) => reports.into_iter().for_each(|report| self.add(report)),
            Errand::Flush(waiter) => {
                self.waiting.hasten();
                self.flushed.push(waiter);
            }
        }
    }

    fn add(&mut self, report: Arc<Report>) {
        report.heard();
        if !self.waiting.add(Arc::clone(&report)) {
            // Two of one are on their way no more.
            self.desk.backlog.remove(&report);
        }
    }

    fn settle(&mut self, attempts: Vec<Attempt>) {
        let mut put_off = PutOff::default();
        // One throw for all, so that what failed together is tried again together.
        let (now, dice) = (Instant::now(), rand::random());
        let mut settled = Vec::with_capacity(attempts.len());
        for (report, result) in attempts {
            let run_id = report.run_id;
            let refused = match result {
                Err(problem) if !problem.is_final() => {
                    self.waiting.postpone(run_id, &self.backoff, dice, now);
                    put_off.count(run_id, problem);
                    continue;
                }
                Err(problem) => {
                    error!(self.log, "callback refused for good, it is set aside"; "run" => run_id, "error" => %problem);
                    true
                }
                Ok(()) => {
                    debug!(self.log, "callback delivered"; "run" => run_id);
                    false
                }
            };
            if self.waiting.done(run_id) {
                self.desk.backlog.remove(&report);
                settled.push(Settled { report, refused });
            }
        }
        put_off.tell(&self.log);
        self.desk.settle(settled);
    }
}

/// Callbacks that go again later, for one line in the log however many they are.
#[derive(Default)]
struct PutOff {
    count: usize,
    first: Option<(i64, CallError)>,
}

impl PutOff {
    fn count(&mut self, run_id: i64, problem: CallError) {
        self.count += 1;
        self.first.get_or_insert((run_id, problem));
    }

    fn tell(self, log: &Logger) {
        if let Some((run_id, problem)) = self.first {
            warn!(log, "callbacks not delivered, they will be sent again";
                "count" => self.count, "run" => run_id, "error" => %problem);
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
