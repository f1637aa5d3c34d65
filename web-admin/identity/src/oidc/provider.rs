//! What the provider says about itself: its discovery document and its keys, kept for an hour.
//!
//! Keys change. A token signed with a key that is not among those kept has them read again, for this reason at most once a
//! minute, so that nobody makes the admin ask without end by tokens of their own invention.

use super::error::OidcError;
use super::settings::{OidcSettings, is_safe};
use super::wire::{Wire, WireError};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreClientAuthMethod, CoreProviderMetadata};
use openidconnect::{DiscoveryError, IssuerUrl};
use std::sync::Arc;
use tokio::sync::Mutex;
use url::Url;

/// How long the document and the keys are kept.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How long keys are not read again for the sake of an unknown one.
const REREAD_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How long a provider that could not be asked is not asked again.
const RETRY_EVERY: TimeDelta = TimeDelta::seconds(2);

/// What a provider said about itself.
#[derive(Debug)]
pub(super) struct Provider {
    /// The discovery document with the keys.
    pub(super) metadata: CoreProviderMetadata,
    /// When it was read.
    read_at: DateTime<Utc>,
}

/// What is kept of the provider. One asks at a time; others wait for the answer.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    provider: Option<Arc<Provider>>,
    /// When the keys were last read again because of an unknown one.
    reread_at: Option<DateTime<Utc>>,
    /// When the provider was last asked in vain, and what came of it.
    failed: Option<(DateTime<Utc>, OidcError)>,
}

impl Kept {
    /// The provider's document and keys, read unless they are kept.
    pub(super) async fn get(
        &self,
        settings: &OidcSettings,
        wire: &Wire,
        now: DateTime<Utc>,
    ) -> Result<Arc<Provider>, OidcError> {
        let mut held = self.0.lock().await;
        match &held.provider {
            Some(provider) if provider.is_younger(KEPT, now) => Ok(provider.clone()),
            _ => held.read(settings, wire, now).await,
        }
    }

    /// The same read again because of a key that `seen` lacks; `None`: that was done too short a while ago.
    pub(super) async fn get_newer(
        &self,
        seen: &Arc<Provider>,
        settings: &OidcSettings,
        wire: &Wire,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Provider>>, OidcError> {
        let mut held = self.0.lock().await;
        let somebody_was_first = held.provider.as_ref().filter(|provider| !Arc::ptr_eq(provider, seen));
        if let Some(provider) = somebody_was_first {
            return Ok(Some(provider.clone()));
        }
        if held.reread_at.is_some_and(|at| is_within(at, REREAD_EVERY, now)) {
            return Ok(None);
        }
        held.reread_at = Some(now);
        held.read(settings, wire, now).await.map(Some)
    }
}

impl Held {
    async fn read(
        &mut self,
        settings: &OidcSettings,
        wire: &Wire,
        now: DateTime<Utc>,
    ) -> Result<Arc<Provider>, OidcError> {
        if let Some((_, error)) = self.failed.as_ref().filter(|(at, _)| is_within(*at, RETRY_EVERY, now)) {
            return Err(error.clone());
        }
        let found = discover(settings, wire).await;
        self.failed = found.as_ref().err().map(|error| (now, error.clone()));
        let provider = Arc::new(Provider { metadata: found?, read_at: now });
        self.provider = Some(provider.clone());
        Ok(provider)
    }
}

impl Provider {
    fn is_younger(&self, age: TimeDelta, now: DateTime<Utc>) -> bool {
        is_within(self.read_at, age, now)
    }

    /// Whether the client's secret goes into the body of a request: only for providers that know no other way.
    pub(super) fn wants_secret_in_body(&self) -> bool {
        let methods = self.metadata.token_endpoint_auth_methods_supported();
        methods.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        })
    }

    /// Where more claims can be had.
    pub(super) fn userinfo(&self) -> Option<&Url> {
        self.metadata.userinfo_endpoint().map(|address| address.url())
    }
}

/// Whether `now` is within a while after a moment. A clock that was put back makes everything old.
fn is_within(at: DateTime<Utc>, while_after: TimeDelta, now: DateTime<Utc>) -> bool {
    (TimeDelta::zero()..while_after).contains(&(now - at))
}

/// Reads the document, which must be this issuer's own (OpenID Connect Discovery §4.3), and the keys that it names.
async fn discover(settings: &OidcSettings, wire: &Wire) -> Result<CoreProviderMetadata, OidcError> {
    let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| bad(settings, &error.to_string()))?;
    let call = |request| wire.call(request);
    let metadata = CoreProviderMetadata::discover_async(issuer, &call).await;
    let metadata = metadata.map_err(|error| judged(settings, error))?;
    let token = metadata.token_endpoint().map(|address| address.url());
    if !is_safe(metadata.authorization_endpoint().url()) || !token.is_some_and(is_safe) {
        return Err(bad(
            settings,
            "its addresses for logins and tokens have neither https:// nor this machine's own name",
        ));
    }
    Ok(metadata)
}

fn judged(settings: &OidcSettings, error: DiscoveryError<WireError>) -> OidcError {
    match error {
        DiscoveryError::Request(error) => of_wire(settings, &error),
        DiscoveryError::Response(status, ..) => {
            bad(settings, &format!("HTTP {status} in the place of a document in JSON"))
        }
        DiscoveryError::Parse(error) => bad(settings, &format!("no discovery document or keys: at {}", error.path())),
        DiscoveryError::Validation(_) => bad(settings, "a document of another issuer"),
        _ => bad(settings, "no discovery document or keys"),
    }
}

/// What it means that the wire brought no answer.
pub(super) fn of_wire(settings: &OidcSettings, error: &WireError) -> OidcError {
    match error {
        WireError::Away(reason) => OidcError::Unreachable { issuer: settings.issuer.clone(), reason: reason.clone() },
        WireError::Unsafe(_) | WireError::Body | WireError::Form(_) => bad(settings, &error.to_string()),
    }
}

pub(super) fn bad(settings: &OidcSettings, what: &str) -> OidcError {
    OidcError::BadAnswer { issuer: settings.issuer.clone(), what: what.to_owned() }
}
