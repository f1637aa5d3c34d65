//! Names and passwords that an LDAP directory knows (RFC 4511): OpenLDAP, Active Directory and their kin.
//!
//! The client is our own, four requests small, because of what a directory, or somebody between it and us, could do to the
//! admin: messages are bounded in size and number, nested only as deep as they should be, and whatever comes in ends in an
//! error. The crate `ldap3` 0.12 reads messages of any length and depth into memory and panics on malformed ones (its issue
//! #135), before StartTLS too.
//!
//! What is never done: a bind without a password (RFC 4513 §5.1.2 lets anybody in), following a referral, believing a
//! certificate that is not for the host, sending a password to another machine without TLS unless the settings say so.

mod address;
mod attributes;
mod ber;
mod codes;
mod connection;
mod dn;
mod error;
mod filter;
#[cfg(test)]
mod fuzz;
mod groups;
mod message;
mod settings;
mod visit;

pub use error::LdapError;
pub use settings::LdapSettings;

use crate::identity::{self, Identity};
use crate::problem::SettingProblem;
use crate::tls;
use connection::Trouble;
use visit::Visit;

/// The longest password that is sent to a directory, in bytes.
pub const LONGEST_PASSWORD: usize = 1_024;

/// Whether these settings and the authorities that they name can be used; a login reads those again. The directory is not asked.
///
/// # Errors
/// The first value that cannot be used, by its key.
pub async fn look_at(settings: &LdapSettings) -> Result<(), SettingProblem> {
    settings.check()?;
    tls::client(settings.ca.as_deref()).await.map(|_| ())
}

/// Asks the directory whether this is the password of this user, and who that is. Takes no longer than `settings.within`.
///
/// # Errors
/// [`LdapError`]; only [`LdapError::WrongNameOrPassword`] says something about the user.
pub async fn login(settings: &LdapSettings, user: &str, password: &str) -> Result<Identity, LdapError> {
    settings.check()?;
    let user = user.trim();
    let can_be_right = identity::is_name(user) && (1..=LONGEST_PASSWORD).contains(&password.len());
    if !can_be_right {
        return Err(LdapError::WrongNameOrPassword);
    }
    let answered = tokio::time::timeout(settings.within, ask(settings, user, password)).await;
    answered.unwrap_or_else(|_| {
        let reason = format!("no answer within {:?}", settings.within);
        Err(visit::told(settings, Trouble::Away(reason)))
    })
}

async fn ask(settings: &LdapSettings, user: &str, password: &str) -> Result<Identity, LdapError> {
    let mut visit = Visit::begin(settings).await?;
    let identity = visit.identify(user, password).await;
    visit.end().await;
    identity
}
