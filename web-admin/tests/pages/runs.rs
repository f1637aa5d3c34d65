//! Cancelling and clearing runs.

use crate::support::{Reader, Stage, executor_call, node};
use serde_json::json;

async fn open_run(reader: &Reader) -> i64 {
    let executor = reader.executor("work", "work", "s").await;
    node(reader, "work", "s").await;
    let job = reader.job(executor, "long").await;
    let run = reader.submit(&format!("/jobs/{job}/run"), &[]).await.number();
    reader.until(&format!("/runs/{run}"), "class=\"pill running\"").await;
    run
}

/// Cancels a run as a reader does, and answers as its node does.
async fn cancel(reader: &Reader, run: i64) {
    let page = reader.post(&format!("/runs/{run}/cancel"), &[("csrf", &reader.csrf().await)]).await;
    assert_eq!(page.location, format!("/runs/{run}"));
    let report =
        json!({ "appKey": "work", "appSecret": "s", "logId": run, "handlerCode": 500, "handlerMsg": "stopped" });
    assert_eq!(executor_call(reader, "callback", &report).await, 200);
}

#[actix_web::test]
async fn a_run_is_cancelled_by_its_button_and_only_once() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let run = open_run(&reader).await;
    let (path, csrf) = (format!("/runs/{run}/cancel"), reader.csrf().await);
    cancel(&reader, run).await;
    let page = reader.until(&format!("/runs/{run}"), "A user cancelled it.").await;
    assert!(!page.text.contains(&path), "an ended run has no cancel button");
    let again = reader.post(&path, &[("csrf", &csrf)]).await;
    assert!(again.cookies.iter().any(|cookie| cookie.contains("ended+already")), "{:?}", again.cookies);
}

#[actix_web::test]
async fn clearing_tells_how_many_runs_go_and_spares_those_still_going() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let ended = open_run(&reader).await;
    let csrf = reader.csrf().await;
    cancel(&reader, ended).await;
    reader.until(&format!("/runs/{ended}"), "A user cancelled it.").await;
    let open = reader.submit("/jobs/1/run", &[]).await.number();
    let ask = reader.get("/runs/clear?rule=8").await;
    assert!(ask.text.contains("Clear 1 run<"), "{}", ask.text);
    let none = reader.get("/runs/clear?rule=0").await;
    assert!(!none.text.contains("name=\"rule\""), "a rule that removes nothing is not asked about");
    assert_eq!(reader.post("/runs/clear", &[("csrf", &csrf), ("rule", "8")]).await.status, 303);
    assert_eq!(reader.get(&format!("/runs/{ended}")).await.status, 404);
    assert_eq!(reader.get(&format!("/runs/{open}")).await.status, 200);
    assert!(reader.get("/operations").await.text.contains("cleared"));
}
