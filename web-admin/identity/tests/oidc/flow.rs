//! What an honest login needs and gives, and what belongs to whom.

use crate::browser::{client, log_in, refusal, settings};
use crate::fake::{CLIENT, Fake, Proof, SECRET, SUBJECT, now, with};
use chrono::TimeDelta;
use hzm_job_identity::Secret;
use hzm_job_identity::oidc::{LONGEST_LOGIN, Oidc, OidcError, OidcSettings};
use serde_json::json;

#[actix_rt::test]
async fn an_honest_login_gives_name_subject_and_groups() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    let identity = log_in(&oidc, &fake).await.unwrap();
    assert_eq!((identity.name.as_str(), identity.subject.as_str()), ("Alice", SUBJECT));
    assert_eq!(identity.groups, ["dev", "ops"]);
    assert_eq!(fake.asked("/userinfo"), 0, "everything was in the token");
    log_in(&oidc, &fake).await.unwrap();
    assert_eq!((fake.asked("/keys"), fake.asked("/token")), (1, 2), "document and keys are kept");
}

#[actix_rt::test]
async fn the_browser_is_sent_with_scopes_and_with_nothing_that_is_secret() {
    let fake = Fake::start();
    let oidc = client(OidcSettings { scopes: vec!["openid".into(), "groups".into()], ..settings(&fake) }).await;
    let (url, pending) = oidc.begin(now()).await.unwrap();
    let scope = url.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
    assert_eq!(scope, "openid groups");
    assert!(!url.as_str().contains(&pending.verifier) && !url.as_str().contains("cl1ent"), "{url}");
    let (_, other) = oidc.begin(now()).await.unwrap();
    assert!(pending.state != other.state && pending.nonce != other.nonce && pending.verifier != other.verifier);
    assert!(
        pending.state.len() >= 22 && pending.nonce.len() >= 22 && pending.verifier.len() >= 43,
        "128 bits and more"
    );
}

#[actix_rt::test]
async fn a_public_client_proves_itself_by_pkce_alone() {
    let fake = Fake::start();
    fake.script().proof = Proof::None;
    let oidc = client(OidcSettings { client_secret: None, ..settings(&fake) }).await;
    assert_eq!(log_in(&oidc, &fake).await.unwrap().name, "Alice");
}

#[actix_rt::test]
async fn the_secret_goes_into_the_body_for_providers_that_know_no_other_way() {
    let fake = Fake::start();
    {
        let mut script = fake.script();
        script.proof = Proof::Body;
        script.document["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    }
    let oidc = client(settings(&fake)).await;
    assert_eq!(log_in(&oidc, &fake).await.unwrap().name, "Alice");
}

#[actix_rt::test]
async fn a_wrong_secret_is_a_wrong_setting() {
    let fake = Fake::start();
    let oidc = client(OidcSettings { client_secret: Some(Secret("gu3ss".into())), ..settings(&fake) }).await;
    let refused = log_in(&oidc, &fake).await.unwrap_err();
    assert!(matches!(&refused, OidcError::Misconfigured(problem) if problem.key == "clientSecret"), "{refused}");
    assert!(!format!("{refused:?} {oidc:?}").contains("gu3ss"));
}

/// That finishing fails, and that the provider was not even asked.
async fn is_refused_unasked(oidc: &Oidc, fake: &Fake, state: Option<&str>, after: TimeDelta, expected: OidcError) {
    let (url, pending) = oidc.begin(now()).await.unwrap();
    let (code, own) = fake.visit(&url);
    let refused = oidc.finish(pending, &code, state.unwrap_or(&own), now() + after).await.unwrap_err();
    assert_eq!(refused, expected);
    assert!(refused.is_refusal());
    assert_eq!(fake.asked("/token"), 0);
}

#[actix_rt::test]
async fn a_browser_that_brings_anothers_state_or_comes_too_late_is_refused_before_the_code_is_used() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    let (_, other) = oidc.begin(now()).await.unwrap();
    for state in ["", "x", &other.state] {
        is_refused_unasked(&oidc, &fake, Some(state), TimeDelta::zero(), OidcError::State).await;
    }
    is_refused_unasked(&oidc, &fake, None, LONGEST_LOGIN + TimeDelta::seconds(1), OidcError::TooLate).await;
}

#[actix_rt::test]
async fn a_code_works_once_and_only_with_the_login_that_it_was_given_to() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    let (url, pending) = oidc.begin(now()).await.unwrap();
    let (code, state) = fake.visit(&url);
    oidc.finish(pending.clone(), &code, &state, now()).await.unwrap();
    let again = oidc.finish(pending, &code, &state, now()).await.unwrap_err();
    assert!(matches!(&again, OidcError::Refused { code, .. } if code == "invalid_grant"), "{again}");
    assert!(!format!("{again} {again:?}").contains("c0de"), "the provider's sentence repeats the code");
    // A code that was stolen: PKCE binds it to the thief's victim.
    let (url, _) = oidc.begin(now()).await.unwrap();
    let (code, _) = fake.visit(&url);
    let (_, thief) = oidc.begin(now()).await.unwrap();
    let state = thief.state.clone();
    let stolen = oidc.finish(thief, &code, &state, now()).await.unwrap_err();
    assert!(matches!(stolen, OidcError::Refused { .. }), "{stolen}");
}

