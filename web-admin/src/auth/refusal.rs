//! Why somebody is not let in, and what the operation log says of it.

use super::guests::Unwanted;
use crate::audit;
use crate::error::ApiError;
use crate::state::App;
use hzm_job_store::StoreError;

/// Why nobody was logged in.
#[derive(Debug)]
pub enum LoginRefusal {
    /// The user is unknown or the password is wrong; which of the two is not told.
    Wrong,
    /// Too many attempts failed: come back in a quarter of an hour.
    TooMany,
    /// Too many logins of this user, or from this address, at a time: come back after so many seconds.
    TooOften {
        /// Seconds.
        retry_after: u64,
    },
    /// Somebody else vouches for the user, who is not let in here all the same.
    Unwanted {
        /// The name that was vouched for.
        name: String,
        /// Why.
        why: Unwanted,
    },
    /// It was given up at the provider, or refused by it.
    GivenUp,
    /// It was begun in another browser, or too long ago.
    NotBegun,
    /// The directory or the provider answered what is not believed; the log says why.
    Distrusted,
    /// The directory or the provider cannot be asked now.
    Away,
    /// The database or the hash function is away; told like every other call that meets it.
    Unavailable(ApiError),
}

impl From<StoreError> for LoginRefusal {
    fn from(error: StoreError) -> LoginRefusal {
        LoginRefusal::Unavailable(error.into())
    }
}

impl LoginRefusal {
    /// Why it is, as it is recorded; `None`: nothing was found out about whoever tried it.
    fn reason(&self) -> Option<&'static str> {
        Some(match self {
            LoginRefusal::Wrong => audit::WRONG,
            LoginRefusal::TooMany => audit::TOO_MANY,
            LoginRefusal::Unwanted { why, .. } => why.recorded(),
            LoginRefusal::GivenUp => audit::GIVEN_UP,
            LoginRefusal::NotBegun => audit::NOT_BEGUN,
            LoginRefusal::Distrusted => audit::DISTRUSTED,
            LoginRefusal::Away => audit::AWAY,
            LoginRefusal::TooOften { .. } | LoginRefusal::Unavailable(_) => return None,
        })
    }

    /// Records it; `known` is the user's number and name, where there is such a user.
    pub(crate) async fn record(&self, app: &App, known: Option<(i64, String)>, address: &str) {
        let Some(why) = self.reason() else { return };
        let (id, name) = known.unwrap_or_default();
        let name = match self {
            // Letters that nobody sees are written out.
            LoginRefusal::Unwanted { name, why: Unwanted::OddName } => name.escape_debug().to_string(),
            LoginRefusal::Unwanted { name, .. } => name.clone(),
            _ => name,
        };
        audit::login_failed(app, (id, name), address, why).await;
    }
}
