//! `/executors`.

use crate::support::{Admin, Node};
use hzm_job_scheduler::liveness::NodeState;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_secret_is_taken_and_never_shown_again() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let made = client
        .post("/api/v1/executors", json!({ "name": "Billing", "app_key": "billing", "secret": "s3cret-text" }))
        .await;
    assert_eq!((made.status, &made.json()["has_secret"]), (201, &json!(true)), "{}", made.text);
    let everything = [
        made.text,
        client.get("/api/v1/executors").await.text,
        client.get(made.location.as_deref().unwrap()).await.text,
        client.get("/api/v1/operations").await.text,
    ];
    assert!(everything.iter().all(|text| !text.contains("s3cret-text")));
}

#[actix_web::test]
async fn a_generated_secret_is_answered_once_and_asked_for_from_then_on() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let id = client.executor("billing", None).await;
    let node = Node::register(&admin, "billing", "").await;
    let made = client.post(&format!("/api/v1/executors/{id}/secret"), json!({})).await.json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!((secret.len(), &made["version"]), (43, &json!(2)));
    let refused = node.call("/api/admin/registry", json!({ "executorAddress": node.address })).await;
    assert_eq!(refused.status, 401, "the old secret, none, is not enough any more");
    Node::register(&admin, "billing", secret).await;
}

#[actix_web::test]
async fn a_secret_stays_unless_it_is_mentioned() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let id = client.executor("billing", Some("one")).await;
    let path = format!("/api/v1/executors/{id}");
    let kept = client.put(&path, json!({ "version": 1, "name": "B", "app_key": "billing" })).await.json();
    assert_eq!(kept["has_secret"], true);
    Node::register(&admin, "billing", "one").await;
    let cleared =
        client.put(&path, json!({ "version": 2, "name": "B", "app_key": "billing", "secret": null })).await.json();
    assert_eq!(cleared["has_secret"], false);
    Node::register(&admin, "billing", "").await;
}

#[actix_web::test]
async fn two_executors_cannot_share_an_app_key() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    client.executor("billing", None).await;
    let taken = client.post("/api/v1/executors", json!({ "name": "other", "app_key": "billing" })).await.problem(409);
    assert_eq!((&taken["errors"][0]["field"], &taken["errors"][0]["code"]), (&json!("app_key"), &json!("taken")));
    assert_eq!(client.get("/api/v1/executors").await.json()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn wrong_fields_are_named_as_the_api_names_them() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let draft = json!({ "name": "", "app_key": "a b", "secret": "with blank", "registration": "manual" });
    let wrong = client.post("/api/v1/executors", draft).await.wrong_fields();
    let fields: Vec<&str> = wrong.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["name", "app_key", "secret", "addresses"]);
    let draft = json!({ "name": "x", "app_key": "x", "registration": "manual", "addresses": ["http://u:p4ss@node"] });
    let answer = client.post("/api/v1/executors", draft).await;
    assert_eq!(answer.wrong_fields(), [("addresses".into(), "bad_address".into())]);
    assert!(!answer.text.contains("p4ss"));
}

#[actix_web::test]
async fn an_executor_with_jobs_cannot_be_deleted() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let id = client.executor("billing", None).await;
    let job = client.job(id).await;
    let path = format!("/api/v1/executors/{id}");
    let refused = client.delete(&path).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().starts_with("1 job"), "{refused}");
    client.delete(&format!("/api/v1/jobs/{job}")).await;
    assert_eq!(client.delete(&path).await.status, 204);
    client.get(&path).await.problem(404);
}

#[actix_web::test]
async fn nodes_are_listed_whether_they_registered_or_were_entered() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let id = client.executor("billing", None).await;
    let node = Node::register(&admin, "billing", "").await;
    let nodes = client.get(&format!("/api/v1/executors/{id}/nodes")).await.json();
    let only = &nodes["items"][0];
    assert_eq!(
        (&only["address"], &only["state"], &only["manual"]),
        (&json!(node.address), &json!("online"), &json!(false))
    );
    let manual = json!({ "name": "m", "app_key": "m", "registration": "manual", "addresses": ["http://127.0.0.1:9/"] });
    let made = client.post("/api/v1/executors", manual).await.json();
    let nodes = client.get(&format!("/api/v1/executors/{}/nodes", made["id"])).await.json();
    assert_eq!(
        (&nodes["items"][0]["address"], &nodes["items"][0]["manual"]),
        (&json!("http://127.0.0.1:9"), &Value::Bool(true))
    );
}

#[actix_web::test]
async fn an_executor_made_without_a_word_about_its_secret_gets_one_that_is_told_once() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let typed = json!(["http://127.0.0.1:9"]);
    for (key, registration, addresses) in [("billing", "automatic", json!([])), ("typed", "manual", typed)] {
        let wish = json!({ "name": key, "app_key": key, "registration": registration, "addresses": addresses });
        let made = client.post("/api/v1/executors", wish.clone()).await.json();
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.len() >= 32, "{made}");
        assert_eq!(made["has_secret"], true);
        assert!(!client.get(&format!("/api/v1/executors/{}", made["id"])).await.text.contains(secret));
        let mut open = wish;
        (open["app_key"], open["secret"]) = (json!(format!("open-{key}")), Value::Null);
        let open = client.post("/api/v1/executors", open).await.json();
        assert_eq!((&open["has_secret"], &open["secret"]), (&json!(false), &Value::Null), "{open}");
    }
}

#[actix_web::test]
async fn only_an_offline_node_that_registered_itself_can_be_forgotten() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    Node::register(&admin, "billing", "").await;
    let nodes = format!("/api/v1/executors/{executor}/nodes");
    let listed = client.until(&nodes, |nodes| nodes["items"][0]["state"] == "online").await;
    let node = listed["items"][0]["id"].as_i64().unwrap();
    let path = format!("{nodes}/{node}");
    let refused = client.delete(&path).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("offline"), "{refused}");
    admin.running.app().store.node_state_record(node, NodeState::Offline, None).await.unwrap();
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.get(&nodes).await.json()["items"], json!([]));
    client.delete(&path).await.problem(404);
    let done = client.get("/api/v1/operations?size=1").await.json();
    assert_eq!(
        (&done["items"][0]["action"], &done["items"][0]["object_kind"]),
        (&json!("forget_node"), &json!("executor"))
    );
}

#[actix_web::test]
async fn a_misspelt_parameter_is_named_also_where_there_are_none() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let job = client.job(executor).await;
    for path in [
        "/api/v1/executors".to_owned(),
        format!("/api/v1/executors/{executor}"),
        format!("/api/v1/executors/{executor}/nodes"),
        format!("/api/v1/jobs/{job}"),
        "/api/v1/actors".to_owned(),
    ] {
        let refused = client.get(&format!("{path}?colour=red")).await.problem(400);
        assert!(refused["detail"].as_str().unwrap().contains("colour"), "{path}: {refused}");
    }
}
