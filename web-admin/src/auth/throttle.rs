//! How often a login may fail: [`MOST_FAILURES`] times per client address and user name within [`WINDOW_MS`].
//!
//! An attempt counts before its password is looked at, so that many at once cannot slip through; a success wipes the
//! slate, and so does a new password. Kept in memory and bounded: a restart forgives, and beyond [`MOST_KEYS`] the oldest entry is forgotten.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failed attempts before further ones are refused.
const MOST_FAILURES: u32 = 10;
/// The window in which they count, in milliseconds: 15 minutes.
const WINDOW_MS: i64 = 15 * 60 * 1_000;
/// Entries kept at the same time, of some 100 bytes each.
const MOST_KEYS: usize = 10_000;

/// The attempts of late.
#[derive(Debug, Default)]
pub struct Throttle {
    attempts: Mutex<HashMap<(String, String), Attempts>>,
}

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    since_ms: i64,
}

impl Throttle {
    /// Counts an attempt; `false` when there were too many already.
    pub(crate) fn admit(&self, address: &str, name: &str, now: DateTime<Utc>) -> bool {
        let (now_ms, mut attempts) = (now.timestamp_millis(), self.lock());
        let key = (address.to_owned(), name.to_owned());
        if !attempts.contains_key(&key) && attempts.len() >= MOST_KEYS {
            forget_some(&mut attempts, now_ms);
        }
        let mine = attempts.entry(key).or_insert(Attempts { count: 0, since_ms: now_ms });
        if now_ms - mine.since_ms >= WINDOW_MS {
            *mine = Attempts { count: 0, since_ms: now_ms };
        }
        mine.count = mine.count.saturating_add(1);
        mine.count <= MOST_FAILURES
    }

    /// Forgets attempts whose first one lies before `at_ms`, when the password was made anew: they were at another one. Answers
    /// whether there were any.
    pub(crate) fn forgive_before(&self, address: &str, name: &str, at_ms: i64) -> bool {
        let (key, mut attempts) = ((address.to_owned(), name.to_owned()), self.lock());
        let are_older = attempts.get(&key).is_some_and(|mine| mine.since_ms < at_ms);
        are_older && attempts.remove(&key).is_some()
    }

    /// Forgets the attempts of somebody who has shown to know the password.
    pub(crate) fn forgive(&self, address: &str, name: &str) {
        self.lock().remove(&(address.to_owned(), name.to_owned()));
    }

    /// The map is sound after a panic elsewhere: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Attempts>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_some(attempts: &mut HashMap<(String, String), Attempts>, now_ms: i64) {
    attempts.retain(|_, mine| now_ms - mine.since_ms < WINDOW_MS);
    if attempts.len() >= MOST_KEYS {
        let oldest = attempts.iter().min_by_key(|(_, mine)| mine.since_ms).map(|(key, _)| key.clone());
        oldest.map(|key| attempts.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn the_eleventh_attempt_is_refused_until_the_window_is_over() {
        let throttle = Throttle::default();
        assert!((0..10).all(|_| throttle.admit("a", "admin", now())));
        assert!(!throttle.admit("a", "admin", now()));
        assert!(throttle.admit("b", "admin", now()), "another address");
        assert!(throttle.admit("a", "other", now()), "another name");
        assert!(throttle.admit("a", "admin", now() + TimeDelta::minutes(15)));
    }

    #[test]
    fn a_success_wipes_the_slate() {
        let throttle = Throttle::default();
        (0..10).for_each(|_| assert!(throttle.admit("a", "admin", now())));
        throttle.forgive("a", "admin");
        assert!(throttle.admit("a", "admin", now()));
    }

    #[test]
    fn a_new_password_wipes_the_slate_once() {
        let throttle = Throttle::default();
        let admitted = (0..11).filter(|_| throttle.admit("a", "admin", now())).count();
        assert_eq!(admitted, 10);
        let earlier = now().timestamp_millis() - 1;
        assert!(!throttle.forgive_before("a", "admin", earlier), "the attempts were at this very password");
        assert!(throttle.forgive_before("a", "admin", earlier + 2));
        assert!(throttle.admit("a", "admin", now() + TimeDelta::milliseconds(2)));
        assert!(!throttle.forgive_before("a", "admin", earlier + 2), "new attempts count anew");
    }

    #[test]
    fn memory_is_bounded_whoever_knocks() {
        let throttle = Throttle::default();
        (0..MOST_KEYS + 50).for_each(|index| assert!(throttle.admit("a", &index.to_string(), now())));
        assert!(throttle.lock().len() <= MOST_KEYS);
    }
}
