//! What executors call: the recorded traffic of the original, and everything that is refused.

use crate::support::{Admin, Answer, Client, Node, send};
use actix_web::http::Method;
use hzm_job_protocol::hzm::TOKEN_HEADER;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

const GOLDEN: &str = include_str!("../../../executor-sdk/protocol/tests/golden/hzm-executor-to-admin.json");
const ACCEPTED: &str = r#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#;

/// A recorded call of the original Go executor and the answer it got.
#[derive(Deserialize)]
struct Exchange {
    name: String,
    method: String,
    path: String,
    headers: HashMap<String, String>,
    body: String,
    answer: Recorded,
}

#[derive(Deserialize)]
struct Recorded {
    status: u16,
    body: String,
}

fn recorded(status: u16) -> Vec<Exchange> {
    let all: Vec<Exchange> = serde_json::from_str(GOLDEN).unwrap();
    all.into_iter().filter(|exchange| exchange.answer.status == status).collect()
}

async fn replay(admin: &Admin, exchange: &Exchange, body: String) -> Answer {
    let headers: Vec<(&str, &str)> =
        exchange.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let method = exchange.method.parse().unwrap();
    send(method, &format!("{}{}", admin.base(), exchange.path), &headers, Some(body.into_bytes())).await
}

/// An admin with the executor of the recordings, a node of it and a run that waits for its result.
async fn with_run() -> (Admin, Client, Node, i64) {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("local-example", Some("test-secret")).await;
    let node = Node::register(&admin, "local-example", "test-secret").await;
    let job = client.job(executor).await;
    let run = client.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap();
    node.triggers(1).await;
    (admin, client, node, run)
}

#[actix_web::test]
async fn a_result_with_half_a_character_and_a_code_beyond_32_bits_is_taken() {
    let (admin, client, _node, run) = with_run().await;
    let body = format!(
        r#"{{"appKey":"local-example","logId":{run},"handlerCode":3000000000,"handlerMsg":"cut here \ud83d"}}"#
    );
    let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, "test-secret")];
    let url = format!("{}/api/admin/callback", admin.base());
    let answer = send(Method::POST, &url, &headers, Some(body.into_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = client.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!((&told["state"], &told["code"]), (&json!("failed"), &json!(i32::MAX)), "{told}");
    assert_eq!(told["message"], "cut here \u{fffd}");
}

#[actix_web::test]
async fn recorded_calls_get_the_recorded_answers() {
    let (admin, client, node, run) = with_run().await;
    let job = client.get(&format!("/api/v1/runs/{run}")).await.json()["job"].clone();
    node.report(run, 200, "").await;
    let exchanges = recorded(200);
    assert_eq!(exchanges.len(), 4);
    for (index, exchange) in exchanges.iter().enumerate() {
        let made = client.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json();
        let run = made["run"].as_i64().unwrap();
        node.triggers(index + 2).await;
        let mut body: Value = serde_json::from_str(&exchange.body).unwrap();
        if body.get("logId").is_some() {
            body["logId"] = json!(run);
        }
        let answer = replay(&admin, exchange, body.to_string()).await;
        let expected: Value = serde_json::from_str(&exchange.answer.body).unwrap();
        assert_eq!((answer.status, answer.json()), (200, expected), "{}", exchange.name);
        assert_eq!(answer.text, ACCEPTED, "byte for byte");
        match body.get("handlerMsg") {
            Some(message) => {
                let told = client.get(&format!("/api/v1/runs/{run}")).await.json();
                assert_eq!(&told["message"], message, "{}", exchange.name);
            }
            None => assert_eq!(node.report(run, 200, "").await.status, 200),
        }
    }
}

#[actix_web::test]
async fn a_recorded_stranger_is_refused_with_401_and_the_failure_envelope() {
    let admin = Admin::start().await;
    for exchange in recorded(401) {
        let answer = replay(&admin, &exchange, exchange.body.clone()).await;
        assert_refused(&answer, 401);
        let mut expected: Value = serde_json::from_str(&exchange.answer.body).unwrap();
        expected["msg"] = answer.json()["msg"].clone();
        assert_eq!(answer.json(), expected, "all but the words of the reason");
    }
}

fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let envelope = answer.json();
    assert_eq!((&envelope["code"], &envelope["success"], &envelope["data"]), (&json!(-1), &json!(false), &Value::Null));
    assert!(!envelope["msg"].as_str().unwrap().is_empty());
}

