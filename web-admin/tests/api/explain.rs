//! `/jobs/{id}/explain`.

use crate::support::{Admin, Client, Node};
use serde_json::{Value, json};

/// A started job of every second; answers its number once it has fired.
async fn fired(client: &Client) -> (i64, String) {
    let executor = client.executor("billing", None).await;
    let draft =
        json!({ "executor": executor, "name": "tick", "schedule": { "kind": "cron", "expression": "* * * * * ?" } });
    let job = client.post("/api/v1/jobs", draft).await.json()["id"].as_i64().unwrap();
    assert_eq!(client.post(&format!("/api/v1/jobs/{job}/start"), json!({})).await.status, 200);
    let runs =
        client.until(&format!("/api/v1/runs?job={job}"), |runs| runs["items"].as_array().unwrap().len() > 1).await;
    (job, runs["items"][0]["scheduled_at"].as_str().unwrap().to_owned())
}

async fn asked(client: &Client, job: i64, at: &str) -> Value {
    let answer = client.get(&format!("/api/v1/jobs/{job}/explain?at={at}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[actix_web::test]
async fn a_fire_is_explained_by_its_row_and_a_moment_before_the_job_by_who_made_it() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let (job, due) = fired(&client).await;
    let told = asked(&client, job, &due).await;
    assert_eq!((&told["occurrence"], told["runs"][0]["job"].as_i64()), (&told["runs"][0]["scheduled_at"], Some(job)));
    assert_eq!(
        (&told["schedule"], &told["enabled"], &told["history_complete"]),
        (&json!("every second (UTC)"), &json!(true), &json!(true))
    );
    let told = asked(&client, job, "2020-01-01T00:00:00Z").await;
    assert_eq!(
        (&told["verdict"], &told["act"]["action"], &told["act"]["user"]),
        (&json!("not_created_yet"), &json!("create"), &json!("admin"))
    );
    assert!(
        told["sentence"].as_str().unwrap().starts_with("The job did not exist yet. admin created it at 20"),
        "{told}"
    );
    assert!(told["sentence_zh"].as_str().unwrap().starts_with("任务当时尚未创建。admin 于 20"), "{told}");
    let told = asked(&client, job, "4102444799000").await;
    assert_eq!(told["verdict"], "will_be_due");
}

#[actix_web::test]
async fn what_was_done_around_the_moment_is_told_to_each_as_far_as_the_operation_log_is_theirs() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("a-first-secret")).await;
    let job = root.job(executor).await;
    let rotation = json!({ "former_secret_good_for_s": 3_600 });
    assert_eq!(root.post(&format!("/api/v1/executors/{executor}/secret"), rotation).await.status, 200);
    let now = root.get(&format!("/api/v1/jobs/{job}")).await.json()["created_at"].as_str().unwrap().to_owned();
    let whole = asked(&root, job, &now).await["operations"].clone();
    let is_told = |entry: &Value| entry["address"].is_string() && entry["place"].is_i64() && entry["hash"].is_string();
    assert!(whole.as_array().unwrap().iter().all(is_told), "{whole}");
    assert!(whole.to_string().contains("former_secret_until") && whole.to_string().contains("app_secret"), "{whole}");
    for (name, role) in [("ann", "viewer"), ("eve", "editor")] {
        let reader = admin.user(&root, name, role, json!([executor])).await;
        let seen = asked(&reader, job, &now).await["operations"].clone();
        let entries: Vec<(&Value, &Value)> =
            seen.as_array().unwrap().iter().map(|entry| (&entry["object_kind"], &entry["action"])).collect();
        assert_eq!(entries, [(&json!("job"), &json!("create")), (&json!("executor"), &json!("create"))], "{seen}");
        let is_narrow =
            |entry: &Value| entry["address"].is_null() && entry["place"].is_null() && entry["hash"].is_null();
        assert!(seen.as_array().unwrap().iter().all(is_narrow), "{seen}");
        assert!(!seen.to_string().contains("secret") && seen[0]["user"] == "admin", "{seen}");
        let page = reader.get(&format!("/jobs/{job}/explain?at={now}")).await;
        assert!(page.status == 200 && page.text.contains("<table class=\"log\">"), "{}", page.text);
        assert!(!page.text.contains("127.0.0.1") && !page.text.contains("former_secret"), "{}", page.text);
    }
}

