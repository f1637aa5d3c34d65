//! Providers that are away, slow, or answer what no provider should.

use crate::browser::{client, log_in, refusal, settings};
use crate::fake::{Fake, now};
use actix_web::HttpResponse;
use chrono::TimeDelta;
use hzm_job_identity::oidc::{Oidc, OidcError, OidcSettings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

const DOCUMENT: &str = "/.well-known/openid-configuration";

/// The steps of a login that ask the provider.
const STEPS: [&str; 3] = [DOCUMENT, "/keys", "/token"];

/// That an answer in the place of each step is refused as one that cannot be used.
async fn is_bad_at_each_step(what: &str, reply: fn() -> HttpResponse) {
    for path in STEPS {
        let fake = Fake::start();
        fake.replies(path, reply);
        let refused = refusal(&fake).await;
        assert!(matches!(refused, OidcError::BadAnswer { .. }), "{what} at {path}: {refused}");
        assert!(!refused.is_refusal());
    }
}

#[actix_rt::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    is_bad_at_each_step("2 MiB", || HttpResponse::Ok().json(json!({"x": "a".repeat(2 * 1024 * 1024)}))).await;
}

#[actix_rt::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Fake::start();
    for path in STEPS {
        let fake = Fake::start();
        let target = format!("{}{path}", elsewhere.issuer);
        fake.replies(path, move || {
            HttpResponse::TemporaryRedirect().insert_header(("location", target.as_str())).finish()
        });
        let refused = refusal(&fake).await;
        assert!(matches!(refused, OidcError::BadAnswer { .. }), "{path}: {refused}");
        assert_eq!(elsewhere.asked(path), 0);
    }
}

#[actix_rt::test]
async fn what_is_no_answer_of_a_provider_is_refused() {
    is_bad_at_each_step("a page", || HttpResponse::Ok().content_type("text/html").body("<html>")).await;
    is_bad_at_each_step("nothing", || HttpResponse::Ok().content_type("application/json").finish()).await;
    is_bad_at_each_step("another thing", || HttpResponse::Ok().json(json!({"a": 1}))).await;
    is_bad_at_each_step("a list", || HttpResponse::Ok().json(json!([1]))).await;
    is_bad_at_each_step("nesting", || HttpResponse::Ok().content_type("application/json").body("[".repeat(100_000)))
        .await;
    is_bad_at_each_step("a failure", || HttpResponse::InternalServerError().body("oops")).await;
}

#[actix_rt::test]
async fn a_document_that_is_anothers_or_leads_away_from_tls_is_refused() {
    for changes in [
        json!({"issuer": "https://accounts.example.org"}),
        json!({"token_endpoint": "http://login.example.org/token"}),
        json!({"authorization_endpoint": "http://login.example.org/authorize"}),
        json!({"jwks_uri": "http://login.example.org/keys"}),
        json!({"token_endpoint": null}),
    ] {
        let fake = Fake::start();
        fake.script().document = changes.clone();
        let oidc = client(settings(&fake)).await;
        let refused = oidc.begin(now()).await.unwrap_err();
        assert!(matches!(refused, OidcError::BadAnswer { .. }), "{changes}: {refused}");
    }
}

async fn of_issuer(issuer: String, within: Duration) -> Oidc {
    let settings = OidcSettings {
        issuer,
        client_id: "hzm".into(),
        redirect_url: "http://127.0.0.1:8888/login/oidc".into(),
        within,
        ..OidcSettings::default()
    };
    client(settings).await
}

#[actix_rt::test]
async fn a_provider_that_takes_the_call_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let oidc = of_issuer(issuer, Duration::from_millis(200)).await;
    let begun = Instant::now();
    let refused = oidc.begin(now()).await.unwrap_err();
    assert!(matches!(refused, OidcError::Unreachable { .. }), "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[actix_rt::test]
async fn a_provider_that_says_a_byte_now_and_then_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n");
        // The wait between two bytes is that for what the client never says.
        while stream.write_all(b" ").is_ok() {
            let _ = stream.read(&mut [0; 4_096]);
        }
    });
    let oidc = of_issuer(issuer, Duration::from_millis(400)).await;
    let begun = Instant::now();
    let refused = oidc.begin(now()).await.unwrap_err();
    assert!(matches!(refused, OidcError::Unreachable { .. }), "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[actix_rt::test]
async fn a_provider_that_is_away_is_not_asked_again_by_everybody_at_once() {
    let fake = Fake::start();
    let oidc = client(settings(&fake)).await;
    fake.replies(DOCUMENT, || HttpResponse::ServiceUnavailable().finish());
    for _ in 0..5 {
        assert!(oidc.begin(now()).await.is_err());
    }
    assert_eq!(fake.asked(DOCUMENT), 1);
    fake.script().replies.clear();
    assert!(oidc.begin(now() + TimeDelta::seconds(2)).await.is_ok());
    log_in(&oidc, &fake).await.unwrap();
}

/// A provider that speaks HTTP/1.0: one answer to a connection, whatever else comes on it.
async fn answer_once_a_connection(listener: tokio::net::TcpListener, document: String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        let is_document = String::from_utf8(asked).unwrap().contains(DOCUMENT);
        let body = if is_document { document.as_str() } else { r#"{"keys":[]}"# };
        let head =
            format!("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        // It closes when the next word comes, which is the latest moment at which it may.
        actix_rt::spawn(async move { stream.read_u8().await });
    }
}

#[actix_rt::test]
async fn a_provider_that_closes_each_connection_after_its_answer_is_asked_all_the_same() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    actix_rt::spawn(answer_once_a_connection(listener, document.to_string()));
    let oidc = of_issuer(issuer, Duration::from_secs(20)).await;
    oidc.begin(now()).await.unwrap();
}

/// A set-up for HTTPS as `localhost`, and the authority's certificate.
fn https() -> (ServerConfig, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let pair = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&pair, &Issuer::new(params, key)).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (config, authority)
}

#[actix_rt::test]
async fn a_provider_with_https_is_asked_if_its_certificate_is_good_and_for_its_name() {
    let (config, authority) = https();
    let fake = Fake::start_with(Some(config));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    let trusting = OidcSettings { ca: Some(file), ..settings(&fake) };
    assert_eq!(log_in(&client(trusting.clone()).await, &fake).await.unwrap().name, "Alice");
    let refused = refusal(&fake).await;
    assert!(matches!(&refused, OidcError::Unreachable { .. }), "an unknown authority: {refused}");
    let issuer = fake.issuer.replace("localhost", "127.0.0.1");
    let by_address = client(OidcSettings { issuer, ..trusting }).await;
    let refused = by_address.begin(now()).await.unwrap_err();
    assert!(matches!(&refused, OidcError::Unreachable { .. }), "another name: {refused}");
}
