//! Tokens for programs: what they open, what they never open, and when they end.

use crate::support::{Admin, Client};
use actix_web::http::Method;
use serde_json::{Value, json};

async fn token(client: &Client, wish: Value) -> (String, i64) {
    let made = client.post("/api/v1/tokens", wish).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["token"].as_str().unwrap().to_owned(), made["id"].as_i64().unwrap())
}

#[actix_web::test]
async fn a_program_works_with_its_token_alone_and_within_its_role_and_executors() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let (one, two) = (root.executor("one", None).await, root.executor("two", None).await);
    let (token, id) = token(&root, json!({ "name": "ci", "role": "editor", "executors": [one] })).await;
    assert!(token.starts_with("hzm_"));
    let job = |executor: i64| Some(json!({ "executor": executor, "name": "made by ci" }));
    assert_eq!(admin.with_token(Method::POST, "/api/v1/jobs", &token, job(one)).await.status, 201);
    assert_eq!(admin.with_token(Method::POST, "/api/v1/jobs", &token, job(two)).await.status, 422);
    admin.with_token(Method::POST, "/api/v1/executors", &token, Some(json!({}))).await.problem(403);
    let me = admin.with_token(Method::GET, "/api/v1/session", &token, None).await.json();
    assert_eq!((&me["role"], &me["executors"]), (&json!("editor"), &json!([one])));
    let log = root.get("/api/v1/operations").await.json();
    assert_eq!(log["items"][0]["user"], format!("admin (token {id}: ci)"));
    let listed = root.get("/api/v1/tokens").await;
    assert!(listed.json()["items"][0]["last_used_at"].is_string() && !listed.text.contains(&token));
}

#[actix_web::test]
async fn a_token_manages_neither_users_nor_passwords_sessions_or_tokens() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let (token, _) = token(&root, json!({ "name": "all", "role": "administrator" })).await;
    let new = json!({ "name": "x", "role": "administrator" });
    let calls = [
        (Method::GET, "/api/v1/users", None),
        (Method::POST, "/api/v1/users", Some(new.clone())),
        (Method::POST, "/api/v1/tokens", Some(new)),
        (Method::GET, "/api/v1/tokens", None),
        (Method::GET, "/api/v1/sessions", None),
        (Method::PUT, "/api/v1/session/password", Some(json!({ "old": "x", "new": "y" }))),
    ];
    for (method, path, body) in calls {
        admin.with_token(method, path, &token, body).await.problem(403);
    }
    assert_eq!(admin.with_token(Method::GET, "/api/v1/operations", &token, None).await.status, 200);
    assert_eq!(admin.with_token(Method::GET, "/account", &token, None).await.status, 403);
}

#[actix_web::test]
async fn a_token_never_does_more_than_its_user_may_by_then() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let ann = admin.user(&root, "ann", "editor", Value::Null).await;
    let more = ann.post("/api/v1/tokens", json!({ "name": "x", "role": "administrator" })).await;
    assert_eq!(more.wrong_fields(), [("role".to_owned(), "unknown_role".to_owned())]);
    let (token, _) = token(&ann, json!({ "name": "x", "role": "editor" })).await;
    let role = async || admin.with_token(Method::GET, "/api/v1/session", &token, None).await.json()["role"].clone();
    assert_eq!(role().await, "editor");
    let users = root.get("/api/v1/users").await.json();
    let user = users["items"].as_array().unwrap().iter().find(|user| user["name"] == "ann").unwrap().clone();
    let path = format!("/api/v1/users/{}", user["id"]);
    let demoted = root
        .put(&path, json!({ "version": user["version"], "role": "viewer", "executors": null, "disabled": false }))
        .await
        .json();
    assert_eq!(role().await, "viewer");
    let disabled = json!({ "version": demoted["version"], "role": "viewer", "executors": null, "disabled": true });
    assert_eq!(root.put(&path, disabled).await.status, 200);
    let refused = admin.with_token(Method::GET, "/api/v1/session", &token, None).await.problem(401);
    assert_eq!(refused["type"], "urn:hzm-job:problem:wrong-token");
}

