//! The OpenAPI document and its page.

use crate::support::Admin;
use hzm_job_actors::LiveFigures;
use hzm_job_admin::api::openapi::document;
use hzm_job_admin::routes;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::job::JobDraft;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

fn document_json() -> Value {
    serde_json::to_value(document()).unwrap()
}

#[test]
fn every_call_is_in_the_document_and_the_document_has_no_other() {
    let served: BTreeSet<(String, String)> = routes::api()
        .into_iter()
        .map(|endpoint| {
            (endpoint.method.as_str().to_lowercase(), format!("/api/v1{}", endpoint.path.replace(":.*", "")))
        })
        .collect();
    let document = document_json();
    let paths = document["paths"].as_object().unwrap().iter();
    let described: BTreeSet<(String, String)> = paths
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    assert_eq!(served, described);
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = document_json();
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is missing");
    }
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn the_shapes_in_the_document_have_the_fields_of_the_types_they_stand_for() {
    let draft = JobDraft::new(ExecutorId(1), "x");
    assert_same_fields("JobDefinition", &draft);
    assert_same_fields("ScheduleDefinition", &draft.schedule);
    assert_same_fields("RetryDefinition", &draft.retry);
    assert_same_fields("Figures", &LiveFigures::default());
}

fn assert_same_fields(schema: &str, value: &impl Serialize) {
    let document = document_json();
    let shown = document["components"]["schemas"][schema]["properties"].as_object();
    let shown: BTreeSet<&String> = shown.unwrap_or_else(|| panic!("no schema {schema}")).keys().collect();
    let value = serde_json::to_value(value).unwrap();
    assert_eq!(shown, value.as_object().unwrap().keys().collect(), "{schema}");
}

#[actix_web::test]
async fn the_document_and_the_page_come_from_the_binary() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    assert_eq!(client.get("/api/v1/openapi.json").await.json()["info"]["title"], "hzm-job admin");
    assert_eq!(client.get("/api/v1/docs").await.location.as_deref(), Some("/api/v1/docs/"));
    let page = client.get("/api/v1/docs/").await;
    assert!(page.status == 200 && page.kind.starts_with("text/html"), "{} {}", page.status, page.kind);
    assert!(!page.text.contains("src=\"http") && !page.text.contains("href=\"http"), "nothing from other hosts");
    let start = client.get("/api/v1/docs/swagger-initializer.js").await;
    assert!(start.text.contains("/api/v1/openapi.json"), "{}", start.text);
    client.get("/api/v1/docs/nothing.js").await.problem(404);
}
