//! `/actors`.

use crate::support::{Admin, Node};
use serde_json::json;

#[actix_web::test]
async fn the_actors_that_always_live_are_listed() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let actors = client.get("/api/v1/actors").await.json();
    let names: Vec<&str> =
        actors["items"].as_array().unwrap().iter().map(|actor| actor["name"].as_str().unwrap()).collect();
    for name in ["registry", "journal", "shard/0"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[actix_web::test]
async fn faults_are_injected_only_where_the_configuration_allows_it() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let job = client.job(client.executor("billing", None).await).await;
    let refused = client.post(&format!("/api/v1/actors/jobs/{job}/fail"), json!({})).await.problem(403);
    assert!(refused["detail"].as_str().unwrap().contains("hzm.job.admin.debug.faultInjection"));
}

#[actix_web::test]
async fn an_actor_that_dies_is_seen_and_its_job_goes_on() {
    let admin = Admin::start_with(|config| config.admin.debug.fault_injection = true).await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let node = Node::register(&admin, "billing", "").await;
    let job = client.job(executor).await;
    let path = format!("/api/v1/jobs/{job}");
    let mut draft = client.get(&path).await.json();
    draft["schedule"] = json!({ "kind": "fixed_rate", "expression": "1s" });
    draft["overlap"] = json!("parallel");
    assert_eq!(client.put(&path, draft).await.status, 200);
    client.post(&format!("{path}/start"), json!({})).await;
    node.triggers(1).await;
    assert_eq!(client.post(&format!("/api/v1/actors/jobs/{job}/fail"), json!({})).await.status, 202);
    let is_it = |actor: &serde_json::Value| actor["name"] == format!("job/{job}") && actor["restarts"] == 1;
    client.until("/api/v1/actors", |actors| actors["items"].as_array().unwrap().iter().any(is_it)).await;
    let before = node.triggers(1).await.len();
    node.triggers(before + 1).await;
}

#[actix_web::test]
async fn only_what_is_in_quarantine_can_be_released() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    client.post("/api/v1/actors/job/17/release", json!({})).await.problem(404);
    client.post("/api/v1/actors/nobody/release", json!({})).await.problem(404);
}
