//! The types against recorded traffic of the original Go executor: every body parses, and what is written again is
//! equal as JSON, so that names, numbers and absent values are exact.
//!
//! The files hold the requests and answers themselves; only addresses are replaced. `url` and `accessToken`, which the
//! Go client writes into each body, are left in to show that they are ignored.

use hzm_job_protocol::hzm::{
    Callback, Envelope, HeartBeat, JobCancel, JobHandle, Offline, Registry, TOKEN_HEADER, paths,
};
use hzm_job_protocol::{CODE_FAILED, HANDLER_SUCCESS};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;

const FROM_EXECUTOR: &str = include_str!("golden/hzm-executor-to-admin.json");
const FROM_ADMIN: &str = include_str!("golden/hzm-admin-to-executor.json");

#[derive(Debug, Deserialize)]
struct Exchange {
    name: String,
    path: String,
    headers: HashMap<String, String>,
    body: String,
    answer: Answer,
}

#[derive(Debug, Deserialize)]
struct Answer {
    status: u16,
    body: String,
}

fn exchanges(file: &str) -> Vec<Exchange> {
    serde_json::from_str(file).expect("golden file")
}

fn exchange(file: &str, name: &str) -> Exchange {
    exchanges(file).into_iter().find(|e| e.name == name).unwrap_or_else(|| panic!("no exchange {name:?}"))
}

/// What the type makes of a recorded body, written again.
fn written_again<T: DeserializeOwned + serde::Serialize>(body: &str) -> Value {
    let parsed: T = serde_json::from_str(body).unwrap_or_else(|problem| panic!("{problem} in {body}"));
    serde_json::to_value(&parsed).expect("our types are JSON")
}

/// A recorded body without the two fields that only the Go client writes.
fn without_go_fields(body: &str) -> Value {
    let mut value: Value = serde_json::from_str(body).expect("a JSON body");
    let fields = value.as_object_mut().expect("a JSON object");
    fields.remove("url");
    fields.remove("accessToken");
    value
}

fn assert_same<T: DeserializeOwned + serde::Serialize>(exchange: &Exchange) {
    assert_eq!(written_again::<T>(&exchange.body), without_go_fields(&exchange.body), "{}", exchange.name);
}

#[test]
fn every_recorded_call_is_written_again_as_it_was() {
    let all = exchanges(FROM_EXECUTOR).into_iter().chain(exchanges(FROM_ADMIN));
    let mut checked = 0;
    for exchange in all.filter(|e| e.body.ends_with('}')) {
        match exchange.path.as_str() {
            path if paths::REGISTRY.contains(&path) => assert_same::<Registry>(&exchange),
            path if paths::CALLBACK.contains(&path) => assert_same::<Callback>(&exchange),
            paths::HEART_BEAT => assert_same::<HeartBeat>(&exchange),
            paths::JOB_HANDLE => assert_same::<JobHandle>(&exchange),
            paths::JOB_CANCEL => assert_same::<JobCancel>(&exchange),
            "/api/nothing" => continue,
            other => panic!("no type for {other}"),
        }
        checked += 1;
    }
    assert_eq!(checked, 18);
}

#[test]
fn every_recorded_envelope_is_written_again_as_it_was() {
    let all = exchanges(FROM_EXECUTOR).into_iter().chain(exchanges(FROM_ADMIN));
    let mut checked = 0;
    for exchange in all.filter(|e| e.answer.body.starts_with('{')) {
        let recorded: Value = serde_json::from_str(&exchange.answer.body).unwrap();
        assert_eq!(written_again::<Envelope<bool>>(&exchange.answer.body), recorded, "{}", exchange.name);
        let envelope: Envelope<bool> = serde_json::from_str(&exchange.answer.body).unwrap();
        assert_eq!(envelope.success, exchange.answer.status == 200, "{}", exchange.name);
        checked += 1;
    }
    assert_eq!(checked, 15);
}

#[test]
fn our_answers_are_byte_for_byte_those_of_the_original() {
    let recorded = exchange(FROM_ADMIN, "heart-beat").answer.body;
    assert_eq!(serde_json::to_string(&Envelope::ok(true)).unwrap(), recorded.trim_end());
    let refused: Value =
        serde_json::from_str(&exchange(FROM_EXECUTOR, "registers and is answered 401").answer.body).unwrap();
    assert_eq!(serde_json::to_value(Envelope::<bool>::refusal("unknown app key")).unwrap(), refused);
}

#[test]
fn the_recorded_values_arrive_in_the_right_fields() {
    let registry: Registry = serde_json::from_str(&exchange(FROM_EXECUTOR, "registers").body).unwrap();
    assert_eq!((registry.app_key.as_str(), registry.agent, registry.instance), ("local-example", None, None));
    assert_eq!(registry.executor_address, "http://10.0.0.7:7777");
    let done: Callback = serde_json::from_str(&exchange(FROM_EXECUTOR, "reports a run that succeeded").body).unwrap();
    assert_eq!((done.log_id, done.handler_code, done.handler_msg.as_deref()), (101, HANDLER_SUCCESS, Some("执行成功")));
    let failed = exchange(FROM_EXECUTOR, "reports a job that it does not know").body;
    assert_eq!(serde_json::from_str::<Callback>(&failed).unwrap().handler_code, CODE_FAILED);
    let trigger = exchange(FROM_ADMIN, "job-handle with JSON parameters").body;
    let trigger: JobHandle = serde_json::from_str(&trigger).unwrap();
    assert_eq!((trigger.log_id, trigger.job_id, trigger.job_name.as_str()), (101, 1, "commonJobFuncTest"));
    assert_eq!(trigger.job_params.as_deref(), Some(r#"{"id":1,"name":"任务"}"#));
}

#[test]
fn the_recorded_token_header_has_our_name_in_any_case() {
    for exchange in exchanges(FROM_EXECUTOR) {
        let token = exchange.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(TOKEN_HEADER));
        assert_eq!(token.map(|(_, value)| value.as_str()), Some("test-secret"), "{}", exchange.name);
    }
}

#[test]
fn our_extension_is_written_under_the_documented_names_and_only_when_present() {
    let plain = json!({"appKey": "billing", "executorAddress": "http://10.0.0.7:7777"});
    assert_eq!(written_again::<Registry>(&plain.to_string()), plain);
    assert_eq!(written_again::<Offline>(&plain.to_string()), plain);
    let mut extended = plain;
    extended["agent"] = "hzmjob/0.1.0".into();
    extended["instance"] = "6b1f".into();
    assert_eq!(written_again::<Registry>(&extended.to_string()), extended);
}

#[test]
fn a_body_without_app_key_parses_so_that_it_can_be_answered_401() {
    let registry: Registry = serde_json::from_value(json!({"executorAddress": "http://10.0.0.7:7777"})).unwrap();
    assert_eq!(registry.app_key, "");
}

#[test]
fn a_trigger_without_a_run_id_is_an_error_that_names_the_field() {
    let problem = serde_json::from_value::<JobHandle>(json!({"jobId": 1, "jobName": "a"})).unwrap_err();
    assert!(problem.to_string().contains("logId"), "{problem}");
}
