//! Against recorded traffic of the original: what we send is what its executor sends, and what its admin sends is
//! answered as its executor answers.

use std::collections::HashMap;

use actix_web::http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{APP_KEY, Admin, Call, Heard, call_with, cancel, executor, trigger, until};

const FROM_EXECUTOR: &str = include_str!("../../protocol/tests/golden/hzm-executor-to-admin.json");
const FROM_ADMIN: &str = include_str!("../../protocol/tests/golden/hzm-admin-to-executor.json");

#[derive(Debug, Deserialize)]
struct Exchange {
    name: String,
    method: String,
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

fn recorded(name: &str) -> Exchange {
    let all: Vec<Exchange> = serde_json::from_str(FROM_EXECUTOR).expect("golden file");
    all.into_iter().find(|exchange| exchange.name == name).unwrap_or_else(|| panic!("no exchange {name:?}"))
}

/// The recorded call has the two fields of the Go client, ours may have the two of our extension; the rest is equal.
fn assert_same(ours: &Call, recorded: &Exchange) {
    let mut theirs: Value = serde_json::from_str(&recorded.body).expect("JSON");
    let theirs = theirs.as_object_mut().expect("an object");
    theirs.retain(|field, _| !["url", "accessToken"].contains(&field.as_str()));
    let mut body = ours.body.as_object().expect("an object").clone();
    body.retain(|field, _| !["agent", "instance"].contains(&field.as_str()));
    assert_eq!(&body, theirs, "{}", recorded.name);
    assert_eq!((&ours.method, &ours.path), (&recorded.method, &recorded.path));
    assert_eq!(ours.token.as_ref(), recorded.headers.get("Hzm-Job-Access-Token"));
}

#[actix_web::test]
async fn we_register_as_recorded_and_add_who_we_are() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let _executor = executor(&admin.address, &folder).address("http://10.0.0.7:7777/").spawn().unwrap();
    until("the registration", || !admin.calls("/registry").is_empty()).await;
    let call = admin.calls("/registry").remove(0);
    assert_same(&call, &recorded("registers"));
    assert!(call.body["agent"].as_str().unwrap().starts_with("hzmjob/"));
    assert_eq!(call.body["instance"].as_str().unwrap().len(), 36);
}

#[actix_web::test]
async fn we_call_back_as_recorded() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let begun = Heard::run_started();
    let executor = executor(&admin.address, &folder).logger(begun.logger()).spawn().unwrap();
    let node = executor.address();
    trigger(&node, 101, "commonJobFuncTest", Some(r#"{"id":1,"name":"任务"}"#)).await;
    admin.callback(101, 1).await;
    trigger(&node, 105, "cancelableJobFuncTest", Some("plain text")).await;
    begun.until(2).await;
    cancel(&node, 105).await;
    admin.callback(105, 1).await;
    let calls = admin.calls("/callback");
    assert_same(&calls[0], &recorded("reports a run that succeeded"));
    assert_same(&calls[1], &recorded("reports a run that was cancelled"));
}

#[actix_web::test]
async fn the_recorded_calls_of_an_admin_get_the_recorded_statuses_and_bodies_save_for_the_reason_of_a_400() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let exchanges: Vec<Exchange> = serde_json::from_str(FROM_ADMIN).unwrap();
    assert_eq!(exchanges.len(), 14);
    for exchange in exchanges {
        let method: Method = exchange.method.parse().unwrap();
        let token = exchange.headers.get("HZM-JOB-ACCESS-TOKEN").map(String::as_str);
        let (status, body) = call_with(method, &executor.address(), &exchange.path, token, exchange.body).await;
        assert_eq!(status, exchange.answer.status, "{}", exchange.name);
        match status {
            200 => assert_eq!(body, exchange.answer.body.trim_end(), "{}", exchange.name),
            400 => assert!(body.starts_with("the body cannot be read: "), "{body}"),
            _ => assert_eq!(body, exchange.answer.body, "{}", exchange.name),
        }
    }
}

#[actix_web::test]
async fn unlike_the_original_a_repeated_run_is_done_once_and_wrong_parameters_fail() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let node = executor.address();
    for _ in 0..2 {
        assert_eq!(trigger(&node, 105, "cancelableJobFuncTest", None).await, 200);
    }
    cancel(&node, 105).await;
    admin.callback(105, 1).await;
    trigger(&node, 102, "commonJobFuncTest", Some(r#"{"id":"x"}"#)).await;
    let failed = admin.callback(102, 1).await;
    assert_eq!((failed.handler_code, failed.app_key.as_str()), (500, APP_KEY));
}

#[actix_web::test]
async fn an_admin_that_refuses_a_registration_is_asked_again_until_it_accepts() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let refusal = recorded("registers and is answered 401").answer;
    admin.answer("/registry", refusal.status, refusal.body.clone());
    let registered = Heard::registered();
    let _executor = executor(&admin.address, &folder).logger(registered.logger()).spawn().unwrap();
    until("several attempts", || admin.calls("/registry").len() >= 3).await;
    // An original admin says no with status 200 as well.
    admin.answer("/registry", 200, refusal.body);
    let so_far = admin.calls("/registry").len();
    until("more attempts", || admin.calls("/registry").len() >= so_far + 3).await;
    assert_eq!(registered.times(), 0);
    admin.accept_all();
    registered.until(1).await;
}