#[actix_web::test]
async fn a_deleted_job_still_has_its_answer() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let (job, due) = fired(&client).await;
    assert_eq!(client.delete(&format!("/api/v1/jobs/{job}")).await.status, 204);
    assert_eq!(asked(&client, job, &due).await["runs"][0]["job"].as_i64(), Some(job));
    assert_eq!(asked(&client, job, "4102444799000").await["verdict"], "deleted");
}

#[actix_web::test]
async fn a_moment_that_cannot_be_read_is_refused_with_how_to_write_it() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let job = client.job(executor).await;
    for query in
        ["", "?at=", "?at=yesterday", "?at=2026-11-22T08:00:00", "?at=99999999999999999", "?at=2026-13-01T00:00:00Z"]
    {
        let refused = client.get(&format!("/api/v1/jobs/{job}/explain{query}")).await.problem(400);
        assert!(refused["detail"].as_str().unwrap().contains("RFC 3339"), "{query}: {refused}");
    }
    let seconds = client.get(&format!("/api/v1/jobs/{job}/explain?at=1795390226")).await.problem(400);
    assert!(seconds["detail"].as_str().unwrap().contains("write 1795390226000"), "{seconds}");
    client.get(&format!("/api/v1/jobs/{job}/explain?at=0&zone=UTC")).await.problem(400);
    client.get("/api/v1/jobs/99/explain?at=0").await.problem(404);
    assert_eq!(asked(&client, job, "0").await["verdict"], "not_created_yet");
    assert_eq!(asked(&client, job, "4102444799000").await["verdict"], "by_hand_only");
}

/// A job that was run by hand, ended as the code says.
async fn ordered(code: i32) -> (Admin, Client, i64, Value) {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", Some("secret")).await;
    let node = Node::register(&admin, "billing", "secret").await;
    let job = client.job(executor).await;
    let run = client.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap();
    node.triggers(1).await;
    let second = client.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].clone();
    assert_eq!(node.report(run, code, "disk full").await.status, 200);
    (admin, client, job, second)
}

#[actix_web::test]
async fn what_ran_is_told_with_how_it_ended_and_what_was_skipped_with_the_run_it_met() {
    let (_admin, client, job, second) = ordered(500).await;
    let runs = client.get(&format!("/api/v1/runs?job={job}")).await.json();
    let run = |state: &str| runs["items"].as_array().unwrap().iter().find(|run| run["state"] == state).unwrap().clone();
    let (failed, skipped) = (run("failed"), run("skipped"));
    assert_eq!(skipped["id"], second);
    let told = asked(&client, job, failed["scheduled_at"].as_str().unwrap()).await;
    let sentence = told["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("It ran and failed. The executor reported the failure."), "{sentence}");
    assert!(sentence.contains("There was no further attempt: the job has no retries."), "{sentence}");
    assert!(told["sentence_zh"].as_str().unwrap().contains("没有再次尝试：任务未设置重试。"), "{told}");
    // Unless both lie in one second, which is what is asked about.
    let told = asked(&client, job, skipped["scheduled_at"].as_str().unwrap()).await;
    if told["verdict"] == "skipped" {
        assert!(
            told["sentence"].as_str().unwrap().contains(&format!("Not ended then: run {} (", failed["id"])),
            "{told}"
        );
        assert!(told["sentence_zh"].as_str().unwrap().contains("当时未结束的有"), "{told}");
    }
}

#[actix_web::test]
async fn what_lies_ahead_is_told_in_the_future() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let executor = client.executor("billing", None).await;
    let draft = json!({ "executor": executor, "name": "dst", "schedule": { "kind": "cron", "expression": "0 30 2 * * ?",
        "zone": "Europe/Berlin", "gap": "skip", "repeat": "first" } });
    let job = client.post("/api/v1/jobs", draft).await.json()["id"].as_i64().unwrap();
    let sentence = async |at: &str| asked(&client, job, at).await["sentence"].as_str().unwrap().to_owned();
    assert!(sentence("2099-01-01T00:00:00Z").await.starts_with("The job is stopped, so nothing will be due."));
    assert_eq!(client.post(&format!("/api/v1/jobs/{job}/start"), json!({})).await.status, 200);
    let gap = sentence("2099-03-29T01:00:00Z").await;
    assert!(
        gap.contains("went from 02:00 to 03:00") && gap.contains("a time that is skipped has no occurrence"),
        "{gap}"
    );
    let twice = sentence("2099-10-25T01:30:00Z").await;
    assert!(twice.contains("went from 03:00 to 02:00") && twice.contains("only the first counts"), "{twice}");
}
