//! Between the runs and the courier: a thread that writes results down before anyone brings them away.
//!
//! It takes whatever has come meanwhile, writes it with one wait for the disk, and passes all of it on together; so the
//! slower the disk, the more go at a time, and none waits for longer than the write under way and its own. What the admin
//! has settled is written the same way, without a wait. It sends nothing, and decides nothing.
//!
//! What lies on the desk is bounded by whom it comes from: results by the backlog, repetitions of one by its own mark, and
//! settled ones by what was sent.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use slog::{Logger, error, warn};
use tokio::sync::{mpsc, oneshot};

use crate::backlog::Backlog;
use crate::errand::Errand;
use crate::outbox::Outbox;
use crate::report::Report;

/// The most results in one write: at most some 24 MiB of lines, if all of them are as long as can be.
const GROUP: usize = 1_000;

/// Where others leave work for the clerk. None of them waits for the disk.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    tray: Mutex<Tray>,
    filled: Condvar,
    /// What is on its way.
    pub(crate) backlog: Backlog,
}

#[derive(Debug, Default)]
struct Tray {
    results: Vec<Arc<Report>>,
    settled: Vec<Settled>,
    flushes: Vec<oneshot::Sender<()>>,
    closed: bool,
    // The clerk sleeps and has to be woken.
    waiting: bool,
}

/// A result that will not be sent again.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) report: Arc<Report>,
    /// It was refused for good, and is to be set aside.
    pub(crate) refused: bool,
}

impl Desk {
    /// A result to be written down and sent; for one that waits already, to be sent once more.
    pub(crate) fn report(&self, report: Arc<Report>) {
        self.backlog.add(&report);
        self.put(|tray| tray.results.push(report));
    }

    /// Results that need to be kept no longer.
    pub(crate) fn settle(&self, mut settled: Vec<Settled>) {
        self.put(|tray| tray.settled.append(&mut settled));
    }

    /// Hears when everything that was reported before is with an admin.
    pub(crate) fn flush(&self) -> oneshot::Receiver<()> {
        let (flushed, done) = oneshot::channel();
        self.put(|tray| tray.flushes.push(flushed));
        done
    }

    /// The clerk goes home when the desk is empty.
    pub(crate) fn close(&self) {
        self.put(|tray| tray.closed = true);
    }

    fn put(&self, change: impl FnOnce(&mut Tray)) {
        let mut tray = self.tray();
        change(&mut tray);
        let asleep = std::mem::take(&mut tray.waiting);
        drop(tray);
        if asleep {
            self.filled.notify_one();
        }
    }

