//! A wall clock that moves with tokio's paused time and that a test may set.

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::Clock;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// Where every world begins: 2027-01-15T08:00:00.250Z.
const ORIGIN_MS: i64 = 1_800_000_000_250;

/// See the module.
pub(crate) struct TestClock {
    start: Instant,
    set_by_ms: AtomicI64,
    latest_ms: AtomicI64,
}

impl TestClock {
    pub(crate) fn new() -> TestClock {
        TestClock { start: Instant::now(), set_by_ms: AtomicI64::new(0), latest_ms: AtomicI64::new(ORIGIN_MS) }
    }

    /// What the clock shows; only on the test's own thread.
    pub(crate) fn read(&self) -> DateTime<Utc> {
        let passed = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        let now = ORIGIN_MS + passed + self.set_by_ms.load(Ordering::SeqCst);
        self.latest_ms.store(now, Ordering::SeqCst);
        DateTime::from_timestamp_millis(now).unwrap()
    }

    /// The last time anybody read: for the threads of the fake nodes, where paused time cannot be seen. Whoever sent
    /// something has read the clock before, so a message can never seem to arrive before it was sent.
    pub(crate) fn latest(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.latest_ms.load(Ordering::SeqCst)).unwrap()
    }

    /// Somebody sets the clock forward, or back.
    pub(crate) fn jump(&self, by: TimeDelta) {
        self.set_by_ms.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        self.read();
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        self.read()
    }
}
