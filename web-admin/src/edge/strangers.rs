//! Callers of the executors' addresses that bring a wrong secret: after [`MOST`] within a minute an address is not listened to about this
//! app key for the rest of it, so that no secret can be guessed at any speed, and one log line a minute tells of it.
//!
//! App keys that no executor has are one key: whoever invents them fills nothing and pushes nothing out. An address is forgotten when
//! its minute is over, never for what it does itself; where there are too many, the one that failed least goes first.
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
/// Executors that are known at an address, kept at the same time.
const MOST_KEYS: usize = 10_000;
/// Addresses that failed, kept at the same time.
const MOST_ADDRESSES: usize = 4_096;
/// App keys of an address that are counted each for itself; further ones are counted with those that no executor has.
const MOST_KEYS_OF_ADDRESS: usize = 16;

/// Who calls: an address, and the app key of the executor that it says to be; none where no executor has the key it brought.
pub(crate) type Caller<'a> = (Option<IpAddr>, Option<&'a str>);

/// What a wrong secret is to be answered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The first one of its window: only that one is told in the log.
    pub(crate) is_first: bool,
    /// One of too many of this address, whatever app keys it named: told like the call of somebody who is not listened to, so that
    /// nobody learns which app keys there are.
    pub(crate) is_too_many: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    /// Whether anybody failed of late: calls of executors need no lock as long as nobody does.
    any: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    failed: HashMap<String, Failures>,
    known: HashMap<String, i64>,
}

/// What an address did wrong in its window.
#[derive(Debug, Default)]
struct Failures {
    since_ms: i64,
    by_key: HashMap<String, u32>,
    /// With app keys that no executor has, and with those beyond [`MOST_KEYS_OF_ADDRESS`].
    others: u32,
}

impl Failures {
    fn is_of(&self, now_ms: i64) -> bool {
        now_ms - self.since_ms < WINDOW_MS
    }

    fn of(&self, app_key: Option<&str>) -> u32 {
        // A key that has not failed yet is not blamed for those that nobody has, as long as it would be counted itself.
        let is_new = app_key.is_some() && self.by_key.len() < MOST_KEYS_OF_ADDRESS;
        let of_new = if is_new { 0 } else { self.others };
        app_key.and_then(|key| self.by_key.get(key)).copied().unwrap_or(of_new)
    }

    fn count(&mut self, app_key: Option<&str>) -> u32 {
        let has_room = self.by_key.len() < MOST_KEYS_OF_ADDRESS;
        let own = app_key.filter(|key| has_room || self.by_key.contains_key(*key));
        let count = match own {
            Some(key) => self.by_key.entry(key.to_owned()).or_insert(0),
            None => &mut self.others,
        };
        *count = count.saturating_add(1);
        *count
    }

    fn in_all(&self) -> u32 {
        self.by_key.values().fold(self.others, |sum, count| sum.saturating_add(*count))
    }
}

impl Strangers {
    /// Whether an address is not listened to now.
    pub(crate) fn is_barred(&self, caller: Caller<'_>, now: DateTime<Utc>) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let (now_ms, seen) = (now.timestamp_millis(), self.lock());
        let failures = seen.failed.get(&address(caller)).filter(|failures| failures.is_of(now_ms));
        failures.is_some_and(|failures| failures.of(caller.1) >= seen.most(caller, now_ms))
    }

    /// Notes a wrong secret.
    pub(crate) fn failed(&self, caller: Caller<'_>, now: DateTime<Utc>) -> Wrong {
        let (address, now_ms, mut seen) = (address(caller), now.timestamp_millis(), self.lock());
        seen.forget_old(now_ms);
        make_room(&mut seen.failed, &address, MOST_ADDRESSES, |failures| (failures.in_all(), failures.since_ms));
        let fresh = || Failures { since_ms: now_ms, ..Failures::default() };
        let failures = seen.failed.entry(address).or_insert_with(fresh);
        let is_too_many = failures.in_all() >= MOST;
        let is_first = failures.count(caller.1) == 1;
        self.any.store(true, Ordering::Relaxed);
        Wrong { is_first, is_too_many }
    }

    /// Notes a call with the right secret; of calls other than registrations only while somebody fails, so that they need no lock.
    pub(crate) fn succeeded(&self, caller: Caller<'_>, now: DateTime<Utc>) {
        if self.any.load(Ordering::Relaxed) {
            self.registered(caller, now);
        }
    }

    /// Notes that an executor registered with the right secret.
    pub(crate) fn registered(&self, caller: Caller<'_>, now: DateTime<Utc>) {
        let (key, now_ms, mut seen) = (key(caller), now.timestamp_millis(), self.lock());
        make_room(&mut seen.known, &key, MOST_KEYS, |since| *since);
        seen.known.insert(key, now_ms);
        seen.forget_old(now_ms);
        self.any.store(!seen.failed.is_empty(), Ordering::Relaxed);
    }

