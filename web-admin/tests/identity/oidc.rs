//! Logins by a provider of OpenID Connect, as a browser goes there and back.

use crate::fake::{CLIENT, Fake, NOW, REDIRECT, SECRET};
use crate::support::{Admin, Answer, Lines, PASSWORD, send};
use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::Clock;
use hzm_job_admin::config::{GroupRule, Secret};
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// The time of the provider.
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(NOW)
    }
}

async fn with_provider(fake: &Fake) -> Admin {
    with_secret(fake, SECRET).await
}

async fn with_secret(fake: &Fake, secret: &'static str) -> Admin {
    Admin::start_at(Arc::new(Fixed), of_provider(fake, secret)).await
}

fn of_provider(fake: &Fake, secret: &'static str) -> impl FnOnce(&mut hzm_job_admin::config::Config) + use<> {
    let issuer = fake.issuer.clone();
    move |config| {
        config.admin.oidc.issuer = issuer;
        config.admin.oidc.client_id = CLIENT.to_owned();
        config.admin.oidc.client_secret = Secret(secret.to_owned());
        config.admin.oidc.redirect_url = REDIRECT.to_owned();
        config.admin.oidc.label = "Work & Co".to_owned();
        config.admin.groups = vec![GroupRule { group: "ops".into(), role: "operator".into(), executors: None }];
    }
}

async fn looks(admin: &Admin, path: &str, cookie: &str) -> Answer {
    send(Method::GET, &format!("{}{path}", admin.base()), &[("Cookie", cookie)], None).await
}

/// Sends a browser to the provider; what it was given, and where it is sent to.
async fn sent(admin: &Admin, next: &str) -> (String, Url) {
    let answer = looks(admin, &format!("/login/oidc?next={next}"), "").await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    (answer.cookie.unwrap(), answer.location.unwrap().parse().unwrap())
}

fn callback(code: &str, state: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs([("code", code), ("state", state)]).finish();
    format!("/login/oidc/callback?{query}")
}

#[actix_web::test]
async fn a_browser_goes_to_the_provider_and_comes_back_logged_in_where_it_wanted_to_go() {
    let fake = Fake::start();
    let admin = with_provider(&fake).await;
    let page = looks(&admin, "/login", "").await.text;
    assert!(
        page.contains("href=\"/login/oidc") && page.contains("Work &#38; Co") || page.contains("Work &amp; Co"),
        "{page}"
    );
    let (ticket, url) = sent(&admin, "/jobs%3Fstate%3Don").await;
    let (code, state) = fake.visit(&url);
    let back = looks(&admin, &callback(&code, &state), &ticket).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(back.text.contains("url=/jobs?state=on"), "{}", back.text);
    let session = back.cookie.unwrap();
    let me = looks(&admin, "/api/v1/session", &session).await.json();
    assert_eq!((&me["name"], &me["role"], &me["executors"]), (&json!("Alice"), &json!("operator"), &Value::Null));
    // What was brought back is good once.
    assert_eq!(looks(&admin, &callback(&code, &state), &ticket).await.location.as_deref(), Some("/login"));
}

#[actix_web::test]
async fn what_another_browser_began_is_ended_by_nobody() {
    let fake = Fake::start();
    let admin = with_provider(&fake).await;
    let (_, url) = sent(&admin, "/").await;
    let (code, state) = fake.visit(&url);
    // A link with somebody else's code: the browser has no ticket, or one of its own.
    let refused = looks(&admin, &callback(&code, &state), "").await;
    assert_eq!((refused.status, refused.location.as_deref()), (303, Some("/login")));
    let (own, _) = sent(&admin, "/").await;
    let refused = looks(&admin, &callback(&code, &state), &own).await;
    assert_eq!((refused.status, refused.location.as_deref()), (303, Some("/login")));
    let root = admin.client().await;
    assert_eq!(root.get("/api/v1/users").await.json()["items"].as_array().unwrap().len(), 1, "nobody came about");
}

#[actix_web::test]
async fn the_way_on_leads_nowhere_but_here() {
    let fake = Fake::start();
    let admin = with_provider(&fake).await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
        "%2F%0A%2Fevil.example",
        "javascript:alert(1)",
    ] {
        let (ticket, url) = sent(&admin, next).await;
        let (code, state) = fake.visit(&url);
        let back = looks(&admin, &callback(&code, &state), &ticket).await;
        assert!(back.text.contains("content=\"0;url=/\""), "{next}: {}", back.text);
    }
}

#[actix_web::test]
async fn groups_are_taken_over_with_each_login_and_a_local_name_is_not() {
    let fake = Fake::start();
    let admin = with_provider(&fake).await;
    let log_in = async || {
        let (ticket, url) = sent(&admin, "/").await;
        let (code, state) = fake.visit(&url);
        looks(&admin, &callback(&code, &state), &ticket).await
    };
    let session = log_in().await.cookie.unwrap();
    fake.script().claims = json!({ "preferred_username": "Alice", "groups": ["dev"] });
    assert_eq!(log_in().await.status, 303, "in no group that counts any more");
    fake.script().claims = json!({ "preferred_username": "admin", "groups": ["ops"] });
    fake.script().userinfo = json!({ "sub": crate::fake::SUBJECT });
    // The subject is Alice's: the name that the provider tells later changes nothing here.
    assert_eq!(log_in().await.status, 200);
    let root = admin.client_of("admin", PASSWORD).await;
    let users = root.get("/api/v1/users").await.json();
    let told: Vec<_> = users["items"].as_array().unwrap().iter().map(|user| (&user["name"], &user["origin"])).collect();
    assert_eq!(told, [(&json!("Alice"), &json!("oidc")), (&json!("admin"), &json!("local"))]);
    assert_eq!(looks(&admin, "/api/v1/session", &session).await.status, 401, "it ended when its groups did");
}

