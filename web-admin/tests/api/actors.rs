//! `/actors`.

use crate::support::{Admin, Client, Node};
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

/// An admin whose job actors go into quarantine when they die for the second time, and a job in it.
async fn quarantined() -> (Admin, Client, i64) {
    let admin = Admin::start_with(|config| {
        config.admin.debug.fault_injection = true;
        config.admin.supervision.job.max_restarts = 1;
        config.admin.supervision.job.backoff.initial_ms = 1;
    })
    .await;
    let client = admin.client().await;
    let job = client.job(client.executor("billing", None).await).await;
    // An actor that is being restarted cannot be made to fail, so it is asked again until it is in quarantine.
    let fail = format!("/api/v1/actors/jobs/{job}/fail");
    let is_quarantined = async || {
        client.post(&fail, json!({})).await;
        client.get("/api/v1/actors?state=quarantined").await.json()["items"][0]["name"] == format!("job/{job}")
    };
    while !is_quarantined().await {
        tokio::task::yield_now().await;
    }
    (admin, client, job)
}

#[actix_web::test]
async fn a_quarantined_job_says_so_and_how_to_release_it() {
    let (_admin, client, job) = quarantined().await;
    let listed = client.get("/api/v1/actors?size=1").await.json();
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["state"]),
        (&json!(format!("job/{job}")), &json!("quarantined"))
    );
    assert!(listed["items"][0]["last_error"].is_string() && listed["older"].is_string(), "{listed}");
    let next = client.get(&format!("/api/v1/actors?size=1&cursor={}", listed["older"].as_str().unwrap())).await.json();
    assert_eq!((&next["items"][0]["name"], &next["items"][0]["parent"]), (&json!("registry"), &json!(null)));
    let path = format!("/api/v1/jobs/{job}");
    assert!(client.get(&path).await.json()["quarantine"].as_str().is_some_and(|why| !why.is_empty()));
    client.post(&format!("/api/v1/actors/jobs/{job}/fail"), json!({})).await.problem(409);
    let run = format!("{path}/runs");
    let refused = client.post(&run, json!({})).await.problem(409);
    let detail = refused["detail"].as_str().unwrap();
    assert!(refused["type"] == "urn:hzm-job:problem:quarantined", "{refused}");
    assert!(detail.contains(&format!("POST /api/v1/actors/job/{job}/release")), "{detail}");
    assert_eq!(client.post(&format!("/api/v1/actors/job/{job}/release"), json!({})).await.status, 204);
    assert_eq!(client.post(&run, json!({})).await.status, 201);
    let done = client.get("/api/v1/operations").await.json();
    let is_release = |done: &serde_json::Value| done["action"] == "release" && done["object_name"] == "work";
    assert!(done["items"].as_array().unwrap().iter().any(is_release), "{done}");
    assert!(client.get(&path).await.json()["quarantine"].is_null());
}

#[actix_web::test]
async fn a_list_of_actors_refuses_what_it_does_not_know() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    for query in ["kind=manager", "state=dizzy", "size=0", "colour=red"] {
        client.get(&format!("/api/v1/actors?{query}")).await.problem(400);
    }
    let shards = client.get("/api/v1/actors?kind=shard").await.json();
    assert_eq!((&shards["items"][0]["name"], &shards["items"][0]["parent"]), (&json!("shard/0"), &json!("registry")));
}
