//! Only with the cargo feature `faults`: places in the code at which a test lets something fail, once, on purpose.
//!
//! What is armed belongs to the calling thread; with `Settings::threads` = 0 that is the thread of all actors. Without the
//! feature [`fault_point!`] is nothing.

use hzm_job_store::StoreError;
use hzm_job_store::ledger::Entry;
use std::cell::{Cell, RefCell};

/// Every place at which something may be armed, in the order of a run's life. A point that is not in this list does not
/// compile; one that is not in the code fails the test that goes through them all.
pub const POINTS: [&str; 15] = [
    "job.ahead",
    "job.written_ahead",
    "job.confirmed",
    "job.planned",
    "job.opened",
    "journal.before_commit",
    "journal.after_commit",
    "job.before_assign",
    "job.after_assign",
    "job.before_send",
    "node.before_send",
    "node.after_answer",
    "job.after_answer",
    "job.before_report",
    "job.after_report",
];

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever reaches the point panics.
    Panic,
    /// Nothing happens any more beyond the point; the test then ends the whole process.
    Crash,
    /// What was to be done there fails.
    Error,
}

/// What becomes of a batch that a test looks at before it is committed.
#[derive(Debug)]
pub enum CommitFault {
    /// It is committed.
    None,
    /// The database does not answer, until the judge says otherwise.
    Hang,
    /// The database refuses it.
    Refuse(StoreError),
}

/// How often the judge of a database that does not answer is asked again, and whether a wait is over.
const ASK_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);

type Judge = Box<dyn Fn(&[Entry]) -> CommitFault>;

thread_local! {
    static ARMED: Cell<Option<(&'static str, Fault)>> = const { Cell::new(None) };
    static JUDGE: RefCell<Option<Judge>> = const { RefCell::new(None) };
    static HELD: Cell<bool> = const { Cell::new(false) };
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Whether executors of this thread that have read themselves anew must wait before they go by what they read.
pub fn hold_readers(held: bool) {
    HELD.set(held);
    WAITS.set(false);
}

/// Whether one of them waits.
#[must_use]
pub fn a_reader_waits() -> bool {
    WAITS.get()
}

/// Waits as long as a test wants it.
pub(crate) async fn held() {
    while HELD.get() {
        WAITS.set(true);
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// The next one on this thread to reach `point` meets this fault; then it is over.
pub fn arm(point: &'static str, fault: Fault) {
    ARMED.set(Some((point, fault)));
}

/// Whether what was armed last was met; disarms it.
#[must_use]
pub fn was_met() -> bool {
    ARMED.take().is_none()
}

/// From now on every batch of this thread's journals is shown to `judge` first; one of nothing stands for the small write
/// by which a journal finds out whether the database is well.
pub fn judge_commits(judge: impl Fn(&[Entry]) -> CommitFault + 'static) {
    JUDGE.set(Some(Box::new(judge)));
}

/// What the test wants for a batch.
pub(crate) async fn judged(entries: &[Entry]) -> Result<(), StoreError> {
    loop {
        match JUDGE.with_borrow(|judge| judge.as_ref().map_or(CommitFault::None, |judge| judge(entries))) {
            CommitFault::None => return Ok(()),
            CommitFault::Hang => tokio::time::sleep(ASK_AGAIN).await,
            CommitFault::Refuse(error) => return Err(error),
        }
    }
}

/// Whether what follows `point` is to fail.
#[expect(clippy::panic, reason = "the panic is what was asked for")]
pub(crate) async fn reach(point: &'static str) -> bool {
    let Some((_, fault)) = ARMED.get().filter(|(armed, _)| *armed == point) else { return false };
    ARMED.set(None);
    match fault {
        Fault::Panic => panic!("a fault was injected at {point}"),
        Fault::Crash => std::future::pending().await,
        Fault::Error => true,
    }
}

/// Whether a point stands in the list; asked while compiling.
pub(crate) const fn is_listed(point: &str) -> bool {
    let mut index = 0;
    while index < POINTS.len() {
        #[expect(clippy::indexing_slicing, reason = "the index is below the length, and this runs in the compiler")]
        if is_same(POINTS[index].as_bytes(), point.as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}

#[expect(clippy::indexing_slicing, reason = "the index is below both lengths, and this runs in the compiler")]
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}