#[actix_web::test]
async fn both_spellings_of_each_call_are_answered_and_only_as_post() {
    let (admin, _client, node, run) = with_run().await;
    for (path, body) in [
        ("registry", json!({ "executorAddress": node.address })),
        ("callback", json!({ "logId": run, "handlerCode": 200 })),
        ("offline", json!({ "executorAddress": node.address })),
    ] {
        for prefix in ["/api/admin", "/api"] {
            let path = format!("{prefix}/{path}");
            let answer = node.call(&path, body.clone()).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, ACCEPTED), "{path}");
            assert_refused(&admin.stranger(Method::GET, &path, None).await, 405);
        }
    }
}

#[actix_web::test]
async fn a_wrong_secret_gets_nobody_in_and_changes_nothing() {
    let (admin, client, node, run) = with_run().await;
    let url = |path: &str| format!("{}{path}", admin.base());
    let callback = json!({ "appKey": "local-example", "logId": run, "handlerCode": 200 }).to_string().into_bytes();
    let hello = json!({ "appKey": "local-example", "executorAddress": "http://10.6.6.6:1" }).to_string().into_bytes();
    for headers in
        [vec![], vec![(TOKEN_HEADER, "")], vec![(TOKEN_HEADER, "test-secre")], vec![(TOKEN_HEADER, "test-secret2")]]
    {
        assert_refused(&send(Method::POST, &url("/api/callback"), &headers, Some(callback.clone())).await, 401);
        assert_refused(&send(Method::POST, &url("/api/registry"), &headers, Some(hello.clone())).await, 401);
    }
    let told = client.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(told["finished_at"], Value::Null, "{told}");
    let nodes = client.get(&format!("/api/v1/executors/{}/nodes", told["executor"])).await.json();
    assert_eq!(nodes["items"].as_array().unwrap().len(), 1);
    assert_eq!(nodes["items"][0]["address"], json!(node.address));
}

#[actix_web::test]
async fn a_missing_and_an_unknown_app_key_look_alike() {
    let admin = Admin::start().await;
    let url = format!("{}/api/admin/registry", admin.base());
    let missing = send(Method::POST, &url, &[], Some(br#"{"executorAddress":"http://10.0.0.7:1"}"#.to_vec())).await;
    let unknown = br#"{"appKey":"nobody","executorAddress":"http://10.0.0.7:1"}"#.to_vec();
    let unknown = send(Method::POST, &url, &[], Some(unknown)).await;
    assert_refused(&missing, 401);
    assert_eq!((missing.status, missing.text), (unknown.status, unknown.text));
}

#[actix_web::test]
async fn a_repeated_result_is_a_success_and_the_first_one_stands() {
    let (_admin, client, node, run) = with_run().await;
    for (code, message) in [(200, "first"), (500, "second"), (200, "third")] {
        let answer = node.report(run, code, message).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ACCEPTED));
    }
    let told = client.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!((&told["state"], &told["message"]), (&json!("succeeded"), &json!("first")));
}

#[actix_web::test]
async fn a_result_of_a_run_that_does_not_exist_is_gone_for_good() {
    let (_admin, client, node, run) = with_run().await;
    for unknown in [run + 1_000, 0, -1, i64::MAX] {
        assert_refused(&node.report(unknown, 200, "").await, 410);
    }
    let runs = client.get("/api/v1/runs").await.json();
    assert_eq!(runs["items"].as_array().unwrap().len(), 1, "{runs}");
}

#[actix_web::test]
async fn an_executor_cannot_end_the_run_of_another_one() {
    let (admin, client, _node, run) = with_run().await;
    client.executor("other", Some("other-secret")).await;
    let other = Node::register(&admin, "other", "other-secret").await;
    assert_refused(&other.report(run, 200, "mine").await, 410);
    assert_eq!(client.get(&format!("/api/v1/runs/{run}")).await.json()["finished_at"], Value::Null);
}

