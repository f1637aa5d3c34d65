//! The one source of time. `main` hands down [`SystemClock`]; tests hand down a clock that moves with tokio's paused time,
//! so that timers and dates agree.

pub(crate) mod jump;
#[cfg(feature = "faults")]
mod offset;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock's time, cut to the millisecond (what the ledger keeps).
    fn now(&self) -> DateTime<Utc>;
}

/// The operating system's clock. (With the cargo feature `faults` a file may set it, see `clock/offset.rs`.)
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
    fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        #[cfg(feature = "faults")]
        let now = now.checked_add_signed(TimeDelta::milliseconds(offset::millis())).unwrap_or(now);
        // Cutting to a millisecond can only fail beyond the year 2262.
        now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
    }
}

/// How long from `now` until `then`; zero when that is past. For arming timers.
pub(crate) fn until(now: DateTime<Utc>, then: DateTime<Utc>) -> std::time::Duration {
    (then - now).to_std().unwrap_or_default()
}
