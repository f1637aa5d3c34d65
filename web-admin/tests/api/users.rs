//! Users: what an administrator does with them, and what becomes of their sessions.

use crate::support::{Admin, Client};
use serde_json::{Value, json};

async fn made(root: &Client, name: &str, role: &str) -> (Value, String) {
    let made = root.post("/api/v1/users", json!({ "name": name, "role": role })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let password = made["password"].as_str().unwrap().to_owned();
    (made, password)
}

fn of(user: &Value) -> String {
    format!("/api/v1/users/{}", user["id"])
}

#[actix_web::test]
async fn a_generated_password_opens_nothing_but_the_way_to_change_it() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let (_, password) = made(&root, "ann", "editor").await;
    let ann = admin.client_of("ann", &password).await;
    assert_eq!(ann.get("/api/v1/session").await.json()["must_change"], true);
    let refused = ann.get("/api/v1/jobs").await.problem(403);
    assert_eq!(refused["type"], "urn:hzm-job:problem:password-expired");
    let page = ann.get("/jobs").await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some("/account")));
    let page = ann.get("/account").await;
    assert!(page.status == 200 && !page.text.contains("/account/tokens") && !page.text.contains("href=\"/jobs\""));
    ann.post("/api/v1/tokens", json!({ "name": "x", "role": "viewer" })).await.problem(403);
    ann.get("/api/v1/sessions").await.problem(403);
    let wrong = ann.put("/api/v1/session/password", json!({ "old": "no", "new": "a longer one" })).await;
    assert_eq!(wrong.wrong_fields(), [("old".to_owned(), "wrong".to_owned())]);
    let short = ann.put("/api/v1/session/password", json!({ "old": password, "new": "short" })).await;
    assert_eq!(short.wrong_fields(), [("new".to_owned(), "too_short".to_owned())]);
    let same = ann.put("/api/v1/session/password", json!({ "old": password, "new": password })).await;
    assert_eq!(same.wrong_fields(), [("new".to_owned(), "same".to_owned())]);
    assert_eq!(ann.get("/api/v1/openapi.json").await.status, 403);
    let changed = ann.put("/api/v1/session/password", json!({ "old": password, "new": "my own choice" })).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert_eq!(ann.get("/api/v1/jobs").await.status, 200);
    assert_eq!(admin.login("ann", &password).await.status, 401);
}

#[actix_web::test]
async fn a_change_of_role_ends_the_sessions_and_names_the_difference() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("one", None).await;
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    let user = root.get("/api/v1/users").await.json()["items"].as_array().unwrap().clone();
    let user = user.into_iter().find(|user| user["name"] == "ann").unwrap();
    let wish = json!({ "version": user["version"], "role": "operator", "executors": [executor], "disabled": false });
    let changed = root.put(&of(&user), wish.clone()).await;
    assert_eq!((changed.status, &changed.json()["executors"]), (200, &json!([executor])), "{}", changed.text);
    ann.get("/api/v1/session").await.problem(401);
    root.put(&of(&user), wish).await.problem(409);
    let log = root.get("/api/v1/operations").await.json();
    let entry = &log["items"][0];
    assert_eq!((&entry["action"], &entry["object_name"]), (&json!("update"), &json!("ann")));
    let fields: Vec<&str> =
        entry["changes"].as_array().unwrap().iter().map(|change| change["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["executors", "role"]);
}

#[actix_web::test]
async fn a_disabled_user_and_a_deleted_one_are_out_at_once() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    for disables in [true, false] {
        let name = if disables { "ann" } else { "bob" };
        let client = admin.user(&root, name, "viewer", Value::Null).await;
        let users = root.get("/api/v1/users").await.json();
        let user = users["items"].as_array().unwrap().iter().find(|user| user["name"] == name).unwrap().clone();
        let done = match disables {
            true => {
                let wish = json!({ "version": user["version"], "role": "viewer", "executors": null, "disabled": true });
                root.put(&of(&user), wish).await.status
            }
            false => root.delete(&of(&user)).await.status,
        };
        assert_eq!(done, if disables { 200 } else { 204 });
        client.get("/api/v1/session").await.problem(401);
        assert_eq!(admin.login(name, "a password of tests").await.status, 401);
    }
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let me = root.get("/api/v1/users").await.json()["items"][0].clone();
    let demoted = json!({ "version": me["version"], "role": "viewer", "executors": null, "disabled": false });
    let disabled = json!({ "version": me["version"], "role": "administrator", "executors": null, "disabled": true });
    for wish in [demoted, disabled] {
        let refused = root.put(&of(&me), wish).await.problem(409);
        assert!(refused["detail"].as_str().unwrap().contains("last administrator"), "{refused}");
    }
    root.delete(&of(&me)).await.problem(409);
    let (other, _) = made(&root, "other", "administrator").await;
    assert_eq!(root.delete(&of(&other)).await.status, 204);
    assert_eq!(root.get("/api/v1/session").await.status, 200);
}

