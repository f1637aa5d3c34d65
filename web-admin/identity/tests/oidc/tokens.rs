//! ID tokens that prove nothing.

use crate::browser::{client, log_in, refusal, settings};
use crate::fake::{CLIENT, Fake, NOW, SECRET, with};
use crate::keys::{Key, encoded, token, with_password};
use hzm_job_identity::oidc::OidcError;
use serde_json::{Value, json};

/// That a login with these claims is refused, with these words.
async fn claims_are_refused(changes: Value, words: &str) {
    let fake = Fake::start();
    fake.script().claims = changes.clone();
    let refused = refusal(&fake).await;
    let is_meant = matches!(&refused, OidcError::BadToken { reason, .. } if reason.contains(words));
    assert!(is_meant, "{changes}: {refused}");
}

#[actix_rt::test]
async fn a_token_of_another_login_is_refused() {
    for nonce in [json!("x"), json!(""), json!(null)] {
        claims_are_refused(json!({"nonce": nonce}), "another login").await;
    }
}

#[actix_rt::test]
async fn a_token_for_another_client_is_refused() {
    for audience in [json!("other"), json!(["other"]), json!([CLIENT, "other"]), json!([]), json!(null)] {
        claims_are_refused(json!({"aud": audience}), "another client").await;
    }
}

#[actix_rt::test]
async fn a_token_that_was_issued_to_another_client_is_refused_although_we_may_read_it() {
    for party in [json!("other"), json!(""), json!(CLIENT.to_uppercase())] {
        claims_are_refused(json!({"azp": party}), "another client").await;
        claims_are_refused(json!({"aud": [CLIENT], "azp": party}), "another client").await;
    }
    // Several readers are one too many whoever it was issued to.
    claims_are_refused(json!({"aud": [CLIENT, "other"], "azp": CLIENT}), "another client").await;
    let fake = Fake::start();
    fake.script().claims = json!({"azp": CLIENT, "preferred_username": "Alice"});
    let oidc = client(settings(&fake)).await;
    assert!(log_in(&oidc, &fake).await.is_ok());
}

#[actix_rt::test]
async fn a_token_of_another_issuer_is_refused() {
    for issuer in ["https://accounts.example.org", "http://127.0.0.1"] {
        claims_are_refused(json!({"iss": issuer}), "another issuer").await;
    }
}

#[actix_rt::test]
async fn a_token_that_has_expired_or_comes_from_the_future_is_refused() {
    claims_are_refused(json!({"exp": NOW - 61}), "expired").await;
    claims_are_refused(json!({"iat": NOW + 61, "exp": NOW + 300}), "future").await;
    let fake = Fake::start();
    fake.script().claims = json!({"exp": NOW - 30, "iat": NOW + 30, "preferred_username": "Alice"});
    let oidc = client(settings(&fake)).await;
    assert!(log_in(&oidc, &fake).await.is_ok(), "clocks may be half a minute apart");
}

#[actix_rt::test]
async fn claims_without_which_a_token_is_none_must_be_there() {
    for claim in ["iss", "sub", "exp", "iat"] {
        let fake = Fake::start();
        fake.script().claims = json!({claim: null});
        let refused = refusal(&fake).await;
        assert!(matches!(refused, OidcError::BadAnswer { .. } | OidcError::BadToken { .. }), "{claim}: {refused}");
    }
}

/// That a login with tokens made so is refused, and why.
async fn is_refused(what: &str, forge: impl Fn(&Key, Value) -> String + Send + 'static) -> String {
    let fake = Fake::start();
    fake.forges(forge);
    match refusal(&fake).await {
        OidcError::BadToken { reason, .. } => reason,
        OidcError::BadAnswer { what, .. } => what,
        other => panic!("{what}: {other}"),
    }
}

#[actix_rt::test]
async fn a_token_without_a_signature_is_refused_however_none_is_written() {
    for none in ["none", "None", "NONE", "nOnE"] {
        for header in [json!({"alg": none}), json!({"alg": none, "typ": "JWT", "kid": "one"})] {
            is_refused(none, move |_, claims| token(&header, &claims, |_| Vec::new())).await;
        }
    }
    is_refused("a signature taken off", |key, claims| {
        let signed = key.signed(&claims);
        format!("{}.", signed.rsplit_once('.').unwrap().0)
    })
    .await;
    is_refused("two parts", |key, claims| key.signed(&claims).rsplit_once('.').unwrap().0.to_owned()).await;
}

/// The provider's public key in every form that somebody could take for a password.
fn as_passwords(key: &Key) -> Vec<Vec<u8>> {
    let public = key.public();
    // RFC 5480: what stands before the point in a public key of P-256 in DER.
    let prefix = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
    let pem = |text: &str| format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
    let der = pem(&format!("{prefix}{}", encoded(&public[1..])));
    let jwk = key.jwk().to_string();
    let x = key.jwk()["x"].as_str().unwrap().to_owned();
    vec![public[1..].to_vec(), public, der.into_bytes(), jwk.into_bytes(), x.into_bytes(), Vec::new()]
}

#[actix_rt::test]
async fn a_token_signed_with_the_public_key_as_a_password_is_refused() {
    for form in 0..6 {
        for kid in [json!("one"), json!(null)] {
            let header = with(json!({"alg": "HS256", "typ": "JWT"}), json!({"kid": kid}));
            let reason = is_refused("HS256", move |key, claims| {
                token(&header, &claims, with_password(&as_passwords(key)[form]))
            })
            .await;
            assert!(reason.contains("not believed"), "{reason}");
        }
    }
}

#[actix_rt::test]
async fn a_token_signed_with_the_clients_secret_is_refused() {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    is_refused("HS256", move |_, claims| token(&header, &claims, with_password(SECRET.as_bytes()))).await;
}

#[actix_rt::test]
async fn a_token_of_another_key_is_refused_whatever_it_says_of_itself() {
    let reason = is_refused("the same name", |_, claims| Key::new("one").signed(&claims)).await;
    assert_eq!(reason, "its signature is wrong");
    is_refused("no name", |_, claims| Key::new("one").signed_under(&json!({"alg": "ES256", "typ": "JWT"}), &claims))
        .await;
    is_refused("its own key in the header", |_, claims| {
        let other = Key::new("one");
        other.signed_under(&with(other.header(), json!({"jwk": other.jwk()})), &claims)
    })
    .await;
    is_refused("an address of its own keys", |_, claims| {
        let other = Key::new("one");
        other.signed_under(&with(other.header(), json!({"jku": "http://127.0.0.1:1/keys"})), &claims)
    })
    .await;
    is_refused("another kind", |key, claims| key.signed_under(&with(key.header(), json!({"alg": "RS256"})), &claims))
        .await;
}

#[actix_rt::test]
async fn a_token_that_was_changed_after_it_was_signed_is_refused() {
    is_refused("claims", |key, claims| {
        let signed = key.signed(&claims);
        let parts: Vec<&str> = signed.split('.').collect();
        let better = with(claims, json!({"groups": ["root"]}));
        format!("{}.{}.{}", parts[0], encoded(better.to_string().as_bytes()), parts[2])
    })
    .await;
    is_refused("a part that must be understood", |key, claims| {
        let header = with(key.header(), json!({"crit": ["b64"], "b64": false}));
        key.signed_under(&header, &claims)
    })
    .await;
}

#[actix_rt::test]
async fn what_is_no_token_is_refused() {
    for text in ["", ".", "..", "a.b.c", "e30.e30.", "null"] {
        is_refused(text, move |_, _| text.to_owned()).await;
    }
}