    /// The maps are sound after a panic elsewhere: each change to them is a single step.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn forget_old(&mut self, now_ms: i64) {
        self.failed.retain(|_, failures| failures.is_of(now_ms));
    }

    /// How many failures are borne of this caller.
    fn most(&self, caller: Caller<'_>, now_ms: i64) -> u32 {
        let is_known = self.known.get(&key(caller)).is_some_and(|at| now_ms - at < KNOWN_MS);
        if is_known { MOST_OF_KNOWN } else { MOST }
    }
}

fn address((address, _): Caller<'_>) -> String {
    address.map(|address| network(&address.to_string())).unwrap_or_default()
}

/// An address and an app key as one text; no address has a blank in it.
fn key(caller: Caller<'_>) -> String {
    format!("{} {}", address(caller), caller.1.unwrap_or_default())
}

/// Forgets the least of its entries where a new one would be too many.
fn make_room<V, O: Ord>(map: &mut HashMap<String, V>, key: &str, most: usize, order: impl Fn(&V) -> O) {
    if map.len() >= most && !map.contains_key(key) {
        let least = map.iter().min_by_key(|(_, value)| order(value)).map(|(key, _)| key.clone());
        least.map(|key| map.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn address(last: u8) -> Caller<'static> {
        (Some(IpAddr::from([203, 0, 113, last])), Some("billing"))
    }

    fn others(number: usize) -> Option<IpAddr> {
        Some(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes()))
    }

    #[test]
    fn an_address_that_guesses_is_not_listened_to_until_its_minute_is_over() {
        let strangers = Strangers::default();
        let told = (0..MOST).filter(|_| strangers.failed(address(9), at(0)).is_first).count();
        assert_eq!(told, 1, "one log line");
        assert!(strangers.is_barred(address(9), at(59)));
        assert!(!strangers.is_barred(address(10), at(0)), "others are not concerned");
        assert!(!strangers.is_barred((address(9).0, Some("reports")), at(0)), "nor are other executors there");
        assert!(!strangers.is_barred(address(9), at(60)));
    }

    #[test]
    fn keys_that_are_invented_lift_no_bar_and_are_barred_as_one() {
        let strangers = Strangers::default();
        (0..MOST).for_each(|_| {
            strangers.failed(address(9), at(0));
        });
        let nobody = (address(9).0, None);
        let told = (0..20_000).filter(|_| strangers.failed(nobody, at(1)).is_first).count();
        assert_eq!(told, 1, "one log line for all of them");
        assert!(strangers.is_barred(address(9), at(2)) && strangers.is_barred(nobody, at(2)));
        let reports = (address(9).0, Some("reports"));
        assert!(!strangers.is_barred(reports, at(2)), "whoever has the right secret is listened to");
        assert!(strangers.failed(reports, at(2)).is_too_many, "a wrong one does not tell that there is such a key");
        assert_eq!(strangers.lock().failed.len(), 1);
    }

    #[test]
    fn whether_an_app_key_exists_shows_in_nothing_that_is_answered() {
        let told = |asked: Caller<'_>, then: Caller<'_>| {
            let strangers = Strangers::default();
            let call = |caller| strangers.is_barred(caller, at(0)) || strangers.failed(caller, at(0)).is_too_many;
            let first: Vec<bool> = (0..MOST + 2).map(|_| call(asked)).collect();
            (first, call(then))
        };
        let (there, other, nobody) = (address(9), (address(9).0, Some("reports")), (address(9).0, None));
        let wanted = told(nobody, nobody);
        assert_eq!(wanted.0.iter().filter(|is_refused| !**is_refused).count(), 60);
        for (asked, then) in [(there, nobody), (there, other), (nobody, there), (there, there)] {
            assert_eq!(told(asked, then), wanted);
        }
    }

    #[test]
    fn neither_many_executors_nor_many_addresses_lift_a_bar() {
        let strangers = Strangers::default();
        (0..MOST).for_each(|_| {
            strangers.failed(address(9), at(0));
        });
        for number in 0..1_000 {
            strangers.failed((address(9).0, Some(&format!("executor-{number}"))), at(1));
        }
        assert!(strangers.is_barred(address(9), at(2)));
        assert!(
            strangers.is_barred((address(9).0, Some("executor-999")), at(2)),
            "beyond those counted for themselves"
        );
        for number in 0..3 * MOST_ADDRESSES {
            strangers.failed((others(number), None), at(2));
        }
        assert!(strangers.is_barred(address(9), at(3)), "it failed more than they");
    }

    #[test]
    fn an_executor_that_is_known_at_an_address_is_not_locked_out_by_others_there() {
        let strangers = Strangers::default();
        strangers.registered(address(9), at(0));
        let fail = |times: u32, at| (0..times).filter(|_| strangers.failed(address(9), at).is_first).count();
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
        for number in 0..MOST_KEYS + 500 {
            strangers.failed((others(number), Some("billing")), at(0));
            strangers.registered((others(number), Some("billing")), at(0));
        }
        let seen = strangers.lock();
        assert!(seen.failed.len() <= MOST_ADDRESSES && seen.known.len() <= MOST_KEYS);
    }
}
