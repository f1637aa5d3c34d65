//! Every page, in both languages, with names that would do harm if they were not escaped.

use crate::support::{HOSTILE, Reader, Stage, executor_call, node};
use serde_json::json;

const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

/// An executor, two jobs and a run that failed, all with hostile texts. Answers the run.
async fn fill(reader: &Reader) -> i64 {
    let executor = reader.executor(HOSTILE, "hostile", "s3cret").await;
    node(reader, "hostile", "s3cret").await;
    let job = reader.job(executor, HOSTILE).await;
    let edit = format!("/jobs/{job}/edit");
    let executor = executor.to_string();
    let fields = [
        ("name", HOSTILE),
        ("handler", HOSTILE),
        ("owner", HOSTILE),
        ("description", HOSTILE),
        ("parameters", HOSTILE),
        ("executor", executor.as_str()),
        ("schedule.kind", "cron"),
        ("schedule.expression", "0 0 3 * * ?"),
    ];
    assert_eq!(reader.submit(&edit, &fields).await.status, 303);
    let start = reader.post(&format!("/jobs/{job}/start"), &[("csrf", &reader.csrf().await)]).await;
    assert_eq!(start.status, 303);
    let run = reader.submit(&format!("/jobs/{job}/run"), &[("parameters", HOSTILE)]).await.number();
    reader.until(&format!("/runs/{run}"), "class=\"pill running\"").await;
    let report =
        json!({ "appKey": "hostile", "appSecret": "s3cret", "logId": run, "handlerCode": 500, "handlerMsg": HOSTILE });
    assert_eq!(executor_call(reader, "callback", &report).await, 200);
    // Brackets are refused in names of users and tokens.
    let name = HOSTILE.replace(['(', ')'], "");
    let user = [("name", name.as_str()), ("role", "viewer"), ("reach", "some"), ("executor", "1")];
    assert_eq!(reader.submit("/users/new", &user).await.status, 200);
    let token = [("name", name.as_str()), ("role", "viewer"), ("reach", "some"), ("executor", "1"), ("days", "30")];
    assert_eq!(reader.submit("/account/tokens/new", &token).await.status, 200);
    run
}

#[actix_web::test]
async fn every_page_shows_hostile_names_as_text_in_both_languages() {
    let stage = Stage::start().await;
    let mut reader = stage.reader("en").await;
    let run = fill(&reader).await;
    let run_page = format!("/runs/{run}");
    let paths = [
        "/",
        "/jobs",
        "/jobs/new",
        "/jobs/1",
        "/jobs/1/runs",
        "/jobs/1/edit",
        "/jobs/1/copy",
        "/jobs/1/run",
        "/jobs/1/delete",
        "/runs",
        "/runs?job=1",
        "/runs/clear",
        "/runs/clear?rule=8",
        &run_page,
        "/executors",
        "/executors/new",
        "/executors/1",
        "/executors/1/edit",
        "/executors/1/delete",
        "/operations",
        "/actors",
        "/account",
        "/account/tokens/new",
        "/users",
        "/users/new",
        "/users/2",
        "/users/2/delete",
        "/search?q=script",
        "/search?q=%3Cscript%3Ealert('x')%3C/script%3E",
        "/jobs?text=%22%3E%3Cscript%3E",
        "/login",
        "/runs?node=%22%3E%3Cscript%3E",
    ];
    for lang in LANGUAGES {
        reader.lang = lang;
        for path in paths {
            let page = reader.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            page.assert_sound(path, lang);
        }
    }
}

#[actix_web::test]
async fn a_run_is_told_from_due_to_done_with_its_message_as_text() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let run = fill(&reader).await;
    let page = reader.get(&format!("/runs/{run}")).await;
    for part in [
        "Due",
        "Written down",
        "Sent to the node",
        "Accepted by the node",
        "failed",
        "The executor reported the failure.",
    ] {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
    assert!(
        page.text.contains("&#60;script&#62;alert(&#39;x&#39;)") || page.text.contains("&lt;script&gt;"),
        "{}",
        page.text
    );
    let overview = reader.get("/").await;
    assert!(overview.text.contains("1 job needs a look"), "{}", overview.text);
}

#[actix_web::test]
async fn empty_lists_say_what_to_do_first() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    for (path, words, button) in [
        ("/jobs", "An executor comes first", "href=\"/executors/new\""),
        ("/executors", "No executors yet", "href=\"/executors/new\""),
        ("/runs", "No runs yet", "href=\"/jobs\""),
        ("/jobs?text=nothing", "Nothing matches these filters", "href=\"/jobs\""),
        ("/runs?state=failed", "Nothing matches these filters", "href=\"/runs\""),
        ("/search?q=nothing", "Nothing was found", "name=\"q\""),
    ] {
        let page = reader.get(path).await;
        assert!(page.text.contains(words) && page.text.contains(button), "{path}: {}", page.text);
    }
}
