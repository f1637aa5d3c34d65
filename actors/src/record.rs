//! What is handed to the journal, and who waits for the answer: an actor that sent one message, or a thread's scribe, which sent
//! what many jobs had to say and is answered many at a time.

use crate::error::SchedulerError;
use actix::dev::OneshotSender;
use hzm_job_store::ledger::{Answer, Entry};
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::mpsc;

/// What became of entries that stand or fall together, in their order.
pub(crate) type Recorded = Result<Vec<Answer>, SchedulerError>;

/// Entries that stand or fall together, and who asked for them.
pub(crate) struct Unit {
    pub(crate) entries: Vec<Entry>,
    pub(crate) asker: ThreadAsker,
}

/// What a thread's scribe is told.
pub(crate) struct Told {
    pub(crate) slot: u64,
    pub(crate) recorded: Recorded,
}

/// A slot of a thread's scribe. Dropped unanswered (the journal died, or its mailbox was full), it says so itself.
pub(crate) struct ThreadAsker {
    scribe: Option<mpsc::UnboundedSender<Vec<Told>>>,
    slot: u64,
}

impl ThreadAsker {
    pub(crate) fn new(scribe: mpsc::UnboundedSender<Vec<Told>>, slot: u64) -> ThreadAsker {
        ThreadAsker { scribe: Some(scribe), slot }
    }
}

impl Drop for ThreadAsker {
    fn drop(&mut self) {
        if let Some(scribe) = self.scribe.take() {
            // A thread that is gone asks for nothing.
            drop(scribe.send(vec![Told { slot: self.slot, recorded: Err(SchedulerError::Busy) }]));
        }
    }
}

/// The slot of an actor that waits for the answer to its own message; filled as soon as the handler has returned.
#[derive(Default, Clone)]
pub(crate) struct ActorAsker(pub(crate) Rc<Cell<Option<OneshotSender<Recorded>>>>);

impl ActorAsker {
    pub(crate) fn tell(&self, recorded: Recorded) {
        if let Some(asker) = self.0.take() {
            // Whoever asked may have stopped waiting; what was written counts all the same.
            drop(asker.send(recorded));
        }
    }
}

/// Whoever waits for an answer.
pub(crate) enum Asker {
    Actor(ActorAsker),
    Thread(ThreadAsker),
}

/// Answers on their way: those of one thread that follow each other go in one message.
#[derive(Default)]
pub(crate) struct Answers {
    scribe: Option<mpsc::UnboundedSender<Vec<Told>>>,
    told: Vec<Told>,
}

impl Answers {
    /// Answers somebody, at the latest when this is dropped.
    pub(crate) fn tell(&mut self, asker: Asker, recorded: Recorded) {
        match asker {
            Asker::Actor(asker) => asker.tell(recorded),
            Asker::Thread(mut asker) => {
                let Some(scribe) = asker.scribe.take() else { return };
                if !self.scribe.as_ref().is_some_and(|last| last.same_channel(&scribe)) {
                    self.send();
                    self.scribe = Some(scribe);
                }
                self.told.push(Told { slot: asker.slot, recorded });
            }
        }
    }

    fn send(&mut self) {
        if let Some(scribe) = self.scribe.take() {
            // A thread that is gone asks for nothing.
            drop(scribe.send(std::mem::take(&mut self.told)));
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.send();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(told: Vec<Told>) -> Vec<(u64, bool)> {
        told.into_iter().map(|told| (told.slot, told.recorded.is_ok())).collect()
    }

    #[test]
    fn answers_to_one_thread_go_together_and_those_to_another_do_not_get_lost() {
        let (one, mut first) = mpsc::unbounded_channel();
        let (other, mut second) = mpsc::unbounded_channel();
        let mut answers = Answers::default();
        for (scribe, slot) in [(&one, 1), (&one, 2), (&other, 7), (&one, 3)] {
            answers.tell(Asker::Thread(ThreadAsker::new(scribe.clone(), slot)), Ok(Vec::new()));
        }
        drop(answers);
        assert_eq!(slots(first.try_recv().unwrap()), [(1, true), (2, true)]);
        assert_eq!(slots(first.try_recv().unwrap()), [(3, true)]);
        assert_eq!(slots(second.try_recv().unwrap()), [(7, true)]);
    }

    #[test]
    fn who_is_never_answered_hears_that_too() {
        let (scribe, mut told) = mpsc::unbounded_channel();
        drop(ThreadAsker::new(scribe, 5));
        assert_eq!(slots(told.try_recv().unwrap()), [(5, false)]);
    }
}
