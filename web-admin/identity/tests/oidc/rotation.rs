//! Keys that change.

use crate::browser::{client, log_in, settings};
use crate::fake::{Fake, now};
use crate::keys::Key;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_identity::Identity;
use hzm_job_identity::oidc::{Oidc, OidcError};

async fn log_in_at(oidc: &Oidc, fake: &Fake, at: DateTime<Utc>) -> Result<Identity, OidcError> {
    let (url, pending) = oidc.begin(at).await?;
    let (code, state) = fake.visit(&url);
    oidc.finish(pending, &code, &state, at).await
}

fn rotate(fake: &Fake, name: &str) {
    let key = Key::new(name);
    let mut script = fake.script();
    script.shown = vec![key.jwk()];
    script.key = key;
}

#[actix_rt::test]
async fn a_new_key_is_looked_for_at_once() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    log_in(&oidc, &fake).await.unwrap();
    rotate(&fake, "two");
    log_in(&oidc, &fake).await.unwrap();
    log_in(&oidc, &fake).await.unwrap();
    assert_eq!(fake.asked("/keys"), 2);
}

#[actix_rt::test]
async fn keys_that_nobody_has_are_looked_for_once_a_minute_at_most() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    fake.forges(|_, claims| Key::new("invented").signed(&claims));
    for _ in 0..5 {
        let refused = log_in(&oidc, &fake).await.unwrap_err();
        assert!(
            matches!(&refused, OidcError::BadToken { reason, .. } if reason.contains("does not show")),
            "{refused}"
        );
    }
    assert_eq!(fake.asked("/keys"), 2);
    fake.forges(|key, claims| key.signed(&claims));
    rotate(&fake, "two");
    assert!(log_in_at(&oidc, &fake, now() + TimeDelta::seconds(59)).await.is_err());
    log_in_at(&oidc, &fake, now() + TimeDelta::seconds(60)).await.unwrap();
    assert_eq!(fake.asked("/keys"), 3);
}

#[actix_rt::test]
async fn document_and_keys_are_read_again_after_an_hour() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    oidc.begin(now()).await.unwrap();
    oidc.begin(now() + TimeDelta::minutes(59)).await.unwrap();
    assert_eq!(fake.asked("/keys"), 1);
    oidc.begin(now() + TimeDelta::minutes(60)).await.unwrap();
    assert_eq!(fake.asked("/keys"), 2);
}
