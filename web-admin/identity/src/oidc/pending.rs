//! A login that was begun: what the admin keeps while the browser is at the provider.

use super::error::OidcError;
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use subtle::ConstantTimeEq;

/// How long a browser may stay at the provider.
pub const LONGEST_LOGIN: TimeDelta = TimeDelta::minutes(10);

/// A login that was begun. Kept on the server, found by its `state`, used once and thrown away; the browser that began it is
/// known by a cookie of the caller's. Every field but `started` is a secret, so `Debug` shows that alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// What the browser brings back (RFC 6749 §10.12); 128 random bits.
    pub state: String,
    /// What the ID token must hold, so that it is one of this login.
    pub nonce: String,
    /// The secret behind the PKCE challenge that the browser carried (RFC 7636).
    pub verifier: String,
    /// When the login was begun.
    pub started: DateTime<Utc>,
}

impl Pending {
    /// Whether a browser that brings this state back now comes from this login.
    pub(super) fn admit(&self, state: &str, now: DateTime<Utc>) -> Result<(), OidcError> {
        let is_ours = bool::from(self.state.as_bytes().ct_eq(state.as_bytes())) && !self.state.is_empty();
        if !is_ours {
            return Err(OidcError::State);
        }
        let age = now - self.started;
        // A moment before the beginning is a clock that was put right.
        let is_in_time = (-TimeDelta::minutes(1)..=LONGEST_LOGIN).contains(&age);
        if is_in_time { Ok(()) } else { Err(OidcError::TooLate) }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pending").field("started", &self.started).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(state: &str) -> Pending {
        let [state, nonce, verifier] = [state, "n0nce", "ver1fier"].map(str::to_owned);
        Pending { state, nonce, verifier, started: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn only_the_very_state_is_admitted() {
        let began = pending("abc");
        assert_eq!(began.admit("abc", began.started), Ok(()));
        for state in ["", "ab", "abcd", "ABC"] {
            assert_eq!(began.admit(state, began.started), Err(OidcError::State), "{state}");
        }
        assert_eq!(pending("").admit("", began.started), Err(OidcError::State));
    }

    #[test]
    fn a_login_ends_after_ten_minutes() {
        let began = pending("abc");
        assert_eq!(began.admit("abc", began.started + LONGEST_LOGIN), Ok(()));
        let late = began.started + LONGEST_LOGIN + TimeDelta::milliseconds(1);
        assert_eq!(began.admit("abc", late), Err(OidcError::TooLate));
        assert_eq!(began.admit("abc", began.started - TimeDelta::hours(1)), Err(OidcError::TooLate));
    }

    #[test]
    fn nothing_that_is_secret_is_shown() {
        let shown = format!("{:?}", pending("st4te"));
        assert!(["st4te", "n0nce", "ver1fier"].iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}