#[actix_web::test]
async fn what_is_wrong_with_a_user_is_told_at_its_field() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let cases = [
        (json!({ "name": "", "role": "viewer" }), "name", "malformed"),
        (json!({ "name": " ann", "role": "viewer" }), "name", "malformed"),
        (json!({ "name": "x".repeat(129), "role": "viewer" }), "name", "malformed"),
        (json!({ "name": "ann", "role": "root" }), "role", "unknown_role"),
        (json!({ "name": "ann", "role": "viewer", "executors": [99] }), "executors", "unknown_executor"),
    ];
    for (wish, field, code) in cases {
        let refused = root.post("/api/v1/users", wish.clone()).await.wrong_fields();
        assert_eq!(refused, [(field.to_owned(), code.to_owned())], "{wish}");
    }
    root.post("/api/v1/users", json!({ "name": "admin", "role": "viewer" })).await.problem(409);
    root.post("/api/v1/users", json!({ "name": "ann", "role": "viewer", "password": "x" })).await.problem(422);
    assert_eq!(root.get("/api/v1/users").await.json()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn what_a_change_of_a_user_leaves_out_grants_nothing() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let (user, _) = made(&root, "ann", "viewer").await;
    for wish in [json!({ "version": 1, "role": "editor" }), json!({ "version": 1, "role": "editor", "executors": [] })]
    {
        assert_eq!(root.put(&of(&user), wish).await.status, 422);
    }
    assert_eq!(root.get(&of(&user)).await.json()["version"], 1);
}

#[actix_web::test]
async fn one_sees_and_ends_ones_own_sessions_and_nobody_elses() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    let elsewhere = admin.client_of("ann", "a password of tests").await;
    let sessions = ann.get("/api/v1/sessions").await.json()["items"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    root.delete(&path).await.problem(404);
    assert_eq!(ann.delete(&path).await.status, 204);
    elsewhere.get("/api/v1/session").await.problem(401);
    assert_eq!(ann.get("/api/v1/session").await.status, 200);
    let roots = root.get("/api/v1/sessions").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    ann.delete(&format!("/api/v1/sessions/{roots}")).await.problem(404);
}

#[actix_web::test]
async fn a_name_that_looks_like_another_or_hides_something_is_nobodys() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    for name in [
        "wil (token 17: ci)",
        "wil ﹙token 17: ci﹚",
        "ad\u{200b}min",
        "admin\u{fe0f}",
        "\u{202e}nimda",
        "ad\u{2800}min",
        "a\tb",
    ] {
        let user = root.post("/api/v1/users", json!({ "name": name, "role": "viewer" })).await;
        assert_eq!(user.wrong_fields(), [("name".to_owned(), "malformed".to_owned())], "{name:?}");
        assert!(user.text.contains("不可见字符") && user.text.contains("cannot be seen"), "{}", user.text);
        let token = root.post("/api/v1/tokens", json!({ "name": name, "role": "viewer" })).await;
        assert_eq!(token.wrong_fields(), [("name".to_owned(), "malformed".to_owned())], "{name:?}");
        assert!(token.text.contains("不可见字符") && token.text.contains("cannot be seen"), "{}", token.text);
    }
    for name in ["李 雷", "محمد علي", "हिन्दी", "Ärger"] {
        made(&root, name, "viewer").await;
    }
    for alike in ["ärger", "A\u{308}RGER", "ＡＤＭＩＮ", "李\u{3000}雷"] {
        let taken = root.post("/api/v1/users", json!({ "name": alike, "role": "viewer" })).await;
        assert_eq!(taken.status, 409, "{alike}: {}", taken.text);
    }
}
