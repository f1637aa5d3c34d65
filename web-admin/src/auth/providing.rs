//! Logins that are under way at a provider of OpenID Connect, by what the browser was given when it was sent there.
//!
//! Kept in memory and bounded: whoever is at the provider when the admin is started anew begins again.

use super::token::{random_text, sha256_hex};
use crate::config::OidcConfig;
use chrono::{DateTime, Utc};
use hzm_job_identity::SettingProblem;
use hzm_job_identity::oidc::{LONGEST_LOGIN, Oidc, Pending};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Logins under way at the same time; beyond, the oldest one is forgotten.
const MOST: usize = 10_000;

/// Of these from one address; beyond, the oldest one of the same address is forgotten.
const MOST_OF_ONE: usize = 100;

/// The provider and who is there.
pub(crate) struct Providing {
    pub(crate) oidc: Oidc,
    /// What the login page calls it.
    pub(crate) label: String,
    away: Mutex<HashMap<String, Away>>,
}

/// Somebody who was sent to the provider.
pub(crate) struct Away {
    pub(crate) pending: Pending,
    /// Where the way leads afterwards.
    pub(crate) next: String,
    /// From where; nobody can push others out.
    pub(crate) network: String,
}

impl Providing {
    /// The provider of this configuration; `None`: there is none.
    ///
    /// # Errors
    /// A value that cannot be used.
    pub(crate) async fn of(config: &OidcConfig) -> Result<Option<Providing>, SettingProblem> {
        let Some(settings) = config.settings() else { return Ok(None) };
        let oidc = Oidc::new(settings).await?;
        Ok(Some(Providing { oidc, label: config.label.clone(), away: Mutex::default() }))
    }

    /// Keeps somebody who is sent away and answers what the browser is to bring back.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub(crate) fn keep(&self, away: Away, now: DateTime<Utc>) -> Result<String, getrandom::Error> {
        let ticket = random_text()?;
        let mut all = self.lock();
        all.retain(|_, known| now - known.pending.started < LONGEST_LOGIN);
        let of_network = all.values().filter(|known| known.network == away.network).count();
        let same = |known: &Away| of_network < MOST_OF_ONE || known.network == away.network;
        if all.len() >= MOST || of_network >= MOST_OF_ONE {
            let oldest = all
                .iter()
                .filter(|(_, known)| same(known))
                .min_by_key(|(_, known)| known.pending.started)
                .map(|(key, _)| key.clone());
            oldest.map(|key| all.remove(&key));
        }
        all.insert(sha256_hex(&ticket), away);
        Ok(ticket)
    }

    /// Somebody who is back, once.
    pub(crate) fn take(&self, ticket: &str) -> Option<Away> {
        self.lock().remove(&sha256_hex(ticket))
    }

    /// The map is sound after a panic elsewhere: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(at: DateTime<Utc>) -> Away {
        let text = String::from("x");
        let pending = Pending { state: text.clone(), nonce: text.clone(), verifier: text.clone(), started: at };
        Away { pending, next: "/".into(), network: "203.0.113.9".into() }
    }

    #[actix_web::test]
    async fn whoever_is_back_is_known_once_and_nobody_is_waited_for_for_ever() {
        let config = OidcConfig {
            issuer: "https://login.example".into(),
            client_id: "hzm".into(),
            redirect_url: "https://hzm.example/login/oidc/callback".into(),
            ..OidcConfig::default()
        };
        let providing = Providing::of(&config).await.unwrap().unwrap();
        let now = DateTime::UNIX_EPOCH;
        let ticket = providing.keep(away(now), now).unwrap();
        assert!(providing.take("another").is_none());
        assert!(providing.take(&ticket).is_some() && providing.take(&ticket).is_none());
        let late = providing.keep(away(now), now).unwrap();
        providing.keep(away(now + LONGEST_LOGIN), now + LONGEST_LOGIN).unwrap();
        assert!(providing.take(&late).is_none());
        assert_eq!(providing.lock().len(), 1);
    }
}
