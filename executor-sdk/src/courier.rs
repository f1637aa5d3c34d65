//! Brings callbacks to an admin, for as long as it takes.
//!
//! One loop on the executor's own thread: it picks the callbacks that are due, keeps at most eight requests in flight,
//! and puts what failed back with a growing delay. A callback leaves it only by HTTP status 200 or by a final refusal.
//! It never decides what a run's outcome is, and it writes no callback to disk: that has happened before it gets one.

use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use hzm_job_protocol::hzm::{Callback, paths};
use slog::{Logger, debug, error, warn};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::outbound::{Admins, CallError};
use crate::outbox::Outbox;
use crate::settings::Backoff;
use crate::waiting::Waiting;

/// Requests in flight at a time: an admin's group commit is fed, and a slow one not flooded.
const IN_FLIGHT: usize = 8;

/// What the courier can be asked to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// Deliver this callback; one that waits already is tried at once.
    Deliver(Callback),
    /// Try everything that waits at once, and say when nothing is left.
    Flush(oneshot::Sender<()>),
}

type Attempt = (i64, Result<(), CallError>);

/// The loop and its belongings. Lives on one thread, as its HTTP client does.
pub(crate) struct Courier {
    admins: Admins,
    outbox: Option<Arc<Outbox>>,
    backoff: Backoff,
    log: Logger,
    waiting: Waiting,
    // How many wait, for those who must not add to too many.
    count: watch::Sender<usize>,
    flushed: Vec<oneshot::Sender<()>>,
}

impl Courier {
    /// A courier with the callbacks of an earlier process to begin with. `outbox` is `None` when there is no disk.
    pub(crate) fn new(
        admins: Admins,
        outbox: Option<Arc<Outbox>>,
        backoff: Backoff,
        kept: Vec<Callback>,
        count: watch::Sender<usize>,
        log: Logger,
    ) -> Self {
        let mut waiting = Waiting::default();
        for callback in kept {
            waiting.add(callback, Instant::now());
        }
        Self { admins, outbox, backoff, log, waiting, count, flushed: Vec::new() }
    }

    /// Delivers until every sender of errands is gone.
    pub(crate) async fn deliver(mut self, mut errands: mpsc::Receiver<Errand>) {
        let mut in_flight: FuturesUnordered<LocalBoxFuture<'static, Attempt>> = FuturesUnordered::new();
        loop {
            self.dispatch(&in_flight);
            self.tell();
            let next_due = self.waiting.next_due().filter(|_| in_flight.len() < IN_FLIGHT);
            tokio::select! {
                errand = errands.recv() => match errand {
                    Some(errand) => self.accept(errand),
                    None => return,
                },
                Some((run_id, result)) = in_flight.next() => self.settle(run_id, &result),
                () = wait_until(next_due) => {}
            }
        }
    }

    fn dispatch(&mut self, in_flight: &FuturesUnordered<LocalBoxFuture<'static, Attempt>>) {
        while in_flight.len() < IN_FLIGHT {
            let Some(callback) = self.waiting.take(Instant::now()) else { return };
            in_flight.push(Box::pin(self.delivery().deliver(callback)));
        }
    }

    fn delivery(&self) -> Delivery {
        Delivery { admins: self.admins.clone(), outbox: self.outbox.clone(), log: self.log.clone() }
    }

    fn tell(&mut self) {
        let left = self.waiting.len();
        self.count.send_replace(left);
        if left == 0 {
            for waiter in self.flushed.drain(..) {
                // Whoever waited may have stopped waiting.
                waiter.send(()).ok();
            }
        }
    }

    fn accept(&mut self, errand: Errand) {
        match errand {
            Errand::Deliver(callback) => self.waiting.add(callback, Instant::now()),
            Errand::Flush(waiter) => {
                self.waiting.hasten(Instant::now());
                self.flushed.push(waiter);
            }
        }
    }

    fn settle(&mut self, run_id: i64, result: &Result<(), CallError>) {
        match result {
            Err(problem) if !problem.is_final() => {
                let delay = self.waiting.postpone(run_id, &self.backoff, rand::random(), Instant::now());
                warn!(self.log, "callback not delivered, it will be sent again";
                    "run" => run_id, "error" => %problem, "in_ms" => delay.as_millis() as u64);
            }
            _ => self.waiting.done(run_id, Instant::now()),
        }
    }
}

/// One attempt, with what it does on disk: several go on at a time.
struct Delivery {
    admins: Admins,
    outbox: Option<Arc<Outbox>>,
    log: Logger,
}

impl Delivery {
    async fn deliver(self, callback: Callback) -> Attempt {
        let run_id = callback.log_id;
        let [path, _] = paths::CALLBACK;
        let result = self.admins.call(path, &callback).await.map(drop);
        match &result {
            Ok(()) => {
                debug!(self.log, "callback delivered"; "run" => run_id);
                self.on_disk(run_id, move |outbox, _| outbox.remove(run_id)).await;
            }
            Err(problem) if problem.is_final() => {
                error!(self.log, "callback refused for good, it is set aside"; "run" => run_id, "error" => %problem);
                self.on_disk(run_id, move |outbox, log| outbox.refuse(run_id, log)).await;
            }
            Err(_) => {}
        }
        (run_id, result)
    }

    /// A failure only means that the callback is sent again after a restart, which changes nothing.
    async fn on_disk(&self, run_id: i64, work: impl FnOnce(&Outbox, &Logger) -> io::Result<()> + Send + 'static) {
        let Some(outbox) = self.outbox.clone() else { return };
        let log = self.log.clone();
        let done = tokio::task::spawn_blocking(move || work(&outbox, &log)).await;
        if let Err(problem) = done.unwrap_or_else(|gone| Err(io::Error::other(gone))) {
            warn!(self.log, "the file of a settled callback stays behind"; "run" => run_id, "error" => %problem);
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
