//! Logins through the provider of our own, from the beginning to the end.

use crate::fake::{CLIENT, Fake, REDIRECT, SECRET, now};
use hzm_job_identity::oidc::{Oidc, OidcError, OidcSettings};
use hzm_job_identity::{Identity, Secret};
use std::time::Duration;

/// Settings that go with the provider.
pub(crate) fn settings(fake: &Fake) -> OidcSettings {
    OidcSettings {
        issuer: fake.issuer.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(Secret(SECRET.to_owned())),
        redirect_url: REDIRECT.to_owned(),
        within: Duration::from_secs(20),
        ..OidcSettings::default()
    }
}

/// The client of these settings.
pub(crate) async fn client(settings: OidcSettings) -> Oidc {
    Oidc::new(settings).await.unwrap()
}

/// A whole login.
pub(crate) async fn log_in(oidc: &Oidc, fake: &Fake) -> Result<Identity, OidcError> {
    let (url, pending) = oidc.begin(now()).await?;
    let (code, state) = fake.visit(&url);
    oidc.finish(pending, &code, &state, now()).await
}

/// Why a whole login with the usual settings is refused.
pub(crate) async fn refusal(fake: &Fake) -> OidcError {
    let oidc = client(settings(fake)).await;
    match log_in(&oidc, fake).await {
        Ok(identity) => panic!("was let in as {identity:?}"),
        Err(error) => error,
    }
}
