//! Input that nobody should send: each gets a clear answer and changes nothing.

use crate::support::Admin;
use actix_web::http::Method;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_body_that_is_not_json_is_refused_with_the_place() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    for body in ["", "not JSON", "{\"name\": \"x\",}", "[1, 2]", "\"text\"", "{} {}"] {
        let answer = client.call(Method::POST, "/api/v1/executors", Some(body.as_bytes().to_vec()), &[]).await;
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.text);
        answer.problem(answer.status);
    }
    let answer = client.call(Method::POST, "/api/v1/executors", Some(b"{\"name\" 1}".to_vec()), &[]).await;
    assert!(answer.problem(400)["detail"].as_str().unwrap().contains("line 1 column"), "{}", answer.text);
    assert_eq!(client.get("/api/v1/executors").await.json()["items"], json!([]));
}

#[actix_web::test]
async fn a_body_of_another_type_is_refused() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let body = Some(b"name=x&app_key=x".to_vec());
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    client.call(Method::POST, "/api/v1/executors", body, &form).await.problem(415);
}

#[actix_web::test]
async fn a_body_of_ten_megabytes_is_refused_and_the_next_request_is_served() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let body = json!({ "name": "x".repeat(10 << 20), "app_key": "x" }).to_string().into_bytes();
    let refused = client.call(Method::POST, "/api/v1/executors", Some(body), &[]).await.problem(413);
    assert!(refused["detail"].as_str().unwrap().contains("1048576"), "{refused}");
    assert_eq!(client.get("/api/v1/executors").await.json()["items"], json!([]));
}

#[actix_web::test]
async fn wrong_addresses_and_wrong_methods_get_a_problem() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    for path in
        ["/api/v1/nothing", "/api/v1", "/api/v1/jobs/1/2/3", "/api/nothing", "/api/v1/jobs/99999999999999999999"]
    {
        client.get(path).await.problem(404);
    }
    client.delete("/api/v1/jobs").await.problem(405);
    client.put("/api/v1/runs/1", json!({})).await.problem(405);
}

#[actix_web::test]
async fn names_are_kept_as_they_are_whatever_they_look_like() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let hostile = "<script>alert('x')</script> \"; DROP TABLE job; -- 🦀 '%_\\";
    let draft = json!({ "name": hostile, "app_key": "x" });
    let id = client.post("/api/v1/executors", draft).await.json()["id"].clone();
    assert_eq!(client.get(&format!("/api/v1/executors/{id}")).await.json()["name"], hostile);
    let job = client.post("/api/v1/jobs", json!({ "executor": id, "name": hostile })).await.json();
    let found = client.get("/api/v1/jobs?text=%25_%5C").await.json();
    assert_eq!(found["items"][0]["id"], job["id"], "wildcards mean themselves");
    assert_eq!(client.get("/api/v1/jobs?text=%25%25%25").await.json()["items"], json!([]));
}

#[actix_web::test]
async fn a_failure_of_ours_shows_a_number_and_no_cause() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let made = client.post("/api/v1/executors", json!({ "name": "x", "app_key": "x" })).await;
    assert_eq!(made.status, 201);
    let problem = hzm_job_admin::error::ApiError::from(hzm_job_store::StoreError::Corrupt {
        table: "job",
        id: 7,
        reason: "the cause".to_owned(),
    });
    let shown = serde_json::to_value(problem.problem()).unwrap();
    assert!(!shown.to_string().contains("the cause"), "{shown}");
    let instance = shown["instance"].as_str().unwrap().trim_start_matches("urn:uuid:").to_owned();
    assert!(shown["detail"].as_str().unwrap().contains(&instance), "{shown}");
    assert!(problem.failure().unwrap().chain.contains("the cause"));
    assert_eq!(shown["errors"], Value::Null);
}
