//! `/jobs`.

use crate::support::{Admin, Node};
use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::{Clock, SystemClock};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_store::operation::By;
use hzm_job_store::outcome::Change;
use serde_json::{Value, json};

const CRON: &str = "0 0 8 * * ?";

async fn with_job() -> (Admin, crate::support::Client, i64, Value) {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let draft = json!({ "executor": executor, "name": "report", "schedule": { "kind": "cron", "expression": CRON } });
    let made = client.post("/api/v1/jobs", draft).await;
    assert_eq!(made.status, 201, "{}", made.text);
    (admin, client, executor, made.json())
}

#[actix_web::test]
async fn a_job_is_created_stopped_and_found_where_the_answer_says() {
    let (_admin, client, executor, _) = with_job().await;
    let made = client.post("/api/v1/jobs", json!({ "executor": executor, "name": "  second " })).await;
    let found = client.get(made.location.as_deref().unwrap()).await.json();
    assert_eq!(found, made.json());
    assert_eq!((&found["name"], &found["enabled"], &found["version"]), (&json!("second"), &json!(false), &json!(1)));
    assert_eq!(found["next_fire_at"], Value::Null);
}

#[actix_web::test]
async fn a_fixed_delay_is_due_next_after_the_end_of_its_last_run() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let schedule = json!({ "kind": "fixed_delay", "expression": "1h" });
    let made =
        client.post("/api/v1/jobs", json!({ "executor": executor, "name": "report", "schedule": schedule })).await;
    let path = format!("/api/v1/jobs/{}", made.json()["id"]);
    let moment = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let started = client.post(&format!("{path}/start"), json!({})).await.json();
    assert_eq!(moment(&started["next_fire_at"]) - moment(&started["anchor"]), TimeDelta::hours(1));
    // There is no node: the run ends as soon as it begins.
    let run = client.post(&format!("{path}/runs"), json!({})).await.location.unwrap();
    let ended = moment(&client.until(&run, |run| run["state"] == "failed").await["finished_at"]);
    for told in [client.get(&path).await.json(), client.get("/api/v1/jobs").await.json()["items"][0].clone()] {
        assert_eq!(moment(&told["next_fire_at"]) - ended, TimeDelta::hours(1), "{told}");
    }
    let upcoming = client.get(&format!("{path}/upcoming")).await.json();
    assert_eq!(upcoming["fires"].as_array().unwrap().len(), 1, "{upcoming}");
    assert_eq!(moment(&upcoming["fires"][0]) - ended, TimeDelta::hours(1));
}

#[actix_web::test]
async fn a_moment_that_has_passed_is_refused_when_it_is_saved_and_when_the_job_is_started() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let once = |moment: &str| {
        let schedule = json!({ "kind": "once", "expression": moment, "zone": "Asia/Shanghai" });
        json!({ "executor": executor, "name": "invoice", "schedule": schedule, "misfire": "fire_all" })
    };
    let passed = [("schedule.expression".to_owned(), "moment_passed".to_owned())];
    let refused = client.post("/api/v1/jobs", once("2021-03-04T05:06:07")).await;
    assert_eq!(refused.wrong_fields(), passed);
    assert!(refused.text.contains("2021-03-04 05:06:07 (Asia/Shanghai) has passed"), "{}", refused.text);
    // One whose moment passed while it was stopped, as time makes it.
    let draft = serde_json::from_value::<JobDraft>(once("2021-03-04T05:06:07")).unwrap();
    let by = By { user: "admin".into(), at: SystemClock.now(), address: String::new(), account: None };
    let store = &admin.running.app().store;
    let Change::Done(old) = store.job_create(draft.check().unwrap(), by).await.unwrap() else { panic!("not made") };
    let path = format!("/api/v1/jobs/{}", old.job.id);
    assert_eq!(client.post(&format!("{path}/start"), json!({})).await.wrong_fields(), passed);
    let mut job = client.get(&path).await.json();
    assert_eq!(job["enabled"], false);
    job["description"] = json!("was done in time");
    let renamed = client.put(&path, job.clone()).await;
    assert_eq!(renamed.status, 200, "what is old may be described anew: {}", renamed.text);
    job["version"] = renamed.json()["version"].clone();
    job["schedule"]["expression"] = json!("2022-03-04T05:06:07");
    assert_eq!(client.put(&path, job.clone()).await.wrong_fields(), passed);
    job["schedule"]["expression"] = json!("2098-03-04T05:06:07");
    assert_eq!(client.put(&path, job).await.status, 200);
    assert_eq!(client.post(&format!("{path}/start"), json!({})).await.json()["enabled"], true);
}

