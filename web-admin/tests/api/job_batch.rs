//! `/jobs/batch`.

use crate::support::{Admin, Client};
use serde_json::{Value, json};

const BATCH: &str = "/api/v1/jobs/batch";

async fn with_executor() -> (Admin, Client, i64) {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    (admin, client, executor)
}

async fn send(client: &Client, jobs: Value) -> Vec<Value> {
    let answer = client.post(BATCH, json!({ "jobs": jobs })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

fn every_second(executor: i64, name: &str) -> Value {
    json!({ "executor": executor, "name": name, "schedule": { "kind": "cron", "expression": "* * * * * ?" } })
}

#[actix_web::test]
async fn each_item_is_judged_on_its_own() {
    let (_admin, client, executor) = with_executor().await;
    let items = json!([
        { "executor": executor, "name": "one" },
        { "executor": executor, "name": "" },
        { "executor": 99, "name": "two" },
        "nonsense",
        { "executor": executor, "name": "three", "colour": "red" },
        { "executor": executor, "name": "four" },
    ]);
    let answers = send(&client, items).await;
    let statuses: Vec<i64> = answers.iter().map(|item| item["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 422, 400, 422, 201], "{answers:#?}");
    let fields = |place: usize| answers[place]["problem"]["errors"][0]["field"].clone();
    assert_eq!((fields(1), fields(2), fields(4)), (json!("name"), json!("executor"), json!("colour")));
    let fourth = client.get(&format!("/api/v1/jobs/{}", answers[5]["id"])).await.json();
    assert_eq!((&fourth["name"], &fourth["enabled"]), (&json!("four"), &json!(false)));
    let all = client.get("/api/v1/jobs").await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_job_that_is_to_be_started_fires() {
    let (_admin, client, executor) = with_executor().await;
    let mut job = every_second(executor, "eager");
    job["start"] = json!(true);
    let answers = send(&client, json!([job])).await;
    let runs = format!("/api/v1/runs?job={}", answers[0]["id"]);
    client.until(&runs, |runs| !runs["items"].as_array().unwrap().is_empty()).await;
}

#[actix_web::test]
async fn a_request_that_is_sent_again_creates_nothing_twice() {
    let (_admin, client, executor) = with_executor().await;
    let items = json!([
        { "key": "crm-1", "start": true, "executor": executor, "name": "one" },
        { "key": "crm-2", "executor": executor, "name": "two" },
    ]);
    let first = send(&client, items.clone()).await;
    let again = send(&client, items).await;
    assert_eq!((&again[0]["status"], &again[1]["status"]), (&json!(200), &json!(200)));
    assert_eq!((&again[0]["id"], &again[1]["id"]), (&first[0]["id"], &first[1]["id"]));
    let other = send(&client, json!([{ "key": "crm-1", "executor": executor, "name": "another" }])).await;
    assert_eq!((&other[0]["status"], &other[0]["problem"]["errors"][0]["code"]), (&json!(422), &json!("reused")));
    let wrong = send(&client, json!([{ "key": "a key", "executor": executor, "name": "x" }])).await;
    assert_eq!(wrong[0]["problem"]["errors"][0]["field"], "key");
    assert_eq!(client.get("/api/v1/jobs").await.json()["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_batch_has_bounds() {
    let (_admin, client, executor) = with_executor().await;
    let many = |count: usize| json!({ "jobs": vec![json!({ "executor": executor, "name": "x" }); count] });
    for count in [0, 501] {
        let answer = client.post(BATCH, many(count)).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("jobs")));
    }
    assert_eq!(client.post(BATCH, many(500)).await.status, 200);
}