    /// Waits for work; `None` when there will be no more.
    fn take(&self) -> Option<Tray> {
        let mut tray = self.tray();
        while tray.is_empty() {
            if tray.closed {
                return None;
            }
            tray.waiting = true;
            tray = self.filled.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        Some(tray.take())
    }

    /// The results that lie there, taken in the clerk's stead.
    #[cfg(test)]
    pub(crate) fn lying(&self) -> Vec<Arc<Report>> {
        std::mem::take(&mut self.tray().results)
    }

    fn tray(&self) -> MutexGuard<'_, Tray> {
        // Nothing in it is left half done by a panic: each change is one call.
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tray {
    fn is_empty(&self) -> bool {
        self.results.is_empty() && self.settled.is_empty() && self.flushes.is_empty()
    }

    fn take(&mut self) -> Self {
        let rest = self.results.split_off(self.results.len().min(GROUP));
        let results = std::mem::replace(&mut self.results, rest);
        // A flush speaks of all that came before it.
        let flushes = if self.results.is_empty() { std::mem::take(&mut self.flushes) } else { Vec::new() };
        Self { results, settled: std::mem::take(&mut self.settled), flushes, ..Self::default() }
    }
}

/// The thread and its belongings.
pub(crate) struct Clerk {
    pub(crate) desk: Arc<Desk>,
    /// `None` when there is no disk to keep callbacks on.
    pub(crate) outbox: Option<Outbox>,
    pub(crate) errands: mpsc::Sender<Errand>,
    pub(crate) log: Logger,
}

impl Clerk {
    /// Works until the desk is closed.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(crate) fn start(self, name: String) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name(name).spawn(move || self.work())
    }

    fn work(mut self) {
        while let Some(tray) = self.desk.take() {
            self.write_down(&tray);
            self.pass_on(tray);
        }
        if let Some(outbox) = self.outbox {
            outbox.close();
        }
    }

    fn write_down(&mut self, tray: &Tray) {
        let Some(outbox) = &mut self.outbox else { return };
        for Settled { report, .. } in tray.settled.iter().filter(|settled| settled.refused) {
            if let Err(problem) = outbox.refuse(report) {
                warn!(self.log, "a refused callback is not set aside"; "run" => report.run_id, "error" => %problem);
            }
        }
        let settled: Vec<i64> = tray.settled.iter().map(|settled| settled.report.run_id).collect();
        match (outbox.append(&tray.results, &settled), tray.results.first()) {
            (Ok(()), _) => {}
            (Err(problem), None) => warn!(self.log, "settled callbacks stay on disk"; "error" => %problem),
            (Err(problem), Some(first)) => error!(self.log, "callbacks kept in memory only, a crash would lose them";
                "count" => tray.results.len(), "run" => first.run_id, "error" => %problem),
        }
    }

    /// Fails only when the executor is gone, and then what was reported is on disk for the next one.
    fn pass_on(&self, tray: Tray) {
        if !tray.results.is_empty() {
            self.errands.blocking_send(Errand::Deliver(tray.results)).ok();
        }
        for flush in tray.flushes {
            self.errands.blocking_send(Errand::Flush(flush)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(run_id: i64) -> Arc<Report> {
        Arc::new(Report::new(run_id, "billing".into(), 200, None))
    }

    fn log() -> Logger {
        Logger::root(slog::Discard, slog::o!())
    }

    #[test]
    fn what_lies_there_is_taken_together_in_its_order_and_a_flush_comes_behind_all_of_it() {
        let desk = Desk::default();
        (0..GROUP as i64 + 2).for_each(|run_id| desk.report(report(run_id)));
        let flushed = desk.flush();
        desk.close();
        let first = desk.take().unwrap();
        assert_eq!((first.results.len(), first.flushes.len()), (GROUP, 0));
        assert_eq!(first.results[7].run_id, 7);
        let second = desk.take().unwrap();
        assert_eq!((second.results.len(), second.flushes.len()), (2, 1));
        assert!(desk.take().is_none());
        drop((second, flushed));
    }

    #[test]
    fn everything_is_on_disk_before_it_is_passed_on_and_settled_ones_leave_it() {
        let folder = tempfile::tempdir().unwrap();
        let (outbox, _) = Outbox::open(folder.path(), &log()).unwrap();
        let (sender, mut errands) = mpsc::channel(10);
        let desk = Arc::new(Desk::default());
        let clerk = Clerk { desk: Arc::clone(&desk), outbox: Some(outbox), errands: sender, log: log() };
        let clerk = clerk.start("clerk".into()).unwrap();
        desk.report(report(1));
        desk.report(report(2));
        let mut passed = Vec::new();
        while passed.len() < 2 {
            match errands.blocking_recv() {
                Some(Errand::Deliver(reports)) => passed.extend(reports),
                other => panic!("unexpected: {other:?}"),
            }
            let (_, kept) = Outbox::open(folder.path(), &log()).unwrap();
            assert!(passed.iter().all(|report| kept.contains(report)), "{kept:?}");
        }
        let refused = |report: &Arc<Report>| report.run_id == 2;
        let settle = |report: &Arc<Report>| Settled { report: Arc::clone(report), refused: refused(report) };
        desk.settle(passed.iter().map(settle).collect());
        desk.close();
        clerk.join().unwrap();
        assert!(folder.path().join("refused/2.json").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the log is gone");
    }

    #[test]
    fn a_disk_that_takes_nothing_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let (outbox, _) = Outbox::open(folder.path(), &log()).unwrap();
        folder.close().unwrap();
        let (sender, mut errands) = mpsc::channel(10);
        let desk = Arc::new(Desk::default());
        let clerk = Clerk { desk: Arc::clone(&desk), outbox: Some(outbox), errands: sender, log: log() };
        let clerk = clerk.start("clerk".into()).unwrap();
        desk.report(report(1));
        assert!(matches!(errands.blocking_recv(), Some(Errand::Deliver(reports)) if reports == [report(1)]));
        desk.close();
        clerk.join().unwrap();
    }
}
