//! What the journal refuses, told to it directly: the front door cannot hand over that much at once.

use super::*;
use crate::clock::SystemClock;
use chrono::DateTime;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_store::ledger::{Answer, Known, RunChange};

/// Hears what a journal tells its parent.
struct Parent;

impl Actor for Parent {
    type Context = Context<Self>;
}

impl Handler<MustEnd> for Parent {
    type Result = ();

    fn handle(&mut self, _: MustEnd, _: &mut Self::Context) {}
}

impl Handler<ActorGone<JournalName>> for Parent {
    type Result = ();

    fn handle(&mut self, _: ActorGone<JournalName>, _: &mut Self::Context) {}
}

async fn journal(folder: &tempfile::TempDir) -> Addr<Journal> {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let store = Store::open(&format!("sqlite://{}/ledger.sqlite", folder.path().display()), &log).unwrap();
    let clock = Arc::new(SystemClock);
    let epoch = store.partition_claim_all("test".into(), clock.now()).await.unwrap();
    let parent = Parent.start();
    let (registry, parent) = (parent.clone().recipient(), parent.recipient());
    let health = Arc::default();
    Journal::new(JournalSetup { store, clock, log, epoch, health, registry, parent }).start()
}

/// So many changes of a run that does not exist.
fn changes(count: usize) -> Record {
    let change = RunChange {
        run: RunId(1),
        from: RunState::Dispatched,
        to: RunState::Running,
        reason: Reason::None,
        at: DateTime::UNIX_EPOCH,
        known: Known::default(),
        then: None,
    };
    Record(vec![Entry::Change(change); count])
}

#[actix_rt::test]
async fn a_full_backlog_is_refused_and_what_was_taken_is_answered_entry_by_entry() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder).await;
    // The first fills a batch and is on its way at once; the second waits behind it and fills the backlog.
    let first = journal.send(changes(BATCH));
    let second = journal.send(changes(BACKLOG));
    let third = journal.send(changes(1));
    let (first, third) = futures_util::future::join(first, third).await;
    assert_eq!(first.unwrap().unwrap(), vec![Answer::Missed { state: None }; BATCH]);
    assert!(matches!(third.unwrap(), Err(SchedulerError::Busy)));
    drop(second);
}
