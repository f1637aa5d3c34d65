//! The first user, and the way back in for somebody who lost the password.

use crate::auth::{PasswordError, hash_now, random_password};
use crate::config::AdminConfig;
use crate::key_file::{KeyError, KeyFile};
use chrono::{DateTime, Utc};
use hzm_job_store::account::{ADMINISTRATOR, NewUser, Rights};
use hzm_job_store::operation::By;
use hzm_job_store::outcome::Change;
use hzm_job_store::user::LOCAL;
use hzm_job_store::{Store, StoreError, StoreSettings};
use std::path::Path;
use thiserror::Error;

/// Who did it, in the operation log.
pub(crate) const COMMAND_LINE: &str = "(command line)";

/// Why there is no user to log in with.
#[derive(Debug, Error)]
pub enum UserError {
    /// The database refused.
    #[error("the user could not be written")]
    Store(#[from] StoreError),
    /// The key of the database.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The hash function refused.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers for a password: {0}")]
    Random(String),
    /// The file of the database is not there: making an empty one would only hide a mistyped folder.
    #[error("there is no database at {path}; name its folder with --data, or the configuration with -f")]
    NoDatabase {
        /// Where it was looked for.
        path: String,
    },
    /// The user has no password here.
    #[error("the password of {name:?} is not kept here: {origin} vouches for it")]
    Elsewhere {
        /// The name.
        name: String,
        /// Who vouches.
        origin: String,
    },
    /// There is no such user.
    #[error("there is no user {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
}

/// What start-up did about users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstUser {
    /// There were users already.
    Existed,
    /// It was created with the configured password.
    Configured,
    /// It was created with this password, to be shown once.
    Generated(String),
}

/// Creates the first user where there is none. Hashes on the calling thread: call it before the server starts.
///
/// # Errors
/// [`UserError`].
pub async fn ensure(store: &Store, name: &str, password: &str, now: DateTime<Utc>) -> Result<FirstUser, UserError> {
    if store.user_count().await? > 0 {
        return Ok(FirstUser::Existed);
    }
    let must_change = password.is_empty();
    let (password, outcome) = match password {
        "" => {
            let generated = generated()?;
            (generated.clone(), FirstUser::Generated(generated))
        }
        configured => (configured.to_owned(), FirstUser::Configured),
    };
    let rights = Rights { role: ADMINISTRATOR.to_owned(), executors: None, disabled: false };
    let user = NewUser {
        name: name.to_owned(),
        password_hash: hash_now(&password)?,
        must_change,
        rights,
        origin: LOCAL.to_owned(),
        subject: None,
    };
    match store.account_create(user, None, now).await? {
        Change::Done(_) => Ok(outcome),
        // Somebody else was quicker on the same database.
        _ => Ok(FirstUser::Existed),
    }
}

/// Opens the database of an admin that was started before, to look at it.
///
/// # Errors
/// [`UserError::NoDatabase`] where there is none, [`UserError::Store`] when it cannot be opened, [`UserError::Key`] when its key is not
/// there.
pub async fn open_existing(config: &AdminConfig, log: &slog::Logger) -> Result<Store, UserError> {
    let (store, key) = existing(config, log)?;
    key.compare(&store).await?;
    Ok(store)
}

/// The same, to write to it: like a start, it ties a database that is new or from before there were keys.
///
/// # Errors
/// As above, and where the start would be refused.
pub async fn open_for_changes(config: &AdminConfig, log: &slog::Logger) -> Result<Store, UserError> {
    let (store, key) = existing(config, log)?;
    key.settle(&store).await?;
    Ok(store)
}

/// The store and its key, as they are found.
pub(crate) fn existing(config: &AdminConfig, log: &slog::Logger) -> Result<(Store, KeyFile), UserError> {
    let url = config.database_url();
    if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !Path::new(path).exists()) {
        return Err(UserError::NoDatabase { path: path.to_owned() });
    }
    let key = KeyFile::find(config, log)?;
    let store = Store::open_with(&StoreSettings { vault: key.vault.clone(), ..config.store_settings() }, log)?;
    Ok((store, key))
}

/// Gives a user a new password, ends the user's sessions, and answers the password.
///
/// # Errors
/// [`UserError`].
pub async fn reset(store: &Store, name: &str, now: DateTime<Utc>) -> Result<String, UserError> {
    let unknown = || UserError::Unknown { name: name.to_owned() };
    let user = store.user_by_name(name.to_owned()).await?.ok_or_else(unknown)?;
    if !user.is_local() {
        return Err(UserError::Elsewhere { name: user.name, origin: user.origin });
    }
    let password = generated()?;
    let by = By { user: COMMAND_LINE.to_owned(), at: now, address: String::new(), account: None };
    if !store.user_set_password((user.id, user.version), (hash_now(&password)?, true), None, by, None).await? {
        return Err(unknown());
    }
    Ok(password)
}

/// Whether a new password opens nothing, because the user is kept out.
///
/// # Errors
/// [`UserError`].
pub async fn is_disabled(store: &Store, name: &str) -> Result<bool, UserError> {
    Ok(store.user_by_name(name.to_owned()).await?.is_some_and(|user| user.disabled))
}

fn generated() -> Result<String, UserError> {
    random_password().map_err(|error| UserError::Random(error.to_string()))
}
