//! `/operations`.

use crate::support::Admin;
use serde_json::json;

#[actix_web::test]
async fn every_change_is_recorded_field_by_field_with_its_author() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let job = client.job(executor).await;
    let mut draft = client.get(&format!("/api/v1/jobs/{job}")).await.json();
    draft["schedule"] = json!({ "kind": "cron", "expression": "0 0 8 * * ?", "zone": "UTC" });
    client.put(&format!("/api/v1/jobs/{job}"), draft).await;
    client.post(&format!("/api/v1/jobs/{job}/start"), json!({})).await;
    let operations = client.get("/api/v1/operations").await.json();
    let items = operations["items"].as_array().unwrap();
    let actions: Vec<&str> = items.iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["start", "update", "create", "create", "login"]);
    assert!(items.iter().all(|item| item["user"] == "admin"));
    let fields: Vec<&str> =
        items[1]["changes"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["schedule.expression", "schedule.kind"]);
    assert_eq!(items[1]["changes"][1]["before"], "manual");
}