#[actix_web::test]
async fn a_wrong_or_ended_token_is_refused_whatever_cookie_comes_with_it() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let (token, id) = token(&root, json!({ "name": "x", "role": "viewer", "days": 1 })).await;
    assert_eq!(root.delete(&format!("/api/v1/tokens/{id}")).await.status, 204);
    root.delete(&format!("/api/v1/tokens/{id}")).await.problem(404);
    for wrong in [token.as_str(), "", "hzm_", "hzm_x", &"x".repeat(5_000)] {
        admin.with_token(Method::GET, "/api/v1/jobs", wrong, None).await.problem(401);
        let bearer = format!("Bearer {wrong}");
        let both = root.call(Method::GET, "/api/v1/jobs", None, &[("Authorization", &bearer)]).await;
        assert_eq!(both.status, 401, "the cookie does not make up for it");
    }
}

#[actix_web::test]
async fn what_is_wrong_with_a_token_is_told_at_its_field() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let cases = [
        (json!({ "name": " ", "role": "viewer" }), "name"),
        (json!({ "name": "x", "role": "root" }), "role"),
        (json!({ "name": "x", "role": "viewer", "days": 0 }), "days"),
        (json!({ "name": "x", "role": "viewer", "days": 367 }), "days"),
    ];
    for (wish, field) in cases {
        assert_eq!(root.post("/api/v1/tokens", wish.clone()).await.wrong_fields()[0].0, field, "{wish}");
    }
    let ann = admin.user(&root, "ann", "viewer", json!([])).await;
    let executor = root.executor("one", None).await;
    let foreign = ann.post("/api/v1/tokens", json!({ "name": "x", "role": "viewer", "executors": [executor] })).await;
    assert_eq!(foreign.wrong_fields(), [("executors".to_owned(), "unknown_executor".to_owned())]);
}

#[actix_web::test]
async fn a_password_that_an_administrator_generates_ends_the_tokens_and_ones_own_new_one_does_not() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    let (token, _) = token(&ann, json!({ "name": "x", "role": "viewer" })).await;
    let works = async || admin.with_token(Method::GET, "/api/v1/jobs", &token, None).await.status;
    let own = json!({ "old": crate::support::PASSWORD, "new": "another of my own" });
    assert_eq!(ann.put("/api/v1/session/password", own).await.status, 204);
    assert_eq!(works().await, 200);
    let users = root.get("/api/v1/users").await.json();
    let id = users["items"].as_array().unwrap().iter().find(|user| user["name"] == "ann").unwrap()["id"].clone();
    assert_eq!(root.post(&format!("/api/v1/users/{id}/password"), json!({})).await.status, 200);
    assert_eq!(works().await, 401);
}

#[actix_web::test]
async fn tokens_that_are_made_without_a_pause_while_the_password_is_reset_open_nothing_afterwards() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    let users = root.get("/api/v1/users").await.json();
    let id = users["items"].as_array().unwrap().iter().find(|user| user["name"] == "ann").unwrap()["id"].clone();
    // Each goes on until it is turned away, or has as many as one may have.
    let storm = (0..8).map(async |_| {
        let mut tokens = Vec::new();
        loop {
            let made = ann.post("/api/v1/tokens", json!({ "name": "x", "role": "viewer" })).await;
            match made.status {
                201 => tokens.push(made.json()["token"].as_str().unwrap().to_owned()),
                401 | 409 => return tokens,
                other => panic!("{other}: {}", made.text),
            }
        }
    });
    let reset_path = format!("/api/v1/users/{id}/password");
    let (tokens, reset) = futures_util::join!(futures_util::future::join_all(storm), root.post(&reset_path, json!({})));
    assert_eq!(reset.status, 200, "{}", reset.text);
    for token in tokens.into_iter().flatten() {
        assert_eq!(admin.with_token(Method::GET, "/api/v1/jobs", &token, None).await.status, 401);
    }
}