#[actix_web::test]
async fn without_a_provider_there_is_no_way_to_one() {
    let admin = Admin::start().await;
    assert_eq!(looks(&admin, "/login/oidc", "").await.status, 409);
    assert!(!looks(&admin, "/login", "").await.text.contains("/login/oidc"));
}

#[actix_web::test]
async fn a_misspelt_executor_in_a_rule_is_told_of_at_the_start_and_when_somebody_logs_in_by_the_rule() {
    let fake = Fake::start();
    let (change, lines) = (of_provider(&fake, SECRET), Lines::default());
    let rule = |group: &str, key: &str| GroupRule {
        group: group.into(),
        role: "operator".into(),
        executors: Some(std::iter::once(key.to_owned()).collect()),
    };
    let admin = Admin::start_heard(Arc::new(Fixed), lines.log(), |config| {
        change(config);
        config.admin.groups = vec![rule("ops", "helo"), rule("others", "wrld")];
    });
    let admin = admin.await;
    assert_eq!((lines.with("groups[0]").len(), lines.with("groups[1]").len()), (1, 1), "{:?}", lines.with(""));
    let (cookie, url) = sent(&admin, "/").await;
    let (code, state) = fake.visit(&url);
    let back = looks(&admin, &callback(&code, &state), &cookie).await;
    assert!(back.cookie.is_some(), "{}", back.text);
    assert_eq!((lines.with("helo").len(), lines.with("wrld").len()), (2, 1), "{:?}", lines.with(""));
}

/// What the login page says after a way back that led nowhere.
async fn told(admin: &Admin, back: &str, ticket: &str) -> String {
    let client = awc::Client::builder().disable_redirects().finish();
    let answer = client.get(format!("{}{back}", admin.base())).insert_header(("Cookie", ticket)).send().await.unwrap();
    let cookies = answer.headers().get_all("set-cookie").filter_map(|value| value.to_str().ok());
    let flash = cookies.filter_map(|cookie| cookie.strip_prefix("flash=")).next().expect("a note for the next page");
    let decoded =
        url::form_urlencoded::parse(flash.split(';').next().unwrap().as_bytes()).next().unwrap().0.into_owned();
    decoded.strip_prefix("no:").unwrap().to_owned()
}

#[actix_web::test]
async fn why_a_login_by_the_provider_failed_is_told_truly_and_stands_in_the_log() {
    let fake = Fake::start();
    let admin = with_provider(&fake).await;
    let log_in = async |claims: Value| {
        fake.script().claims = claims;
        let (ticket, url) = sent(&admin, "/").await;
        let (code, state) = fake.visit(&url);
        told(&admin, &callback(&code, &state), &ticket).await
    };
    let taken = log_in(json!({ "preferred_username": "ADMIN", "groups": ["ops"] })).await;
    assert!(taken.contains("another user here has your name"), "{taken}");
    let odd = log_in(json!({ "preferred_username": "ad\u{200b}min", "groups": ["ops"] })).await;
    assert!(odd.contains("brackets"), "{odd}");
    let late = log_in(json!({ "preferred_username": "Alice", "groups": ["ops"], "exp": NOW - 3_600 })).await;
    assert!(late.contains("its answer was refused"), "{late}");
    let (ticket, url) = sent(&admin, "/").await;
    let (_, state) = fake.visit(&url);
    let given_up = told(&admin, &format!("/login/oidc/callback?error=access_denied&state={state}"), &ticket).await;
    assert!(given_up.contains("Begin again"), "{given_up}");
    let root = admin.client().await;
    let log = root.get("/api/v1/operations").await.json();
    let failed = log["items"].as_array().unwrap().iter().filter(|done| done["action"] == "login_failed");
    let failed: Vec<_> = failed.map(|done| (&done["object_name"], &done["changes"][0]["after"])).collect();
    let expected = [
        (&json!(""), &json!("given up, or refused by the provider")),
        (&json!(""), &json!("the answer of the directory or provider was refused")),
        (&json!("ad\\u{200b}min"), &json!("the name has brackets, or letters that nobody sees")),
        (&json!("ADMIN"), &json!("another user has this name")),
    ];
    assert_eq!(failed, expected);
}

#[actix_web::test]
async fn a_wrong_client_secret_is_not_told_as_a_provider_that_cannot_be_asked() {
    let fake = Fake::start();
    let admin = with_secret(&fake, "another").await;
    let (ticket, url) = sent(&admin, "/").await;
    let (code, state) = fake.visit(&url);
    let said = told(&admin, &callback(&code, &state), &ticket).await;
    assert!(said.contains("its answer was refused") && said.contains("log"), "{said}");
}
