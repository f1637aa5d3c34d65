//! How often a login may fail within [`WINDOW_MS`]: so many times per client address and user name together, so many per address
//! whatever the name, and so many per name whatever the address. An address is a host of IPv4, or a /64 of IPv6: whoever has one has
//! all of it.
//!
//! The latter two could be turned against a user, by whoever knows the name or shares the address. So they do not hold for a user who
//! has a session open from there ([`Verdict::Stranger`]).
//!
//! Logins that succeed are counted too, by user: each writes a session and an entry of the operation log, and whoever logs in needs
//! one session only.
//!
//! An attempt counts before its password is looked at, so that many at once cannot slip through; a success takes back what it
//! counted and wipes the slate of address and name together, and so does a new password. Kept in memory and bounded: a restart
//! forgives, and beyond [`MOST_KEYS`] of a kind the oldest entry of that kind is forgotten. What is refused for its address adds
//! nothing, so one address cannot push others out.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The window in which failures count, in milliseconds: 15 minutes.
const WINDOW_MS: i64 = 15 * 60 * 1_000;
/// The window in which logins of a user count, in milliseconds, and how many there may be.
const SUCCESSES_WINDOW_MS: i64 = 60 * 1_000;
const MOST_SUCCESSES: u32 = 30;
/// Entries of a kind kept at the same time, of some 100 bytes each.
const MOST_KEYS: usize = 10_000;
/// Failures of an address with a name, or of a user's own password.
const MOST_OF_PAIR: u32 = 10;
/// Failures of an address, or with a name.
const MOST_OF_ONE: u32 = 100;

/// Whether an attempt is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Admitted,
    /// Only if the user has a session open from this address; then [`Throttle::admit_known`] counts it.
    Stranger,
    /// It is not.
    Refused,
}

/// The attempts of late.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Attempts>);

#[derive(Debug, Default)]
struct Attempts {
    pairs: Counts<(String, String)>,
    addresses: Counts<String>,
    names: Counts<String>,
    /// Own passwords that somebody who is logged in wants to change.
    users: Counts<i64>,
    successes: Counts<i64>,
}

