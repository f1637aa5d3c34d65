//! One per thread: hands what this thread's jobs have to say to the journal, many at a time.
//!
//! At a moment at which thousands of jobs are due, each of them has something to write. One message for each would wake the
//! journal's thread, and the answer this one, thousands of times. So what is said until the thread next looks up goes in one
//! message, and the answers to one commit come back in one. Nobody waits for company, and each is answered on its own: what
//! the database refuses of one job is written of the others all the same (`journal/commit.rs`).

use crate::directory::Directory;
use crate::error::SchedulerError;
use crate::messages::RecordAll;
use crate::record::{Recorded, ThreadAsker, Told, Unit};
use hzm_job_store::ledger::Entry;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// See the module. Must be used on the thread it was made on.
#[derive(Clone)]
pub(crate) struct Scribe {
    directory: Arc<Directory>,
    desk: Rc<Desk>,
    answers: mpsc::UnboundedSender<Vec<Told>>,
}

#[derive(Default)]
struct Desk {
    next: Cell<u64>,
    /// What leaves when the thread next looks up.
    leaving: RefCell<Vec<(u64, Vec<Entry>)>>,
    /// Who waits for which answer. As many as the journal takes, which is bounded.
    waiting: RefCell<HashMap<u64, oneshot::Sender<Recorded>>>,
    is_called: Cell<bool>,
}

impl Desk {
    fn told(&self, told: Vec<Told>) {
        let mut waiting = self.waiting.borrow_mut();
        for Told { slot, recorded } in told {
            if let Some(asker) = waiting.remove(&slot) {
                // Whoever asked may have stopped waiting; what was written counts all the same.
                drop(asker.send(recorded));
            }
        }
    }
}

impl Scribe {
    /// One for the calling thread.
    pub(crate) fn new(directory: Arc<Directory>) -> Scribe {
        let (answers, mut told) = mpsc::unbounded_channel();
        let desk = Rc::<Desk>::default();
        let reading = desk.clone();
        actix_rt::spawn(async move {
            while let Some(told) = told.recv().await {
                reading.told(told);
            }
        });
        Scribe { directory, desk, answers }
    }

    /// Has the journal write these entries; the answers come after the commit. What this thread hands over is written in order.
    pub(crate) fn record(&self, entries: Vec<Entry>) -> impl Future<Output = Recorded> + use<> {
        let (asker, answer) = oneshot::channel();
        let slot = self.desk.next.get();
        self.desk.next.set(slot + 1);
        self.desk.waiting.borrow_mut().insert(slot, asker);
        self.desk.leaving.borrow_mut().push((slot, entries));
        if !self.desk.is_called.replace(true) {
            let scribe = self.clone();
            // Behind everybody who is ready to be heard now.
            actix_rt::spawn(async move { scribe.hand_over() });
        }
        async { answer.await.unwrap_or(Err(SchedulerError::Busy)) }
    }

    fn hand_over(&self) {
        self.desk.is_called.set(false);
        let leaving = self.desk.leaving.take();
        let unit = |(slot, entries)| Unit { entries, asker: ThreadAsker::new(self.answers.clone(), slot) };
        let units: Vec<Unit> = leaving.into_iter().map(unit).collect();
        match self.directory.journal() {
            // Units that are not taken say so themselves when they are dropped.
            Some(journal) => drop(journal.try_send(RecordAll(units))),
            None => drop(units),
        }
    }
}
