//! Logins by an OpenID Connect provider: authorisation code with PKCE, as OAuth 2.1 and RFC 9700 want it.
//!
//! [`Oidc::begin`] says where to send the browser and what to keep; [`Oidc::finish`] takes what the browser brought back, fetches
//! the ID token and proves it. In between, the caller keeps the [`Pending`] on the server, hands the browser a cookie that
//! leads to it (so that the state belongs to this browser), and forgets it when the browser is back, whatever came of it. A
//! [`Pending`] belongs to the [`Oidc`] that began it: where there are several providers, the caller keeps which one it was.
//!
//! Protocol and cryptography are `openidconnect`'s, over awc: futures here stay on one thread, which must run actix's runtime;
//! [`Oidc`] itself goes wherever it is wanted. Time is an argument. A provider that is asked gets `within` for all of a step.

mod claims;
mod error;
mod exchange;
mod pending;
mod provider;
mod settings;
mod token;
mod wire;

pub use error::OidcError;
pub use pending::{LONGEST_LOGIN, Pending};
pub use settings::OidcSettings;

use crate::identity::Identity;
use crate::problem::SettingProblem;
use crate::tls;
use chrono::{DateTime, Utc};
use claims::Claims;
use openidconnect::core::{CoreAuthenticationFlow, CoreTokenResponse};
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, Scope, TokenResponse};
use provider::{Kept, Provider};
use rustls::ClientConfig;
use std::sync::Arc;
use token::Doubt;
use url::Url;
use wire::Wire;

/// The longest code that a browser may bring back, in bytes.
const LONGEST_CODE: usize = 4_096;

/// Logins by one provider. Shared by all threads; what the provider says about itself is read once for all.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    tls: Arc<ClientConfig>,
    kept: Kept,
}

impl Oidc {
    /// Reads the authorities that the settings name. The provider is not asked.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub async fn new(settings: OidcSettings) -> Result<Oidc, SettingProblem> {
        settings.check()?;
        let mut tls = tls::client(settings.ca.as_deref()).await?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Oidc { settings, tls: Arc::new(tls), kept: Kept::default() })
    }

    /// Begins a login: where to send the browser, and what to keep until it is back.
    ///
    /// # Errors
    /// [`OidcError`] when the provider says nothing usable about itself.
    pub async fn begin(&self, now: DateTime<Utc>) -> Result<(Url, Pending), OidcError> {
        self.in_time(async {
            let provider = self.kept.get(&self.settings, &self.wire(), now).await?;
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            let client = self.client(&provider)?;
            let request = client.authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            );
            // The library asks for `openid` by itself.
            let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid");
            let scopes = scopes.map(|scope| Scope::new(scope.clone()));
            let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
            let verifier = verifier.into_secret();
            let (state, nonce) = (state.into_secret(), nonce.secret().clone());
            Ok((url, Pending { state, nonce, verifier, started: now }))
        })
        .await
    }

    /// Ends a login with the `code` and the `state` that the browser brought back. `pending` must be the one that this
    /// very browser began, and is used up.
    ///
    /// # Errors
    /// [`OidcError`]; nobody is let in by any of them.
    pub async fn finish(
        &self,
        pending: Pending,
        code: &str,
        state: &str,
        now: DateTime<Utc>,
    ) -> Result<Identity, OidcError> {
        pending.admit(state, now)?;
        if code.is_empty() || code.len() > LONGEST_CODE {
            return Err(self.refused("invalid_grant"));
        }
        self.in_time(async {
            let wire = self.wire();
            let provider = self.kept.get(&self.settings, &wire, now).await?;
            let tokens = self.exchange(&provider, &wire, code, &pending.verifier).await?;
            let signed = self.prove(&provider, &wire, &tokens, &pending, now).await?;
            let claims = self.complete(&provider, &wire, &tokens, signed).await?;
            claims::identity(&claims, &self.settings).map_err(|what| self.bad(&what))
        })
        .await
    }

    /// What it means that the browser came back with an `error` in the place of a code (RFC 6749 §4.1.2.1): the user declined,
    /// say, or the provider is out of order.
    #[must_use]
    pub fn declined(&self, pending: &Pending, error: &str, state: &str, now: DateTime<Utc>) -> OidcError {
        pending.admit(state, now).err().unwrap_or_else(|| self.refused(&word(error)))
    }

    /// The claims of the ID token, once it is proved. For a key that nobody knows the keys are read again.
    async fn prove(
        &self,
        provider: &Arc<Provider>,
        wire: &Wire,
        tokens: &CoreTokenResponse,
        pending: &Pending,
        now: DateTime<Utc>,
    ) -> Result<Claims, OidcError> {
        let token = tokens.id_token().ok_or_else(|| self.bad("it gave no ID token"))?;
        let verified =
            |provider: &Provider| token::verified(token, &self.settings.client_id, &provider.metadata, pending, now);
        let mut found = verified(provider);
        if found == Err(Doubt::UnknownKey)
            && let Some(newer) = self.kept.get_newer(provider, &self.settings, wire, now).await?
        {
            found = verified(&newer);
        }
        found.map_err(|doubt| {
            let reason = match doubt {
                Doubt::UnknownKey => "it is signed with a key that the provider does not show".to_owned(),
                Doubt::Lasting(reason) => reason,
            };
            OidcError::BadToken { issuer: self.settings.issuer.clone(), reason }
        })
    }

    fn wire(&self) -> Wire {
        Wire::new(self.tls.clone(), self.settings.within)
    }

    /// The end of a step, or that it took too long.
    async fn in_time<T>(&self, step: impl Future<Output = Result<T, OidcError>>) -> Result<T, OidcError> {
        let within = self.settings.within;
        let late = || OidcError::Unreachable {
            issuer: self.settings.issuer.clone(),
            reason: format!("no answer within {within:?}"),
        };
        tokio::time::timeout(within, step).await.unwrap_or_else(|_| Err(late()))
    }

    fn refused(&self, code: &str) -> OidcError {
        OidcError::Refused { issuer: self.settings.issuer.clone(), code: code.to_owned() }
    }

    fn bad(&self, what: &str) -> OidcError {
        provider::bad(&self.settings, what)
    }
}

/// As much of a provider's word as can be one.
fn word(said: &str) -> String {
    said.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(64).collect()
}