#[actix_web::test]
async fn what_was_read_can_be_changed_and_sent_back() {
    let (_admin, client, _, mut job) = with_job().await;
    let path = format!("/api/v1/jobs/{}", job["id"]);
    job["description"] = json!("每天八点");
    let changed = client.put(&path, job.clone()).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!((&changed.json()["description"], &changed.json()["version"]), (&json!("每天八点"), &json!(2)));
}

#[actix_web::test]
async fn of_two_crossing_changes_the_second_is_refused_and_changes_nothing() {
    let (_admin, client, _, mut job) = with_job().await;
    let path = format!("/api/v1/jobs/{}", job["id"]);
    job["owner"] = json!("first");
    assert_eq!(client.put(&path, job.clone()).await.status, 200);
    job["owner"] = json!("second");
    let refused = client.put(&path, job.clone()).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("version 2"), "{refused}");
    assert_eq!(client.get(&path).await.json()["owner"], "first");
}

#[actix_web::test]
async fn a_change_must_name_the_version_that_was_read() {
    let (_admin, client, _, mut job) = with_job().await;
    job.as_object_mut().unwrap().remove("version");
    let answer = client.put(&format!("/api/v1/jobs/{}", job["id"]), job.clone()).await;
    assert_eq!(answer.wrong_fields(), [("version".into(), "required".into())]);
}

#[actix_web::test]
async fn starting_and_stopping_show_in_the_next_fire() {
    let (_admin, client, _, job) = with_job().await;
    let path = format!("/api/v1/jobs/{}", job["id"]);
    let started = client.post(&format!("{path}/start"), json!({})).await.json();
    assert_eq!(started["enabled"], true);
    assert!(started["next_fire_at"].as_str().unwrap().ends_with("T08:00:00Z"), "{started}");
    assert_eq!(client.post(&format!("{path}/start"), json!({})).await.status, 200, "starting twice is no error");
    let stopped = client.post(&format!("{path}/stop"), json!({})).await.json();
    assert_eq!((&stopped["enabled"], &stopped["next_fire_at"]), (&json!(false), &Value::Null));
}

#[actix_web::test]
async fn a_deleted_job_is_gone() {
    let (_admin, client, _, job) = with_job().await;
    let path = format!("/api/v1/jobs/{}", job["id"]);
    assert_eq!(client.delete(&path).await.status, 204);
    client.get(&path).await.problem(404);
    client.delete(&path).await.problem(404);
    client.post(&format!("{path}/start"), json!({})).await.problem(404);
    client.post(&format!("{path}/runs"), json!({})).await.problem(404);
}

