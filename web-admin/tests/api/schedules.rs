//! `/schedules/preview`.

use crate::support::Admin;
use serde_json::json;

#[actix_web::test]
async fn a_schedule_is_explained_with_its_next_moments_by_the_clocks_of_its_zone() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let schedule = json!({ "kind": "cron", "expression": "0 30 9 * * ?", "zone": "Asia/Shanghai" });
    let preview = client.post("/api/v1/schedules/preview", json!({ "schedule": schedule, "count": 3 })).await.json();
    let fires = preview["fires"].as_array().unwrap();
    assert_eq!(fires.len(), 3);
    assert!(fires[0]["at"].as_str().unwrap().ends_with("T01:30:00Z"), "{preview}");
    assert!(fires[0]["local"].as_str().unwrap().ends_with("T09:30:00+08:00"), "{preview}");
    assert!(
        !preview["sentence"]["en"].as_str().unwrap().is_empty()
            && !preview["sentence"]["zh"].as_str().unwrap().is_empty()
    );
}

#[actix_web::test]
async fn a_schedule_that_is_none_is_explained_too() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    for (schedule, field, code) in [
        (json!({ "kind": "cron", "expression": "0 0 0 30 2 ?" }), "schedule.expression", "cron_never_fires"),
        (
            json!({ "kind": "cron", "expression": "0 0 0 * * ?", "zone": "Mars/Olympus" }),
            "schedule.zone",
            "unknown_zone",
        ),
        (json!({ "kind": "fixed_rate", "expression": "soon" }), "schedule.expression", "bad_duration"),
        (json!({ "kind": "sometimes" }), "schedule.kind", "unknown_word"),
    ] {
        let answer = client.post("/api/v1/schedules/preview", json!({ "schedule": schedule })).await;
        assert_eq!(answer.wrong_fields(), [(field.to_owned(), code.to_owned())]);
    }
    let manual = json!({ "schedule": { "kind": "manual" }, "count": 51 });
    assert_eq!(client.post("/api/v1/schedules/preview", manual).await.wrong_fields()[0].0, "count");
}
