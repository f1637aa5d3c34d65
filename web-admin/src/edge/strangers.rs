//! Callers of the executors' addresses that bring a wrong secret: after [`MOST`] within a minute an address is not listened to about this
//! app key for the rest of it, so that no secret can be guessed at any speed, and one log line a minute tells of it.
//!
//! From an address at which the executor called of late with the right secret many more are borne: whoever shares it must not be able to
//! lock that executor out. Kept in memory and bounded; after a restart nobody is known until the first right call.

use crate::auth::throttle::network;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The window, in milliseconds.
pub(crate) const WINDOW_MS: i64 = 60_000;
/// Failures of an address within the window.
const MOST: u32 = 60;
/// Failures of an address at which an executor is known.
const MOST_OF_KNOWN: u32 = 6_000;
/// So long an executor is known after it called in: the original's client registers once in its life, and reports now and then.
const KNOWN_MS: i64 = 24 * 60 * 60_000;
/// As much of an app key as is looked at, in characters: as long as one may be.
const LONGEST_KEY: usize = 128;
/// Addresses kept at the same time.
const MOST_KEYS: usize = 10_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    /// Whether anybody failed of late: calls of executors need no lock as long as nobody does.
    any: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    failed: HashMap<String, (u32, i64)>,
    known: HashMap<String, i64>,
}

impl Strangers {
    /// Whether an address is not listened to now.
    pub(crate) fn is_barred(&self, caller: (Option<IpAddr>, &str), now: DateTime<Utc>) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let (key, now_ms, seen) = (key(caller), now.timestamp_millis(), self.lock());
        let most = if seen.knows(&key, now_ms) { MOST_OF_KNOWN } else { MOST };
        seen.failed.get(&key).is_some_and(|(count, since)| now_ms - since < WINDOW_MS && *count >= most)
    }

    /// Notes a wrong secret, and answers whether it is the address's first one of its window: only that one is told in the log.
    pub(crate) fn failed(&self, caller: (Option<IpAddr>, &str), now: DateTime<Utc>) -> bool {
        let (key, now_ms, mut seen) = (key(caller), now.timestamp_millis(), self.lock());
        seen.failed.retain(|_, (_, since)| now_ms - *since < WINDOW_MS);
        make_room(&mut seen.failed, &key, |(_, since)| *since);
        let (count, _) = seen.failed.entry(key).or_insert((0, now_ms));
        *count = count.saturating_add(1);
        self.any.store(true, Ordering::Relaxed);
        *count == 1
    }

    /// Notes a call with the right secret; of calls other than registrations only while somebody fails, so that they need no lock.
    pub(crate) fn succeeded(&self, caller: (Option<IpAddr>, &str), now: DateTime<Utc>) {
        if self.any.load(Ordering::Relaxed) {
            self.registered(caller, now);
        }
    }

    /// Notes that an executor registered with the right secret.
    pub(crate) fn registered(&self, caller: (Option<IpAddr>, &str), now: DateTime<Utc>) {
        let (key, now_ms, mut seen) = (key(caller), now.timestamp_millis(), self.lock());
        make_room(&mut seen.known, &key, |since| *since);
        seen.known.insert(key, now_ms);
        seen.failed.retain(|_, (_, since)| now_ms - *since < WINDOW_MS);
        self.any.store(!seen.failed.is_empty(), Ordering::Relaxed);
    }

    /// The maps are sound after a panic elsewhere: each change to them is a single step.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn knows(&self, key: &str, now_ms: i64) -> bool {
        self.known.get(key).is_some_and(|at| now_ms - at < KNOWN_MS)
    }
}

/// An address and an app key as one text; no address has a blank in it.
fn key((address, app_key): (Option<IpAddr>, &str)) -> String {
    let network = address.map(|address| network(&address.to_string())).unwrap_or_default();
    format!("{network} {}", app_key.chars().take(LONGEST_KEY).collect::<String>())
}

/// Forgets the oldest entry where a new one would be too many.
fn make_room<V>(map: &mut HashMap<String, V>, key: &str, at: impl Fn(&V) -> i64) {
    if map.len() >= MOST_KEYS && !map.contains_key(key) {
        let oldest = map.iter().min_by_key(|(_, value)| at(value)).map(|(key, _)| key.clone());
        oldest.map(|key| map.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn address(last: u8) -> (Option<IpAddr>, &'static str) {
        (Some(IpAddr::from([203, 0, 113, last])), "billing")
    }

    #[test]
    fn an_address_that_guesses_is_not_listened_to_until_its_minute_is_over() {
        let strangers = Strangers::default();
        let told = (0..MOST).filter(|_| strangers.failed(address(9), at(0))).count();
        assert_eq!(told, 1, "one log line");
        assert!(strangers.is_barred(address(9), at(59)));
        assert!(!strangers.is_barred(address(10), at(0)), "others are not concerned");
        assert!(!strangers.is_barred((address(9).0, "reports"), at(0)), "nor are other executors there");
        assert!(!strangers.is_barred(address(9), at(60)));
    }

    #[test]
    fn an_executor_that_is_known_at_an_address_is_not_locked_out_by_others_there() {
        let strangers = Strangers::default();
        strangers.registered(address(9), at(0));
        let fail = |times: u32, at| (0..times).filter(|_| strangers.failed(address(9), at)).count();
        assert_eq!(fail(MOST * 10, at(1)), 1);
        assert!(!strangers.is_barred(address(9), at(1)));
        assert_eq!(fail(MOST_OF_KNOWN, at(1)), 0);
        assert!(strangers.is_barred(address(9), at(1)), "but not at any speed");
        let later = at(1) + TimeDelta::milliseconds(KNOWN_MS);
        assert_eq!(fail(MOST, later), 1);
        assert!(strangers.is_barred(address(9), later), "nor for ever");
    }

    #[test]
    fn nothing_grows_without_end() {
        let strangers = Strangers::default();
        for number in 0..u32::try_from(MOST_KEYS).unwrap() + 500 {
            strangers.failed((Some(IpAddr::from(number.to_be_bytes())), ""), at(0));
            strangers.registered((Some(IpAddr::from(number.to_be_bytes())), ""), at(0));
        }
        let seen = strangers.lock();
        assert!(seen.failed.len() <= MOST_KEYS && seen.known.len() <= MOST_KEYS);
    }
}
