//! `/runs`.

use crate::support::{Admin, Client, Node};
use serde_json::{Value, json};

async fn with_run() -> (Admin, Client, Node, i64) {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", Some("secret")).await;
    let node = Node::register(&admin, "billing", "secret").await;
    let job = client.job(executor).await;
    let made = client.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let run = made.json()["run"].as_i64().unwrap();
    node.triggers(1).await;
    (admin, client, node, run)
}

#[actix_web::test]
async fn a_run_tells_its_whole_story() {
    let (_admin, client, node, run) = with_run().await;
    let path = format!("/api/v1/runs/{run}");
    client.until(&path, |run| run["state"] == "running").await;
    assert_eq!(node.report(run, 200, "42 rows").await.status, 200);
    let told = client.get(&path).await.json();
    assert_eq!(
        (&told["state"], &told["code"], &told["message"]),
        (&json!("succeeded"), &json!(200), &json!("42 rows"))
    );
    assert_eq!((&told["node"], &told["kind"]), (&json!(node.address), &json!("manual")));
    for moment in ["scheduled_at", "created_at", "sent_at", "accepted_at", "finished_at"] {
        assert!(told[moment].is_string(), "{moment}: {told}");
    }
    assert_eq!(told["attempts"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn runs_are_found_by_every_filter() {
    let (_admin, client, node, run) = with_run().await;
    assert_eq!(node.report(run, 500, "no").await.status, 200);
    let told = client.get(&format!("/api/v1/runs/{run}")).await.json();
    let found = async |query: String| {
        client.get(&format!("/api/v1/runs?{query}")).await.json()["items"].as_array().unwrap().len()
    };
    let address: String = url::form_urlencoded::byte_serialize(node.address.as_bytes()).collect();
    for query in [
        format!("job={}", told["job"]),
        format!("executor={}", told["executor"]),
        "state=lost,failed".to_owned(),
        "kind=manual".to_owned(),
        format!("node={address}"),
        "from=2020-01-01T00:00:00Z".to_owned(),
        "until=2099-01-01T00:00:00Z".to_owned(),
    ] {
        assert_eq!(found(query.clone()).await, 1, "{query}");
    }
    for query in ["job=999", "executor=999", "state=succeeded", "kind=scheduled", "node=x", "from=2099-01-01T00:00:00Z"]
    {
        assert_eq!(found(query.to_owned()).await, 0, "{query}");
    }
    for query in ["state=happy", "kind=odd", "from=yesterday", "jobs=1"] {
        client.get(&format!("/api/v1/runs?{query}")).await.problem(400);
    }
    let told = client.get("/api/v1/runs?from=yesterday").await.problem(400);
    assert!(
        told["detail"].as_str().unwrap().ends_with("from: is no moment; write RFC 3339 such as 2026-11-22T08:00:00Z"),
        "{told}"
    );
}

#[actix_web::test]
async fn a_running_run_is_cancelled_by_asking_its_node() {
    let (_admin, client, node, run) = with_run().await;
    let path = format!("/api/v1/runs/{run}");
    client.until(&path, |run| run["state"] == "running").await;
    let asked = client.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((asked.status, &asked.json()["outcome"]), (202, &json!("asked")), "{}", asked.text);
    assert_eq!(node.report(run, 500, "cancelled").await.status, 200);
    let ended = client.until(&path, |run| run["finished_at"].is_string()).await;
    assert_eq!((&ended["state"], &ended["reason"]), (&json!("cancelled"), &json!("by_user")));
}

#[actix_web::test]
async fn a_run_that_has_ended_or_never_was_cannot_be_cancelled() {
    let (_admin, client, node, run) = with_run().await;
    node.report(run, 200, "").await;
    let refused = client.post(&format!("/api/v1/runs/{run}/cancel"), json!({})).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("succeeded"), "{refused}");
    client.post("/api/v1/runs/999999/cancel", json!({})).await.problem(404);
    client.get("/api/v1/runs/999999").await.problem(404);
    client.get("/api/v1/runs/abc").await.problem(404);
}

#[actix_web::test]
async fn clearing_counts_first_and_leaves_open_runs_alone() {
    let (_admin, client, node, run) = with_run().await;
    let job = client.get(&format!("/api/v1/runs/{run}")).await.json()["job"].clone();
    let counted = |answer: &Value| (answer["removed"].as_i64().unwrap(), answer["left"].as_i64().unwrap());
    let clear = async |body: Value| client.post("/api/v1/runs/clear", body).await.json();
    assert_eq!(counted(&clear(json!({ "rule": "all" })).await), (0, 0), "the run is open");
    node.report(run, 200, "").await;
    assert_eq!(counted(&clear(json!({ "rule": "all", "job": job, "dry_run": true })).await), (0, 1));
    assert_eq!(counted(&clear(json!({ "rule": { "keep_newest": 1 } })).await), (0, 0));
    assert_eq!(counted(&clear(json!({ "rule": { "older_than_months": 1 } })).await), (0, 0));
    client.post("/api/v1/runs/clear", json!({ "rule": "all", "job": 999 })).await.problem(404);
    assert_eq!(counted(&clear(json!({ "rule": "all", "job": job })).await), (1, 0));
    client.get(&format!("/api/v1/runs/{run}")).await.problem(404);
    let last = client.get("/api/v1/operations?size=1").await.json();
    assert_eq!(last["items"][0]["action"], "clear");
}

#[actix_web::test]
async fn a_rule_that_is_none_clears_nothing() {
    let (_admin, client, node, run) = with_run().await;
    node.report(run, 200, "").await;
    for rule in [json!("everything"), json!({ "keep_newest": 0 }), json!({ "older_than_months": 0 })] {
        client.post("/api/v1/runs/clear", json!({ "rule": rule })).await.problem(422);
    }
    for rule in [json!(99), json!("most"), json!("keep_newest"), json!({ "keep_newest": "many" }), json!(null)] {
        let told = client.post("/api/v1/runs/clear", json!({ "rule": rule })).await.problem(422);
        let detail = told["errors"][0]["detail"].as_str().unwrap();
        assert_eq!(detail, r#"must be "all", {"older_than_months": 3} or {"keep_newest": 10000}"#, "{rule}");
    }
    client.post("/api/v1/runs/clear", json!({})).await.problem(422);
    assert_eq!(client.get(&format!("/api/v1/runs/{run}")).await.status, 200);
}

/// Each order meets the report of the run before it: some of them are skipped, none is refused.
#[actix_web::test]
async fn three_hundred_orders_one_after_the_other_are_all_answered() {
    let (_admin, client, node, first) = with_run().await;
    let job = client.get(&format!("/api/v1/runs/{first}")).await.json()["job"].clone();
    let path = format!("/api/v1/jobs/{job}/runs");
    let mut last = first;
    for round in 0..300 {
        let (_, ordered) = futures_util::join!(node.report(last, 200, ""), client.post(&path, json!({})));
        assert_eq!(ordered.status, 201, "order {round}: {}", ordered.text);
        last = ordered.json()["run"].as_i64().unwrap();
    }
    let found = client.get("/api/v1/runs?size=500&kind=manual").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 301, "one row for each order");
}