/// Attempts by a key, each with the moment of the first one.
#[derive(Debug)]
struct Counts<K>(HashMap<K, (u32, i64)>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Counts(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Counts<K> {
    /// Counts an attempt and answers whether it is one of the first `most` of its window.
    fn count(&mut self, key: K, most: u32, now_ms: i64) -> bool {
        self.count_within(WINDOW_MS, key, most, now_ms)
    }

    fn count_within(&mut self, window_ms: i64, key: K, most: u32, now_ms: i64) -> bool {
        if !self.0.contains_key(&key) && self.0.len() >= MOST_KEYS {
            let oldest = self.0.iter().min_by_key(|(_, (_, since))| *since).map(|(key, _)| key.clone());
            oldest.map(|key| self.0.remove(&key));
        }
        let (count, since) = self.0.entry(key).or_insert((0, now_ms));
        if now_ms - *since >= window_ms {
            (*count, *since) = (0, now_ms);
        }
        *count = count.saturating_add(1);
        *count <= most
    }

    fn take_back(&mut self, key: &K) {
        if let Some((count, _)) = self.0.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    fn forget_before(&mut self, key: &K, at_ms: i64) -> bool {
        let are_older = self.0.get(key).is_some_and(|(_, since)| *since < at_ms);
        are_older && self.0.remove(key).is_some()
    }
}

impl Throttle {
    /// Counts an attempt to log in and says whether it is looked at.
    pub(crate) fn admit(&self, address: &str, name: &str, now: DateTime<Utc>) -> Verdict {
        let (now_ms, address, mut attempts) = (now.timestamp_millis(), network(address), self.lock());
        if !attempts.addresses.count(address.clone(), MOST_OF_ONE, now_ms) {
            // Nothing else is counted: names must not pay for it, and what is counted of others must not be pushed out.
            return Verdict::Stranger;
        }
        // Before the name: one address alone must not use up what a name has.
        let pair = (address, name.to_owned());
        if !attempts.pairs.count(pair.clone(), MOST_OF_PAIR, now_ms) {
            // Nobody looks at it: a program with an old password must not use up what others at its address have.
            attempts.addresses.take_back(&pair.0);
            return Verdict::Refused;
        }
        if attempts.names.count(name.to_owned(), MOST_OF_ONE, now_ms) {
            return Verdict::Admitted;
        }
        // Counted once, by `admit_known`.
        attempts.pairs.take_back(&pair);
        Verdict::Stranger
    }

    /// Counts an attempt with the name of a user who has a session open from this address: those have a few of their own.
    pub(crate) fn admit_known(&self, address: &str, name: &str, now: DateTime<Utc>) -> bool {
        self.lock().pairs.count((network(address), name.to_owned()), MOST_OF_PAIR, now.timestamp_millis())
    }

    /// Counts a login that succeeds, and answers whether there may be another one now.
    pub(crate) fn admit_success(&self, user: i64, now: DateTime<Utc>) -> bool {
        self.lock().successes.count_within(SUCCESSES_WINDOW_MS, user, MOST_SUCCESSES, now.timestamp_millis())
    }

    /// Counts an attempt of a user who is logged in to change the password.
    pub(crate) fn admit_user(&self, user: i64, now: DateTime<Utc>) -> bool {
        self.lock().users.count(user, MOST_OF_PAIR, now.timestamp_millis())
    }

    /// Forgets the attempts of a user who has shown to know the password.
    pub(crate) fn forgive_user(&self, user: i64) {
        self.lock().users.0.remove(&user);
    }

    /// Forgets attempts whose first one lies before `at_ms`, when the password was made anew: they were at another one. Answers
    /// whether there were any.
    pub(crate) fn forgive_before(&self, address: &str, name: &str, at_ms: i64) -> bool {
        let mut attempts = self.lock();
        let of_pair = attempts.pairs.forget_before(&(network(address), name.to_owned()), at_ms);
        attempts.names.forget_before(&name.to_owned(), at_ms) || of_pair
    }

    /// Forgets the attempts of somebody who has shown to know the password, and takes back that this one was counted.
    pub(crate) fn forgive(&self, address: &str, name: &str) {
        let (address, mut attempts) = (network(address), self.lock());
        attempts.addresses.take_back(&address);
        attempts.names.take_back(&name.to_owned());
        attempts.pairs.0.remove(&(address, name.to_owned()));
    }

    /// Takes back that an attempt was counted whose password nobody looked at.
    pub(crate) fn take_back(&self, address: &str, name: &str) {
        let (address, mut attempts) = (network(address), self.lock());
        attempts.addresses.take_back(&address);
        attempts.names.take_back(&name.to_owned());
        attempts.pairs.take_back(&(address, name.to_owned()));
    }

    /// The maps are sound after a panic elsewhere: each change to them is a single step.
    fn lock(&self) -> MutexGuard<'_, Attempts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted as one address.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string()
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn is_admitted(throttle: &Throttle, address: &str, name: &str) -> bool {
        throttle.admit(address, name, now()) == Verdict::Admitted
    }

    #[test]
    fn the_eleventh_attempt_is_refused_until_the_window_is_over() {
        let throttle = Throttle::default();
        assert!((0..10).all(|_| is_admitted(&throttle, "a", "admin")));
        assert!(!is_admitted(&throttle, "a", "admin"));
        assert!(is_admitted(&throttle, "b", "admin"), "another address");
        assert!(is_admitted(&throttle, "a", "other"), "another name");
        assert_eq!(throttle.admit("a", "admin", now() + TimeDelta::minutes(15)), Verdict::Admitted);
    }

    #[test]
    fn an_address_that_tries_many_names_is_a_stranger_there_and_the_names_do_not_pay_for_it() {
        let throttle = Throttle::default();
        let admitted = (0..200).filter(|index| is_admitted(&throttle, "a", &format!("user {index}"))).count();
        assert_eq!(admitted, 100);
        assert!((0..300).all(|_| throttle.admit("a", "victim", now()) == Verdict::Stranger));
        assert!(is_admitted(&throttle, "b", "victim"));
        let known = (0..20).filter(|_| throttle.admit_known("a", "victim", now())).count();
        assert_eq!(known, 10, "even a known user has ten");
    }

    #[test]
    fn an_address_that_is_refused_cannot_push_out_what_is_counted_of_others() {
        let throttle = Throttle::default();
        assert_eq!((0..11).filter(|_| is_admitted(&throttle, "a", "admin")).count(), 10);
        for index in 0..3 * MOST_KEYS {
            let _ = throttle.admit("a", &format!("user {index}"), now());
        }
        assert!(!throttle.admit_known("a", "admin", now()), "its ten are used up");
        assert!(throttle.lock().pairs.0.len() <= 101);
    }

    #[test]
    fn a_program_with_an_old_password_uses_up_nothing_of_others_at_its_address() {
        let throttle = Throttle::default();
        assert_eq!((0..500).filter(|_| is_admitted(&throttle, "a", "script")).count(), 10);
        assert!(is_admitted(&throttle, "a", "admin"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let throttle = Throttle::default();
        let admitted =
            (0..50).filter(|host| is_admitted(&throttle, &format!("2001:db8:1:2::{host:x}"), "admin")).count();
        assert_eq!(admitted, 10);
        assert!(is_admitted(&throttle, "2001:db8:1:3::1", "admin"));
        assert_eq!((network("::ffff:10.0.0.1"), network("10.0.0.1")), ("::ffff:10.0.0.1".into(), "10.0.0.1".into()));
    }

    #[test]
    fn attempts_at_ones_own_password_are_nobody_elses() {
        let throttle = Throttle::default();
        assert_eq!((0..20).filter(|_| throttle.admit_user(1, now())).count(), 10);
        assert!(throttle.admit_user(2, now()));
        throttle.forgive_user(1);
        assert!(throttle.admit_user(1, now()));
    }

    #[test]
    fn a_name_that_is_tried_from_everywhere_is_open_to_known_addresses_only() {
        let throttle = Throttle::default();
        let verdicts: Vec<Verdict> =
            (0..150).map(|index| throttle.admit(&format!("address {index}"), "admin", now())).collect();
        assert!(verdicts.iter().take(100).all(|verdict| *verdict == Verdict::Admitted));
        assert!(verdicts.iter().skip(100).all(|verdict| *verdict == Verdict::Stranger));
    }

    #[test]
    fn one_address_alone_does_not_use_up_what_a_name_has() {
        let throttle = Throttle::default();
        (0..100).for_each(|_| {
            let _ = throttle.admit("a", "victim", now());
        });
        assert!(is_admitted(&throttle, "b", "victim"));
    }

    #[test]
    fn logins_that_succeed_use_nothing_up() {
        let throttle = Throttle::default();
        for _ in 0..1_000 {
            assert!(is_admitted(&throttle, "office", "admin"));
            throttle.forgive("office", "admin");
        }
    }

    #[test]
    fn a_user_logs_in_so_many_times_a_minute_and_others_are_not_concerned() {
        let throttle = Throttle::default();
        assert_eq!((0..100).filter(|_| throttle.admit_success(1, now())).count(), 30);
        assert!(throttle.admit_success(2, now()));
        assert!(throttle.admit_success(1, now() + TimeDelta::minutes(1)));
    }

    #[test]
    fn a_success_wipes_the_slate() {
        let throttle = Throttle::default();
        (0..10).for_each(|_| assert!(is_admitted(&throttle, "a", "admin")));
        throttle.forgive("a", "admin");
        assert!(is_admitted(&throttle, "a", "admin"));
    }

    #[test]
    fn a_new_password_wipes_the_slate_once() {
        let throttle = Throttle::default();
        let admitted = (0..11).filter(|_| is_admitted(&throttle, "a", "admin")).count();
        assert_eq!(admitted, 10);
        let earlier = now().timestamp_millis() - 1;
        assert!(!throttle.forgive_before("a", "admin", earlier), "the attempts were at this very password");
        assert!(throttle.forgive_before("a", "admin", earlier + 2));
        assert_eq!(throttle.admit("a", "admin", now() + TimeDelta::milliseconds(2)), Verdict::Admitted);
        assert!(!throttle.forgive_before("a", "admin", earlier + 2), "new attempts count anew");
    }

    #[test]
    fn memory_is_bounded_whoever_knocks() {
        let throttle = Throttle::default();
        (0..MOST_KEYS + 50).for_each(|index| {
            let _ = throttle.admit(&index.to_string(), &index.to_string(), now());
        });
        let attempts = throttle.lock();
        assert!(attempts.pairs.0.len() <= MOST_KEYS && attempts.names.0.len() <= MOST_KEYS);
        assert!(attempts.addresses.0.len() <= MOST_KEYS);
    }
}
