//! Passwords: hashed with Argon2id, never stored, never logged.
//!
//! Parameters: 7 MiB of memory, 5 passes, 1 lane, about 20 ms a hash: of the settings that OWASP names as equally strong the one
//! with the least memory; an admin that does nothing gives it back some seconds later ([`crate::memory`]). Hashing
//! runs on blocking threads, at most two at once: a flood of logins costs 14 MiB and two cores. Of a name one is compared at a time and
//! of an address a few, so that a flood of one name or from one address leaves a turn to everybody else; the others wait, at most
//! [`PATIENCE`] long and [`MOST_WAITING`] in all.

use super::lanes::Lanes;
use super::throttle::network;
use crate::memory;
use actix_web::web;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::Semaphore;

/// The shortest password, in characters.
pub const SHORTEST_PASSWORD: usize = 8;
/// The longest password, in bytes.
pub const LONGEST_PASSWORD: usize = 256;

const MEMORY_KIB: u32 = 7_168;
const PASSES: u32 = 5;
const LANES: u32 = 1;
const AT_ONCE: usize = 2;
const MOST_WAITING: usize = 256;
/// Passwords of one name: compared at a time, and with those that wait.
const OF_NAME: (usize, usize) = (1, 8);
/// The same of one address.
const OF_ADDRESS: (usize, usize) = (4, 64);
/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// A hash that no password has: what an unknown user's password is compared with, so that it takes the same time.
const DECOY: &str = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password could not be hashed or compared.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Too many logins are waiting already.
    #[error("too many passwords are being checked")]
    Busy,
    /// Too many of this name or from this address are waiting already.
    #[error("too many passwords of this user or from this address are being checked")]
    TooMany,
    /// The hash function refused, or a stored hash is damaged.
    #[error("the password cannot be hashed or compared: {0}")]
    Hash(String),
}

/// The gate in front of the hash function.
#[derive(Debug)]
pub struct Passwords {
    waiting: Semaphore,
    working: Semaphore,
    of_names: Lanes,
    of_addresses: Lanes,
}

/// Whose password it is said to be, and from where that is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: &'a str,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords {
            waiting: Semaphore::new(MOST_WAITING),
            working: Semaphore::new(AT_ONCE),
            of_names: Lanes::new(OF_NAME.0, OF_NAME.1),
            of_addresses: Lanes::new(OF_ADDRESS.0, OF_ADDRESS.1),
        }
    }
}

impl Passwords {
    /// The hash of a new password, in the PHC string format.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = password.to_owned();
        let _place = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        self.in_turn(move || hash_now(&password), async { Some(()) }).await
    }

    /// Whether `password` is the one of `hash`; without a hash (no such user) the answer takes as long and is no.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(crate) async fn verify(
        &self,
        asker: Asker<'_>,
        password: &str,
        hash: Option<&str>,
    ) -> Result<bool, PasswordError> {
        let (password, is_known) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(DECOY).to_owned();
        // First of the name: whoever shares an address with a flood of another name has its turn there.
        let by_name = self.of_names.enter(asker.name).ok_or(PasswordError::TooMany)?;
        let by_address = self.of_addresses.enter(&network(asker.address)).ok_or(PasswordError::TooMany)?;
        let _place = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let turns = async { Some((by_name.turn().await?, by_address.turn().await?)) };
        let matches = self.in_turn(move || verify_now(&password, &hash), turns).await?;
        Ok(matches && is_known)
    }

    /// Works when the turns before, and one at the hash function, have come.
    async fn in_turn<T: Send + 'static, P>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
        turns: impl Future<Output = Option<P>>,
    ) -> Result<T, PasswordError> {
        let turns = async { Some((turns.await?, self.working.acquire().await.ok()?)) };
        let waited = tokio::time::timeout(PATIENCE, turns).await.ok().flatten();
        let _turns = waited.ok_or(PasswordError::Busy)?;
        web::block(work).await.map_err(|error| PasswordError::Hash(error.to_string()))?
    }
}

/// The hash of a password, made on the calling thread; for commands that have no server.
///
/// # Errors
/// [`PasswordError::Hash`].
pub fn hash_now(password: &str) -> Result<String, PasswordError> {
    let hash = argon()?.hash_password(password.as_bytes()).map_err(|error| PasswordError::Hash(error.to_string()))?;
    memory::rest(MEMORY_KIB as usize * 1_024);
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(|error| PasswordError::Hash(error.to_string()))?;
    match argon()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(other) => Err(PasswordError::Hash(other.to_string())),
    }
}

fn argon() -> Result<Argon2<'static>, PasswordError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_only_and_the_hash_names_its_parameters() {
        let hash = hash_now("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{hash}");
        assert!(verify_now("correct horse", &hash).unwrap());
        assert!(!verify_now("wrong horse", &hash).unwrap());
    }

    #[test]
    fn the_decoy_can_be_compared_and_matches_nothing() {
        assert!(!verify_now("", DECOY).unwrap());
        assert!(!verify_now("admin", DECOY).unwrap());
    }

    #[actix_web::test]
    async fn a_flood_of_logins_is_turned_away() {
        let passwords = Passwords::default();
        let anybody = Asker { name: "x", address: "a" };
        let taken = passwords.waiting.try_acquire_many(MOST_WAITING as u32).unwrap();
        assert!(matches!(passwords.verify(anybody, "x", None).await, Err(PasswordError::Busy)));
        drop(taken);
        assert!(!passwords.verify(anybody, "x", None).await.unwrap());
    }

    #[actix_web::test]
    async fn a_flood_of_one_name_leaves_a_turn_to_others_at_the_same_address() {
        let passwords = Passwords::default();
        let asker = |name| Asker { name, address: "office" };
        let flood = futures_util::future::join_all((0..75).map(|_| passwords.verify(asker("Viewer"), "x", None)));
        let others = ["ann", "bob", "cleo"].map(|name| passwords.verify(asker(name), "x", None));
        let (flood, others) = futures_util::join!(flood, futures_util::future::join_all(others));
        assert!(others.iter().all(|looked_at| matches!(looked_at, Ok(false))), "{others:?}");
        let turned_away = flood.iter().filter(|looked_at| matches!(looked_at, Err(PasswordError::TooMany))).count();
        assert_eq!(turned_away, 75 - OF_NAME.1);
        let (one, other) = (passwords.of_names.enter("viewer").unwrap(), passwords.of_names.enter("ann").unwrap());
        let (held, _free) = (one.turn().await.unwrap(), other.turn().await.unwrap());
        assert!(matches!(passwords.verify(asker("bob"), "x", None).await, Ok(false)), "whoever is at work");
        drop(held);
    }
}
