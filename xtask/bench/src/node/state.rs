//! What all tasks of a load executor share; one thread, so a plain cell does.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use hzm_job_test_rig::clock::now_us;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Options;
use super::records::{Record, Records};
use super::wire::{Trigger, Wire};

/// A run that has ended and whose result nobody took yet, with the place of its record.
pub(super) type Done = (Trigger, Option<usize>);

/// Everything that is shared.
pub(super) struct State {
    pub(super) wire: Wire,
    pub(super) admin_port: u16,
    pub(super) app_key: String,
    pub(super) secret: String,
    work: Duration,
    pub(super) records: RefCell<Records>,
    queue: RefCell<VecDeque<Done>>,
    pub(super) news: Notify,
    pub(super) counts: Cell<Counts>,
    /// The wall clock and the steady one, both at the start.
    started: (i64, Instant),
}

/// What a load executor counts; the answer of its control port.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Triggers that came.
    pub arrived: u64,
    /// Of these, how many found no room to be remembered.
    pub forgotten: u64,
    /// Results that the admin took.
    pub taken: u64,
    /// Results that the admin will never take (410, 422): of runs that it does not know any more.
    pub refused: u64,
    /// Tries to report that failed and were made again.
    pub failed_tries: u64,
    /// Requests that were none of ours, or unreadable.
    pub strange: u64,
    /// Results that wait for a connection.
    pub queued: u64,
    /// By how much the wall clock went ahead of the steady one since the start, in microseconds.
    pub drift_us: i64,
}

impl State {
    pub(super) fn new(options: &Options) -> State {
        State {
            wire: options.wire,
            admin_port: options.admin_port,
            app_key: options.app_key.clone(),
            secret: options.secret.clone(),
            work: Duration::from_millis(options.work_ms),
            records: RefCell::new(Records::new(options.capacity)),
            queue: RefCell::default(),
            news: Notify::new(),
            counts: Cell::default(),
            started: (now_us(), Instant::now()),
        }
    }

    /// Remembers a trigger and begins its work.
    pub(super) fn begin(self: &Rc<Self>, trigger: Trigger, arrived_us: i64) {
        let Trigger { run, job, told_ms } = trigger;
        let place = self.records.borrow_mut().push(Record { run, job, told_ms, arrived_us, taken_us: 0 });
        self.count(|counts| {
            counts.arrived += 1;
            counts.forgotten += u64::from(place.is_none());
        });
        if self.work.is_zero() {
            return self.finish((trigger, place));
        }
        let state = Rc::clone(self);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(state.work).await;
            state.finish((trigger, place));
        });
    }

    fn finish(&self, done: Done) {
        self.queue.borrow_mut().push_back(done);
        self.news.notify_one();
    }

    /// Takes the oldest results, at most as many as one callback carries.
    pub(super) fn take(&self, into: &mut Vec<Done>) {
        let mut queue = self.queue.borrow_mut();
        let many = queue.len().min(self.wire.most_results());
        into.extend(queue.drain(..many));
    }

    /// Puts results back that could not be told; they are the oldest.
    pub(super) fn put_back(&self, done: &mut Vec<Done>) {
        let mut queue = self.queue.borrow_mut();
        done.drain(..).rev().for_each(|done| queue.push_front(done));
        self.news.notify_one();
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    /// The counts as of now.
    pub(super) fn counts_now(&self) -> Counts {
        let (wall, steady) = self.started;
        let passed = i64::try_from(steady.elapsed().as_micros()).unwrap_or(i64::MAX);
        let queued = self.queue.borrow().len() as u64;
        Counts { queued, drift_us: now_us() - wall - passed, ..self.counts.get() }
    }
}
