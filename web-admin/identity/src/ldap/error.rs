//! Why a directory did not vouch for somebody.

use crate::problem::SettingProblem;
use thiserror::Error;

/// Why a directory did not vouch for somebody. None of these ever holds what was typed as the password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LdapError {
    /// There is no such name, or this is not its password, or its account is locked: nobody is told which.
    #[error("the directory does not let this name in with this password")]
    WrongNameOrPassword,
    /// The directory could not be asked: no connection, a certificate that is not trusted, no answer in time. Says nothing
    /// about the user.
    #[error("the directory {addr} cannot be asked: {reason}")]
    Unreachable {
        /// Which directory.
        addr: String,
        /// Why.
        reason: String,
    },
    /// A setting is wrong, or does not go with this directory. Says nothing about the user.
    #[error("the directory is not set up rightly: {0}")]
    Misconfigured(#[from] SettingProblem),
    /// The directory answered what no directory should, or more than is taken. Says nothing about the user.
    #[error("the directory {addr} answered what cannot be used: {what}")]
    BadAnswer {
        /// Which directory.
        addr: String,
        /// What.
        what: String,
    },
}

impl LdapError {
    /// Whether the directory was asked and said no. In all other cases it told nothing, and the admin's own users may be
    /// asked in its place.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, LdapError::WrongNameOrPassword)
    }
}