#[actix_web::test]
async fn a_body_that_cannot_be_read_is_refused_with_the_reason() {
    let (admin, _client, node, run) = with_run().await;
    let url = format!("{}/api/admin/callback", admin.base());
    for body in [
        "",
        "not JSON",
        "[]",
        r#"{"appKey":"local-example"}"#,
        r#"{"appKey":"local-example","logId":"7","handlerCode":200}"#,
    ] {
        let answer = send(Method::POST, &url, &[(TOKEN_HEADER, "test-secret")], Some(body.as_bytes().to_vec())).await;
        assert_refused(&answer, 400);
    }
    for address in ["", "10.0.0.7:7777", "ftp://10.0.0.7", "http://user:p4ss@10.0.0.7"] {
        let answer = node.call("/api/registry", json!({ "executorAddress": address })).await;
        assert_refused(&answer, 400);
        assert!(answer.text.contains("executorAddress") && !answer.text.contains("p4ss"), "{}", answer.text);
    }
    assert_refused(&node.report(run, 200, &"x".repeat(2 << 20)).await, 413);
}

#[actix_web::test]
async fn the_content_type_of_a_body_does_not_matter() {
    let (admin, _client, node, _run) = with_run().await;
    let body = json!({ "appKey": "local-example", "executorAddress": node.address }).to_string().into_bytes();
    let headers = [(TOKEN_HEADER, "test-secret"), ("Content-Type", "text/plain")];
    let answer = send(Method::POST, &format!("{}/api/registry", admin.base()), &headers, Some(body)).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ACCEPTED));
}

#[actix_web::test]
async fn a_manual_executor_ignores_who_calls_in() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let addresses = ["http://127.0.0.1:9"];
    let draft =
        json!({ "name": "m", "app_key": "m", "secret": null, "registration": "manual", "addresses": addresses });
    let id = client.post("/api/v1/executors", draft).await.json()["id"].clone();
    let node = Node::register(&admin, "m", "").await;
    assert_eq!(node.call("/api/offline", json!({ "executorAddress": "http://127.0.0.1:9" })).await.status, 200);
    let nodes = client.get(&format!("/api/v1/executors/{id}/nodes")).await.json();
    let addresses: Vec<&Value> = nodes["items"].as_array().unwrap().iter().map(|node| &node["address"]).collect();
    assert_eq!(addresses, [&json!("http://127.0.0.1:9")]);
}

#[actix_web::test]
async fn a_long_message_is_kept_up_to_64_kib() {
    let (_admin, client, node, run) = with_run().await;
    assert_eq!(node.report(run, 200, &"界".repeat(100_000)).await.status, 200);
    let message = client.get(&format!("/api/v1/runs/{run}")).await.json()["message"].as_str().unwrap().to_owned();
    assert!(message.len() <= 65_536 && message.starts_with("界界") && message.contains("cut"), "{}", message.len());
}

#[actix_web::test]
async fn results_that_come_many_in_one_request_are_each_answered_on_their_own() {
    let (admin, client, _node, run) = with_run().await;
    let url = format!("{}/api/batch/callback", admin.base());
    let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, "test-secret")];
    let ask = async |headers: &[(&str, &str)], results: Value| {
        let body = json!({ "appKey": "local-example", "results": results }).to_string();
        send(Method::POST, &url, headers, Some(body.into_bytes())).await
    };
    let result = |id: i64| json!({ "logId": id, "handlerCode": 200, "handlerMsg": "done" });
    let many: Vec<Value> = (1..=1_001).map(result).collect();
    assert_eq!(ask(&headers, json!(many)).await.status, 413, "one too many");
    assert_eq!(ask(&headers[..1], json!([result(run)])).await.status, 401, "a stranger");
    let unchanged = client.get(&format!("/api/v1/runs/{run}")).await.json();
    assert!(["dispatched", "running"].contains(&unchanged["state"].as_str().unwrap()), "{unchanged}");
    let answer = ask(&headers, json!([result(7_000_000), result(run), result(-1)])).await;
    let lines = answer.json()["answers"].as_array().unwrap().clone();
    let statuses: Vec<(i64, i64)> =
        lines.iter().map(|line| (line["logId"].as_i64().unwrap(), line["status"].as_i64().unwrap())).collect();
    assert_eq!(statuses, [(7_000_000, 410), (run, 200), (-1, 410)]);
    let ended = client.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!((&ended["state"], &ended["message"]), (&json!("succeeded"), &json!("done")), "{ended}");
    let again = ask(&headers, json!([result(run)])).await.json();
    assert_eq!(again["answers"][0]["status"], 200, "a repeated one changes nothing");
}