#[actix_rt::test]
async fn a_user_who_declines_is_told_so_only_in_the_browser_that_began() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    let (_, pending) = oidc.begin(now()).await.unwrap();
    let declined = oidc.declined(&pending, "access_denied", &pending.state, now());
    assert!(matches!(&declined, OidcError::Refused { code, .. } if code == "access_denied"), "{declined}");
    assert_eq!(oidc.declined(&pending, "access_denied", "x", now()), OidcError::State);
    let word = oidc.declined(&pending, "<script>\n", &pending.state, now());
    assert!(matches!(&word, OidcError::Refused { code, .. } if code == "script"), "{word}");
}

#[actix_rt::test]
async fn what_cannot_be_a_code_is_refused_unasked() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    for code in [String::new(), "x".repeat(5_000)] {
        let (_, pending) = oidc.begin(now()).await.unwrap();
        let state = pending.state.clone();
        assert!(matches!(oidc.finish(pending, &code, &state, now()).await, Err(OidcError::Refused { .. })));
    }
    assert_eq!(fake.asked("/token"), 0);
}

#[actix_rt::test]
async fn claims_that_the_token_lacks_are_asked_for_and_must_be_of_the_same_user() {
    let fake = Fake::start();
    fake.script().claims = json!({"preferred_username": "Alice"});
    fake.script().userinfo = json!({"sub": SUBJECT, "preferred_username": "Mallory", "groups": ["ops"]});
    let oidc = client(settings(&fake)).await;
    let identity = log_in(&oidc, &fake).await.unwrap();
    assert_eq!((identity.name.as_str(), identity.groups), ("Alice", vec!["ops".to_owned()]), "what is signed counts");
    for other in [json!({"sub": "7"}), json!({"sub": null})] {
        let changed = with(fake.script().userinfo.clone(), other);
        fake.script().userinfo = changed;
        let refused = log_in(&oidc, &fake).await.unwrap_err();
        assert!(matches!(refused, OidcError::BadAnswer { .. }), "{refused}");
    }
}

#[actix_rt::test]
async fn nothing_secret_is_in_any_refusal() {
    let fake = Fake::start();
    fake.script().claims = json!({"aud": "someone else", "preferred_username": "Alice"});
    let refused = refusal(&fake).await;
    for secret in [SECRET, CLIENT, "c0de", "acc3ss", SUBJECT, "Alice", "someone else"] {
        assert!(!format!("{refused} {refused:?}").contains(secret), "{secret}: {refused:?}");
    }
}
