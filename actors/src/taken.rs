//! One per thread: runs that nodes took which would execute them again, noted in the ledger many at a time.
//!
//! While few are under way each run's own row says 50 ms after the node's answer that it has it. While very many are, that would cost as much
//! as ending them. So they are gathered for [`GATHER`] and named in one note; their rows say it later, or never, because most have
//! ended by then. A note goes when the ledger says of each of its runs that it runs or is over.

use crate::scribe::Scribe;
use hzm_job_scheduler::RunId;
use hzm_job_store::ledger::{Answer, Entry, TakenRun};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// So many triggers whose fate is not in the ledger yet are few: each run has its own row say it.
pub(crate) const FEW: usize = 256;

/// How long a note waits for company.
const GATHER: Duration = Duration::from_millis(20);
/// How long a note that says nothing any more may stay, if nothing else is to be noted.
const LINGER: Duration = Duration::from_secs(1);
/// Runs in one note at most: the text of so many, 50 bytes each, fits into MySQL's TEXT.
const LARGEST: usize = 1_000;

/// See the module. Must be used on the thread it was made on.
#[derive(Clone)]
pub(crate) struct Taken {
    scribe: Scribe,
    desk: Rc<RefCell<Desk>>,
}

#[derive(Default)]
struct Desk {
    /// What the next notes name.
    coming: Vec<TakenRun>,
    /// What is noted, or on its way into a note, and not in the run's own row: the run, and the number of its note.
    noted: HashMap<RunId, (TakenRun, u64)>,
    notes: HashMap<u64, Note>,
    /// Notes that say nothing any more.
    over: Vec<i64>,
    next: u64,
    /// Whether notes are being gathered, and whether somebody comes for those that are over.
    gathers: bool,
    lingers: bool,
}

#[derive(Default)]
struct Note {
    /// Its id in the ledger, once it is there.
    id: Option<i64>,
    /// Runs whose rows do not say yet what it says.
    open: usize,
}

impl Desk {
    /// What is to be written, and the numbers of the notes among it, in their order.
    fn entries(&mut self) -> (Vec<Entry>, Vec<u64>) {
        let (mut entries, mut numbers) = (Vec::new(), Vec::new());
        let mut coming = std::mem::take(&mut self.coming);
        // Those that are over by now need no note.
        coming.retain(|taken| self.noted.contains_key(&taken.run));
        for runs in coming.chunks(LARGEST) {
            let number = self.next;
            self.next += 1;
            for taken in runs {
                self.noted.insert(taken.run, (*taken, number));
            }
            self.notes.insert(number, Note { id: None, open: runs.len() });
            numbers.push(number);
            entries.push(Entry::KeepTaken(runs.to_vec()));
        }
        if !self.over.is_empty() {
            entries.push(Entry::DropTaken(std::mem::take(&mut self.over)));
        }
        (entries, numbers)
    }

    /// The note is in the ledger under this id; `None`: it is not there, and its runs' own rows will say it.
    fn kept(&mut self, number: u64, id: Option<i64>) {
        let Some(note) = self.notes.get_mut(&number) else { return };
        note.id = id;
        if note.open == 0 || id.is_none() {
            self.notes.remove(&number);
            self.over.extend(id);
        }
    }

    fn settled(&mut self, run: RunId) {
        let Some((_, number)) = self.noted.remove(&run) else { return };
        let Some(note) = self.notes.get_mut(&number) else { return };
        note.open -= 1;
        if let (0, Some(id)) = (note.open, note.id) {
            self.notes.remove(&number);
            self.over.push(id);
        }
    }
}

/// The number of no note: of a run that is not in one yet.
const COMING: u64 = u64::MAX;

impl Taken {
    /// One for the calling thread.
    pub(crate) fn new(scribe: Scribe) -> Taken {
        Taken { scribe, desk: Rc::default() }
    }

    /// Has a run noted in a moment.
    pub(crate) fn note(&self, taken: TakenRun) {
        let mut desk = self.desk.borrow_mut();
        // In two notes, it would keep the first one for ever.
        if desk.noted.contains_key(&taken.run) {
            return;
        }
        desk.noted.insert(taken.run, (taken, COMING));
        desk.coming.push(taken);
        if !std::mem::replace(&mut desk.gathers, true) {
            self.hand_over_after(GATHER);
        }
    }

    /// What was noted of a run whose own row does not say it.
    pub(crate) fn noted(&self, run: RunId) -> Option<TakenRun> {
        self.desk.borrow().noted.get(&run).map(|(taken, _)| *taken)
    }

    /// The row of a run says that it runs, or that it is over.
    pub(crate) fn settled(&self, run: RunId) {
        self.desk.borrow_mut().settled(run);
        self.linger();
    }

    /// Has notes that are over dropped, with the next one or in a while.
    fn linger(&self) {
        let mut desk = self.desk.borrow_mut();
        if !desk.over.is_empty() && !std::mem::replace(&mut desk.lingers, true) {
            self.hand_over_after(LINGER);
        }
    }

    fn hand_over_after(&self, pause: Duration) {
        let taken = self.clone();
        actix_rt::spawn(async move {
            actix_rt::time::sleep(pause).await;
            taken.hand_over(pause).await;
        });
    }

    async fn hand_over(&self, after: Duration) {
        let (entries, numbers) = {
            let mut desk = self.desk.borrow_mut();
            if after == GATHER {
                desk.gathers = false
            } else {
                desk.lingers = false
            }
            desk.entries()
        };
        if entries.is_empty() {
            return;
        }
        let dropped = match entries.last() {
            Some(Entry::DropTaken(notes)) => notes.clone(),
            _ => Vec::new(),
        };
        // A note that the journal refuses is not tried again: the rows say soon what it says.
        let recorded = self.scribe.record(entries).await;
        let mut desk = self.desk.borrow_mut();
        if recorded.is_err() {
            desk.over.extend(dropped);
        }
        let mut ids = recorded.unwrap_or_default().into_iter().filter_map(|answer| match answer {
            Answer::Kept(id) => Some(id),
            Answer::Opened(_) | Answer::Existed { .. } | Answer::Changed { .. } | Answer::Missed { .. } => None,
        });
        for number in numbers {
            desk.kept(number, ids.next());
        }
        drop(desk);
        self.linger();
    }
}

#[cfg(test)]
mod tests;
