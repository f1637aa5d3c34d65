//! Passwords: hashed with Argon2id, never stored, never logged.
//!
//! Parameters: 7 MiB of memory, 5 passes, 1 lane, about 20 ms a hash: of the settings that OWASP names as equally strong the one
//! with the least memory, because a process that hardly does anything keeps for hours what a hash took for a moment. Hashing
//! runs on blocking threads, at most two at once, with at most [`MOST_WAITING`] waiting: a flood of logins costs 14 MiB and
//! two cores.

use actix_web::web;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
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
const MOST_WAITING: usize = 64;

/// A hash that no password has: what an unknown user's password is compared with, so that it takes the same time.
const DECOY: &str = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password could not be hashed or compared.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Too many logins are waiting already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash function refused, or a stored hash is damaged.
    #[error("the password cannot be hashed or compared: {0}")]
    Hash(String),
}

/// The gate in front of the hash function.
#[derive(Debug)]
pub struct Passwords {
    waiting: Semaphore,
    working: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords { waiting: Semaphore::new(MOST_WAITING), working: Semaphore::new(AT_ONCE) }
    }
}

impl Passwords {
    /// The hash of a new password, in the PHC string format.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = password.to_owned();
        self.through_gate(move || hash_now(&password)).await
    }

    /// Whether `password` is the one of `hash`; without a hash (no such user) the answer takes as long and is no.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        let (password, is_known) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(DECOY).to_owned();
        let matches = self.through_gate(move || verify_now(&password, &hash)).await?;
        Ok(matches && is_known)
    }

    async fn through_gate<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let _turn = self.working.acquire().await.map_err(|_| PasswordError::Busy)?;
        web::block(work).await.map_err(|error| PasswordError::Hash(error.to_string()))?
    }
}

/// The hash of a password, made on the calling thread; for commands that have no server.
///
/// # Errors
/// [`PasswordError::Hash`].
pub fn hash_now(password: &str) -> Result<String, PasswordError> {
    let hash = argon()?.hash_password(password.as_bytes()).map_err(|error| PasswordError::Hash(error.to_string()))?;
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
        let taken = passwords.waiting.try_acquire_many(MOST_WAITING as u32).unwrap();
        assert!(matches!(passwords.verify("x", None).await, Err(PasswordError::Busy)));
        drop(taken);
        assert!(!passwords.verify("x", None).await.unwrap());
    }
}
