//! Why a provider did not vouch for somebody.

use crate::problem::SettingProblem;
use thiserror::Error;

/// Why a provider did not vouch for somebody. None of these ever holds a secret, a code or a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OidcError {
    /// What the browser brought back belongs to another login, or to none.
    #[error("this login was not begun in this browser; begin again")]
    State,
    /// The browser came back too late, or before it left.
    #[error("this login was begun more than 10 minutes ago; begin again")]
    TooLate,
    /// The provider refused the code: it was used before, is too old, or is for somebody else.
    #[error("the provider {issuer} refuses the login: {code}")]
    Refused {
        /// Which provider.
        issuer: String,
        /// Its word for why, see RFC 6749 §5.2.
        code: String,
    },
    /// The provider could not be asked: no connection, a certificate that is not trusted, no answer in time. Says nothing about
    /// the user.
    #[error("the provider {issuer} cannot be asked: {reason}")]
    Unreachable {
        /// Which provider.
        issuer: String,
        /// Why.
        reason: String,
    },
    /// A setting is wrong, or does not go with this provider. Says nothing about the user.
    #[error("the provider is not set up rightly: {0}")]
    Misconfigured(#[from] SettingProblem),
    /// The provider answered what cannot be used: more than is taken, no JSON, no ID token.
    #[error("the provider {issuer} answered what cannot be used: {what}")]
    BadAnswer {
        /// Which provider.
        issuer: String,
        /// What.
        what: String,
    },
    /// The ID token proves nothing: it is signed by nobody known, for another client, expired, or of another login.
    #[error("the ID token of {issuer} proves nothing: {reason}")]
    BadToken {
        /// Which provider.
        issuer: String,
        /// Why.
        reason: String,
    },
}

impl OidcError {
    /// Whether this came about by what the browser brought, and not by a provider or a setting somebody should look at.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, OidcError::State | OidcError::TooLate | OidcError::Refused { .. })
    }
}
