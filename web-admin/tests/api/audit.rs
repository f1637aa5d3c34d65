//! The operation log: failed attempts, the chain, and what leaves the admin.

use crate::support::{Admin, PASSWORD};
use actix_web::http::Method;
use serde_json::{Value, json};

async fn entries(admin: &Admin, action: &str) -> Vec<Value> {
    let log = admin.client().await.get("/api/v1/operations?size=100").await.json();
    log["items"].as_array().unwrap().iter().filter(|done| done["action"] == action).cloned().collect()
}

#[actix_web::test]
async fn a_login_that_failed_is_recorded_with_its_address_and_never_with_what_was_typed() {
    let admin = Admin::start().await;
    admin.login("admin", "wrong-password-1").await.problem(401);
    admin.login("my-password-in-the-wrong-field", "x").await.problem(401);
    let failed = entries(&admin, "login_failed").await;
    assert_eq!(failed.len(), 2);
    assert!(
        failed.iter().all(|done| done["address"] == "127.0.0.1" && done["user"] == "(not logged in)"),
        "{failed:?}"
    );
    assert_eq!((&failed[1]["object_name"], &failed[0]["object_name"]), (&json!("admin"), &json!("")));
    let text = json!(failed).to_string();
    assert!(!text.contains("wrong-password-1") && !text.contains("my-password"), "{text}");
}

#[actix_web::test]
async fn a_change_that_was_not_permitted_is_recorded_with_who_wanted_it() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", None).await;
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    ann.delete(&format!("/api/v1/executors/{executor}")).await.problem(403);
    ann.post("/api/v1/users", json!({ "name": "eve", "role": "administrator" })).await.problem(403);
    let bob = admin.user(&root, "bob", "editor", json!([])).await;
    bob.delete(&format!("/api/v1/executors/{executor}")).await.problem(404);
    let refused = entries(&admin, "refused").await;
    let told: Vec<(&str, &str)> =
        refused.iter().map(|done| (done["user"].as_str().unwrap(), done["object_name"].as_str().unwrap())).collect();
    let delete = format!("DELETE /api/v1/executors/{executor}");
    assert_eq!(told, [("bob", delete.as_str()), ("ann", "POST /api/v1/users"), ("ann", delete.as_str())]);
    ann.get("/api/v1/users").await.problem(403);
    assert_eq!(entries(&admin, "refused").await.len(), 3, "looking is not a change");
}

#[actix_web::test]
async fn a_wrong_token_is_recorded_and_a_flood_of_them_fills_nothing() {
    let admin = Admin::start().await;
    for _ in 0..100 {
        admin.with_token(Method::GET, "/api/v1/jobs", "hzm_wrong", None).await.problem(401);
    }
    let failed = entries(&admin, "login_failed").await;
    // A minute may have passed meanwhile.
    assert!((60..=100).contains(&failed.len()) && failed[0]["object_kind"] == "token", "{}", failed.len());
}

#[actix_web::test]
async fn no_stranger_hides_what_a_user_tries() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    for _ in 0..80 {
        admin.with_token(Method::GET, "/api/v1/jobs", "hzm_wrong", None).await.problem(401);
    }
    ann.post("/api/v1/users", json!({ "name": "eve", "role": "administrator" })).await.problem(403);
    assert_eq!(entries(&admin, "refused").await.len(), 1);
}

#[actix_web::test]
async fn the_log_is_one_chain_that_anybody_with_the_right_may_verify_and_take_along() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    for key in ["one", "two", "three"] {
        root.executor(key, Some("s3cret-of-it")).await;
    }
    let found = root.get("/api/v1/operations/verify").await.json();
    assert_eq!((&found["whole"], &found["entries"], &found["fault"]), (&json!(true), &json!(4), &Value::Null));
    let kept = format!("?place=4&hash={}", found["hash"].as_str().unwrap());
    assert_eq!(root.get(&format!("/api/v1/operations/verify{kept}")).await.json()["whole"], true);
    let cut = root.get(&format!("/api/v1/operations/verify?place=9&hash={}", "0".repeat(64))).await.json();
    assert_eq!(cut["whole"], false, "{cut}");
    for half in ["place=9", "hash=00", "place=0&hash=00", "place=3&hash=zz"] {
        root.get(&format!("/api/v1/operations/verify?{half}")).await.problem(422);
    }
    let export = root.get("/api/v1/operations/export").await;
    assert_eq!(export.kind, "application/x-ndjson");
    let lines: Vec<Value> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["place"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(lines[3]["hash"], found["hash"]);
    assert!(!export.text.contains("s3cret-of-it"));
    let ann = admin.user(&root, "ann", "editor", Value::Null).await;
    for path in ["/api/v1/operations/verify", "/api/v1/operations/export"] {
        ann.get(path).await.problem(403);
    }
    let page = root.get("/operations?verify=1").await;
    assert!(page.text.contains("The chain is whole") && page.text.contains("127.0.0.1"), "{}", page.text);
}

#[actix_web::test]
async fn what_the_admin_itself_does_after_a_restart_goes_on_in_the_same_chain() {
    let folder = tempfile::tempdir().unwrap();
    let clock = || std::sync::Arc::new(hzm_job_actors::SystemClock);
    for round in 1..=3 {
        let config = crate::support::config(&folder);
        let running = hzm_job_admin::server::start(config, clock(), crate::support::quiet()).await.unwrap();
        let url = format!("http://{}/api/v1/session", running.address());
        let login = awc::Client::default().post(url).send_json(&json!({ "name": "admin", "password": PASSWORD }));
        assert_eq!(login.await.unwrap().status(), 200);
        let found = running.app().store.operations_verify(None).await.unwrap();
        assert_eq!((found.fault, found.end.place), (None, round));
        running.stop().await;
    }
}