#[actix_web::test]
async fn every_wrong_field_is_named_at_once_and_nothing_is_created() {
    let (_admin, client, executor, _) = with_job().await;
    let draft = json!({
        "executor": executor, "name": "", "overlap_limit": 0,
        "schedule": { "kind": "cron", "expression": CRON, "zone": "Asia/Shangai" }
    });
    let answer = client.post("/api/v1/jobs", draft).await;
    let wrong = answer.wrong_fields();
    for expected in [("name", "required"), ("overlap_limit", "out_of_range"), ("schedule.zone", "unknown_zone")] {
        assert!(wrong.contains(&(expected.0.into(), expected.1.into())), "{expected:?} in {wrong:?}");
    }
    assert!(answer.text.contains("Asia/Shanghai"), "the nearest zone is suggested: {}", answer.text);
    assert_eq!(client.get("/api/v1/jobs").await.json()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_cron_expression_that_never_fires_is_refused_in_both_languages() {
    let (_admin, client, executor, job) = with_job().await;
    let mut draft =
        json!({ "executor": executor, "name": "x", "schedule": { "kind": "cron", "expression": "0 0 0 30 2 ?" } });
    let answer = client.post("/api/v1/jobs", draft.clone()).await;
    assert_eq!(answer.wrong_fields(), [("schedule.expression".into(), "cron_never_fires".into())]);
    assert!(answer.json()["errors"][0]["detail_zh"].as_str().unwrap().contains("永远不会触发"), "{}", answer.text);
    draft["schedule"]["expression"] = json!("not cron at all");
    draft["version"] = json!(1);
    let path = format!("/api/v1/jobs/{}", job["id"]);
    client.put(&path, draft).await.problem(422);
    assert_eq!(client.get(&path).await.json(), job, "the job is as it was");
}

#[actix_web::test]
async fn a_job_of_an_executor_that_does_not_exist_is_refused() {
    let (_admin, client, _, mut job) = with_job().await;
    let answer = client.post("/api/v1/jobs", json!({ "executor": 999, "name": "x" })).await;
    assert_eq!(answer.wrong_fields(), [("executor".into(), "unknown_executor".into())]);
    job["executor"] = json!(999);
    let answer = client.put(&format!("/api/v1/jobs/{}", job["id"]), job.clone()).await;
    assert_eq!(answer.wrong_fields(), [("executor".into(), "unknown_executor".into())]);
}

#[actix_web::test]
async fn unknown_and_misshapen_fields_are_named() {
    let (_admin, client, executor, _) = with_job().await;
    let answer =
        client.post("/api/v1/jobs", json!({ "executor": executor, "name": "x", "retry": { "retries": "many" } })).await;
    assert_eq!(answer.wrong_fields(), [("retry.retries".into(), "type".into())]);
    let answer = client.post("/api/v1/jobs", json!({ "executor": executor, "name": "x", "colour": "red" })).await;
    assert_eq!(answer.wrong_fields(), [("colour".into(), "unknown_field".into())]);
    let answer = client.post("/api/v1/jobs", json!({ "name": "x" })).await;
    assert_eq!(answer.wrong_fields(), [("executor".into(), "required".into())]);
    let answer = client.post("/api/v1/runs/clear", json!({ "rule": 9 })).await;
    assert_eq!(answer.wrong_fields().first().unwrap().0, "rule");
    let refused = client.get("/api/v1/jobs?enabled=maybe").await;
    let refused = refused.problem(400);
    assert!(refused["detail"].as_str().unwrap().contains("enabled"), "{refused}");
}

#[actix_web::test]
async fn lists_are_cut_into_pages_and_lead_both_ways() {
    let (_admin, client, executor, _) = with_job().await;
    for name in ["a", "b", "c", "d"] {
        client.post("/api/v1/jobs", json!({ "executor": executor, "name": name })).await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = client.get("/api/v1/jobs?size=2").await.json();
    assert_eq!((names(&first), &first["newer"]), (vec!["d".into(), "c".into()], &Value::Null));
    let second = client.get(&format!("/api/v1/jobs?size=2&cursor={}", first["older"].as_str().unwrap())).await.json();
    assert_eq!(names(&second), ["b", "a"]);
    let back = client.get(&format!("/api/v1/jobs?size=2&cursor={}", second["newer"].as_str().unwrap())).await.json();
    assert_eq!(names(&back), names(&first));
    assert_eq!(names(&client.get("/api/v1/jobs?text=port&enabled=false").await.json()), ["report"]);
    assert_eq!(names(&client.get("/api/v1/jobs?enabled=true").await.json()), Vec::<String>::new());
}

#[actix_web::test]
async fn a_query_that_no_list_understands_is_refused() {
    let (_admin, client, _, _) = with_job().await;
    for query in ["nmae=x", "cursor=7", "size=0", "size=501", "size=many", "enabled=maybe"] {
        client.get(&format!("/api/v1/jobs?{query}")).await.problem(400);
    }
}

#[actix_web::test]
async fn the_moments_to_come_are_told() {
    let (_admin, client, _, job) = with_job().await;
    let path = format!("/api/v1/jobs/{}/upcoming", job["id"]);
    assert_eq!(client.get(&path).await.json()["fires"].as_array().unwrap().len(), 5);
    assert_eq!(client.get(&format!("{path}?count=100")).await.json()["fires"].as_array().unwrap().len(), 100);
    client.get(&format!("{path}?count=101")).await.problem(400);
}

#[actix_web::test]
async fn run_now_sends_one_trigger_however_often_it_is_repeated_with_its_key() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let node = Node::register(&admin, "billing", "").await;
    let job = client.job(executor).await;
    let path = format!("/api/v1/jobs/{job}/runs");
    let body = || Some(json!({ "parameters": "42", "node": node.address }).to_string().into_bytes());
    let key = [("Idempotency-Key", "order-1")];
    let first = client.call(Method::POST, &path, body(), &key).await;
    assert_eq!((first.status, &first.json()["repeated"]), (201, &json!(false)), "{}", first.text);
    let again = client.call(Method::POST, &path, body(), &key).await;
    assert_eq!((again.status, &again.json()["repeated"]), (200, &json!(true)), "{}", again.text);
    assert_eq!(again.json()["run"], first.json()["run"]);
    let triggers = node.triggers(1).await;
    assert_eq!((triggers.len(), triggers[0].log_id), (1, first.json()["run"].as_i64().unwrap()));
    assert_eq!((triggers[0].job_name.as_str(), triggers[0].job_params.as_deref()), ("work", Some("42")));
    assert_eq!(client.get(&first.location.unwrap()).await.json()["requested_by"], "admin");
}

#[actix_web::test]
async fn a_key_that_was_used_for_another_request_is_refused_and_nothing_runs() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let job = client.job(client.executor("billing", None).await).await;
    let path = format!("/api/v1/jobs/{job}/runs");
    let order = async |body: Option<Value>| {
        let body = body.map(|body| body.to_string().into_bytes());
        client.call(Method::POST, &path, body, &[("Idempotency-Key", "order-1")]).await
    };
    let first = order(Some(json!({ "parameters": "42" }))).await.json()["run"].clone();
    for other in [Some(json!({ "parameters": "43" })), Some(json!({})), Some(json!({ "parameters": "" }))] {
        let refused = order(other).await.problem(422);
        assert_eq!(refused["type"], "urn:hzm-job:problem:key-reused", "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(&format!("run {first}")), "{refused}");
    }
    let again = order(Some(json!({ "node": null, "parameters": "42" }))).await;
    assert_eq!((again.status, &again.json()["run"]), (200, &first), "how the JSON is written does not count");
    assert_eq!(client.get("/api/v1/runs").await.json()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn run_now_on_a_node_that_the_executor_does_not_have_is_refused() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let job = client.job(client.executor("billing", None).await).await;
    let path = format!("/api/v1/jobs/{job}/runs");
    let answer = client.post(&path, json!({ "node": "http://10.9.9.9:1" })).await;
    assert_eq!(answer.wrong_fields(), [("node".into(), "unknown_node".into())]);
    let answer = client.post(&path, json!({ "parameters": "x".repeat(65_537) })).await;
    assert_eq!(answer.wrong_fields(), [("parameters".into(), "too_long".into())]);
    for key in ["", "with blank", &"k".repeat(129)] {
        client.call(Method::POST, &path, None, &[("Idempotency-Key", key)]).await.problem(400);
    }
    assert_eq!(client.get("/api/v1/runs").await.json()["items"], json!([]), "nothing was run");
}
