//! How much may be told of what strangers can bring about, so that nobody can fill a log by failing.

use chrono::{DateTime, Utc};
use std::sync::{Mutex, PoisonError};

/// What may be told within a minute.
const MOST: u32 = 60;
/// A minute, in milliseconds.
const WINDOW_MS: i64 = 60_000;

/// How many attempts were recorded of late, and how many were not.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    since_ms: i64,
    recorded: u32,
    left_out: u64,
}

impl Budget {
    /// Whether an attempt is recorded, and how many were left out before it.
    pub(crate) fn take(&self, now: DateTime<Utc>) -> Option<u64> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = now.timestamp_millis();
        // A clock that was set back begins anew.
        if !(0..WINDOW_MS).contains(&(now_ms - spent.since_ms)) {
            (spent.since_ms, spent.recorded) = (now_ms, 0);
        }
        if spent.recorded >= MOST {
            spent.left_out += 1;
            return None;
        }
        spent.recorded += 1;
        Some(std::mem::take(&mut spent.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_on_purpose_does_not_fill_the_log_and_what_is_left_out_is_counted() {
        let (budget, at) = (Budget::default(), |ms| DateTime::from_timestamp_millis(1_000_000 + ms).unwrap());
        let recorded = (0..1_000).filter(|_| budget.take(at(0)).is_some()).count();
        assert_eq!(recorded, MOST as usize);
        assert_eq!(budget.take(at(WINDOW_MS)), Some(1_000 - u64::from(MOST)));
        assert_eq!(budget.take(at(WINDOW_MS)), Some(0));
        assert_eq!(budget.take(at(-5_000)), Some(0), "a clock that was set back");
    }
}
