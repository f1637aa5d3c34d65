//! A new secret for an executor while its nodes still have the old one.

use crate::support::{Admin, Client, Node, send};
use actix_web::http::Method;
use hzm_job_protocol::hzm::TOKEN_HEADER;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::node::SecretAge;
use serde_json::{Value, json};

async fn rotated(root: &Client, executor: i64, good_for_s: u32) -> String {
    let path = format!("/api/v1/executors/{executor}/secret");
    let answer = root.post(&path, json!({ "former_secret_good_for_s": good_for_s })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["secret"].as_str().unwrap().to_owned()
}

async fn run(root: &Client, executor: i64) -> i64 {
    let job = root.job(executor).await;
    root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap()
}

#[actix_web::test]
async fn a_secret_that_is_replaced_stays_good_for_as_long_as_was_said_in_both_directions() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("the-first")).await;
    let node = Node::register(&admin, "billing", "the-first").await;
    let second = rotated(&root, executor, 3_600).await;
    assert!(root.get(&format!("/api/v1/executors/{executor}")).await.json()["former_secret_until"].is_string());
    let known =
        async || root.get(&format!("/api/v1/executors/{executor}/nodes")).await.json()["items"][0]["secret"].clone();
    assert_eq!(known().await, "former", "who gives it to one node after the other sees which have it");
    let first_run = run(&root, executor).await;
    node.triggers(1).await;
    assert_eq!(node.secrets(), ["the-first"], "the node knows no other one yet");
    assert_eq!(node.report(first_run, 200, "").await.status, 200);
    // The node is started anew with the new one.
    let hello = json!({ "appKey": "billing", "executorAddress": node.address }).to_string().into_bytes();
    let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, second.as_str())];
    let url = format!("{}/api/admin/registry", admin.base());
    assert_eq!(send(Method::POST, &url, &headers, Some(hello)).await.status, 200);
    run(&root, executor).await;
    node.triggers(2).await;
    assert_eq!(node.secrets(), ["the-first", second.as_str()]);
    assert_eq!(known().await, "present");
}

#[actix_web::test]
async fn a_secret_that_was_seen_by_somebody_is_good_for_nothing_at_once() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("the-first")).await;
    let node = Node::register(&admin, "billing", "the-first").await;
    rotated(&root, executor, 0).await;
    assert_eq!(node.call("/api/admin/registry", json!({ "executorAddress": node.address })).await.status, 401);
    assert_eq!(node.report(1, 200, "").await.status, 401);
    let job = root.job(executor).await;
    let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].clone();
    let told = root.until(&format!("/api/v1/runs/{run}"), |run| run["message"].is_string()).await;
    assert!(told["message"].as_str().unwrap().contains("has not called in with the present secret"), "{told}");
    assert!(node.secrets().is_empty(), "the new one went nowhere");
    let seen = root.get(&format!("/api/v1/executors/{executor}")).await.json();
    assert_eq!((&seen["former_secret_until"], &seen["has_secret"]), (&Value::Null, &json!(true)));
}

#[actix_web::test]
async fn how_long_an_old_secret_stays_good_is_bounded_and_nobody_reads_it() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("the-first")).await;
    let path = format!("/api/v1/executors/{executor}/secret");
    let wrong = root.post(&path, json!({ "former_secret_good_for_s": 2_592_001 })).await.wrong_fields();
    assert_eq!(wrong, [("former_secret_good_for_s".to_owned(), "out_of_range".to_owned())]);
    let second = rotated(&root, executor, 60).await;
    for path in [format!("/api/v1/executors/{executor}"), format!("/executors/{executor}"), "/api/v1/operations".into()]
    {
        let text = root.get(&path).await.text;
        assert!(!text.contains("the-first") && !text.contains(&second), "{path}");
    }
    let folder = admin.running.folder().path().to_owned();
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds("the-first") && !holds(&second), "{}", file.display());
    }
}

#[actix_web::test]
async fn whoever_registers_with_the_old_secret_without_a_pause_is_never_sent_the_new_one() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    for round in 0..5 {
        let key = format!("billing-{round}");
        let executor = root.executor(&key, Some("the-first")).await;
        let node = Node::register(&admin, &key, "the-first").await;
        // Each goes on until it is turned away for good; a 503 means to come again.
        let storm = (0..8).map(async |_| {
            loop {
                let answer = node.call("/api/admin/registry", json!({ "executorAddress": node.address })).await;
                match answer.status {
                    200 | 503 => {}
                    401 | 429 => return,
                    other => panic!("{other}: {}", answer.text),
                }
            }
        });
        futures_util::join!(futures_util::future::join_all(storm), rotated(&root, executor, 0));
        let known = admin.running.app().store.node_list(Some(ExecutorId(executor))).await.unwrap();
        assert!(known.iter().all(|node| node.secret_age == SecretAge::Former), "{round}: {known:?}");
        let run = run(&root, executor).await;
        let told = root.until(&format!("/api/v1/runs/{run}"), |run| run["message"].is_string()).await;
        assert!(told["message"].as_str().unwrap().contains("has not called in with the present secret"), "{told}");
        assert!(node.secrets().is_empty(), "{:?}", node.secrets());
    }
}
