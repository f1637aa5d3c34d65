//! Making, changing, running and deleting jobs with forms.

use crate::support::Stage;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

#[actix_web::test]
async fn a_wrong_schedule_is_blamed_on_its_field_and_nothing_is_saved() {
    let stage = Stage::start().await;
    let reader = stage.reader("zh-CN").await;
    reader.executor("work", "work", "s").await;
    let fields = [
        ("name", "月报"),
        ("executor", "1"),
        ("schedule.kind", "cron"),
        ("schedule.expression", "61 * * * * ?"),
        ("timeout_ms", "soon"),
    ];
    let page = reader.submit("/jobs/new", &fields).await;
    assert_eq!(page.status, 422);
    for part in [
        "id=\"schedule.expression-problem\"",
        "id=\"timeout_ms-problem\"",
        "value=\"61 * * * * ?\"",
        "value=\"月报\"",
        "value=\"soon\"",
    ] {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
    assert!(reader.get("/jobs").await.text.contains("还没有任务"));
}

#[actix_web::test]
async fn a_form_without_the_sessions_token_changes_nothing() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let job = reader.job(executor, "kept").await;
    for (path, fields) in [
        ("/jobs/new".to_owned(), vec![("name", "x"), ("executor", "1"), ("csrf", "guess")]),
        (format!("/jobs/{job}/delete"), vec![]),
        (format!("/jobs/{job}/start"), vec![("csrf", "")]),
        ("/runs/clear".to_owned(), vec![("rule", "8")]),
        (format!("/executors/{executor}/delete"), vec![("csrf", "guess")]),
    ] {
        let page = reader.post(&path, &fields).await;
        assert_eq!(page.status, 403, "{path}: {}", page.text);
    }
    let page = reader.get(&format!("/jobs/{job}")).await;
    assert!(page.status == 200 && page.text.contains("Stopped"), "{}", page.text);
}

#[actix_web::test]
async fn a_change_that_crosses_another_one_is_shown_and_not_lost() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let edit = format!("/jobs/{}/edit", reader.job(executor, "first").await);
    let (csrf, version) = (reader.csrf().await, reader.get(&edit).await.hidden("version"));
    let fields = |name| {
        [
            ("csrf", csrf.as_str()),
            ("version", version.as_str()),
            ("name", name),
            ("executor", "1"),
            ("schedule.kind", "manual"),
            ("schedule.zone", "UTC"),
        ]
    };
    assert_eq!(reader.post(&edit, &fields("second")).await.status, 303);
    let stale = reader.post(&edit, &fields("third")).await;
    assert!(
        stale.status == 409 && stale.text.contains("value=\"third\"") && stale.text.contains("Somebody else"),
        "{}",
        stale.text
    );
    assert_ne!(stale.hidden("version"), version, "saving once more replaces the other change");
}

#[actix_web::test]
async fn a_preview_answers_with_a_sentence_and_five_fires_or_with_the_problem() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let of = async |query: &str| reader.get(&format!("/jobs/preview?schedule.zone=Asia/Shanghai&{query}")).await.text;
    let fine = of("schedule.kind=cron&schedule.expression=0+0+8+*+*+%3F").await;
    assert!(fine.matches("08:00:00 CST").count() == 5 && !fine.contains("<html"), "{fine}");
    let wrong = of("schedule.kind=cron&schedule.expression=%3Cscript%3E+1+2+3+4").await;
    assert!(wrong.contains("class=\"problem\"") && !wrong.contains("<script>"), "{wrong}");
    let never = of("schedule.kind=cron&schedule.expression=0+0+0+30+2+%3F").await;
    assert!(never.contains("never fires"), "{never}");
}

#[actix_web::test]
async fn a_form_that_is_sent_twice_starts_one_run() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let path = format!("/jobs/{}/run", reader.job(executor, "once").await);
    let page = reader.get(&path).await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let fields = [("csrf", csrf.as_str()), ("request", request.as_str())];
    let (first, second) = (reader.post(&path, &fields).await, reader.post(&path, &fields).await);
    assert_eq!((first.status, first.number()), (303, second.number()), "{}", first.text);
}

#[actix_web::test]
async fn a_form_that_is_sent_again_with_other_values_says_so_and_the_next_time_starts_another_run() {
    let stage = Stage::start().await;
    let reader = stage.reader("zh").await;
    let executor = reader.executor("work", "work", "s").await;
    let path = format!("/jobs/{}/run", reader.job(executor, "once").await);
    let page = reader.get(&path).await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let send = async |request: &str, parameters: &str| {
        reader.post(&path, &[("csrf", &csrf), ("request", request), ("parameters", parameters)]).await
    };
    let first = send(&request, "one").await.number();
    let told = send(&request, "two").await;
    assert_eq!(told.status, 422);
    assert!(told.text.contains(&format!("启动过运行 {first}")) && told.text.contains("two"), "{}", told.text);
    assert!(send(&told.hidden("request"), "two").await.number() > first);
}

#[actix_web::test]
async fn deleting_asks_first_and_filters_survive_in_the_links() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    for number in 0..21 {
        reader.job(executor, &format!("a&b {number}")).await;
    }
    let list = reader.get("/jobs?text=a%26b&state=stopped").await;
    assert!(list.text.contains("/jobs?text=a%26b&#38;state=stopped&#38;before=2"), "{}", list.text);
    let ask = reader.get("/jobs/1/delete").await;
    assert!(ask.text.contains("No run of it is going.") && reader.get("/jobs/1").await.status == 200, "{}", ask.text);
    assert_eq!(reader.post("/jobs/1/delete", &[("csrf", &reader.csrf().await)]).await.location, "/jobs");
    assert_eq!(reader.get("/jobs/1").await.status, 404);
}

#[actix_web::test]
async fn what_is_made_up_for_and_tried_again_is_set_by_form_and_told_in_sentences() {
    let stage = Stage::start().await;
    let mut reader = stage.reader("en").await;
    reader.executor("work", "work", "s").await;
    let fields = [
        ("name", "nightly"),
        ("executor", "1"),
        ("schedule.kind", "manual"),
        ("misfire", "fire_all"),
        ("misfire_limit", "7"),
        ("misfire_window_ms", "2h"),
        ("retry.retries", "2"),
        ("retry.interval_ms", "5s"),
        ("retry.max_interval_ms", "1m"),
        ("retry.on", ""),
        ("retry.on", "timed_out"),
        ("retry.node", "other"),
    ];
    let page = reader.submit("/jobs/new", &fields).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let (job, edit) = (page.location.clone(), format!("{}/edit", page.location));
    let page = reader.get(&job).await;
    for part in
        ["at most the newest 7, and none that is more than 2h late", "that timed out is tried again up to 2 times"]
    {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
    let form = reader.get(&edit).await.text;
    assert!(form.contains("name=\"retry.on\" value=\"timed_out\" checked") && form.contains("value=\"2h\""), "{form}");
    assert!(form.contains("name=\"retry.on\" value=\"failed\">"), "what was not ticked is not ticked: {form}");
    reader.lang = "zh-CN";
    let wrong = reader.submit("/jobs/new", &[("name", "x"), ("executor", "1"), ("misfire_limit", "0")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("id=\"misfire_limit-problem\""), "{}", wrong.text);
    assert!(reader.get(&job).await.text.contains("最多执行最近 7 次，迟到超过 2h 的不执行。"));
}

#[actix_web::test]
async fn the_ticked_jobs_of_a_list_are_started_stopped_and_run_together() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    for name in ["a", "b", "c"] {
        reader.job(executor, name).await;
    }
    let page = reader.get("/jobs").await;
    assert_eq!(page.text.matches("form=\"bulk\" name=\"id\"").count(), 3, "{}", page.text);
    let (csrf, request) = (reader.csrf().await, page.hidden("request"));
    let send = async |what, ids: &[&'static str]| {
        let mut fields = vec![("csrf", csrf.as_str()), ("request", &request), ("do", what), ("back", "/jobs?text=")];
        fields.extend(ids.iter().map(|id| ("id", *id)));
        reader.post("/jobs/bulk", &fields).await
    };
    let note = |page: &crate::support::Page| {
        page.cookies.iter().find(|cookie| cookie.starts_with("flash=")).cloned().unwrap_or_default()
    };
    let started = send("start", &["1", "3"]).await;
    assert_eq!((started.status, started.location.as_str()), (303, "/jobs?text="), "{}", started.text);
    assert!(note(&started).contains("ok%3A2+done."), "{}", note(&started));
    assert!(reader.get("/jobs?state=stopped").await.text.contains("href=\"/jobs/2\""));
    assert!(!reader.get("/jobs?state=stopped").await.text.contains("href=\"/jobs/1\""));
    for _ in 0..2 {
        assert_eq!(send("run", &["2"]).await.status, 303);
    }
    assert_eq!(
        reader.get("/jobs/2/runs").await.text.matches("<td><a href=\"/runs/").count(),
        1,
        "sent twice, run once"
    );
    let partly = send("stop", &["1", "99"]).await;
    assert_eq!(partly.status, 200, "what went wrong is told on a page: {}", partly.text);
    for part in ["1 not done; 1 done.", "It was deleted.", "href=\"/jobs/99\""] {
        assert!(partly.text.contains(part), "{part} is missing: {}", partly.text);
    }
    let asked = send("delete", &["1", "2"]).await;
    assert!(
        asked.text.contains("ends the schedules of 2 jobs") && asked.text.contains("name=\"sure\""),
        "{}",
        asked.text
    );
    assert_eq!(reader.get("/jobs/1").await.status, 200, "asked, not done");
    let sure = [("csrf", csrf.as_str()), ("do", "delete"), ("id", "1"), ("id", "2"), ("sure", "1")];
    assert!(note(&reader.post("/jobs/bulk", &sure).await).contains("2+done"));
    assert_eq!(reader.get("/jobs/1").await.status, 404);
    assert!(note(&send("stop", &[]).await).contains("No+job+was+ticked"));
    assert_eq!(send("explode", &["1"]).await.status, 400);
}

/// Behind the newest runs of all jobs, as far as a list looks through them: one run for each eight parts of the ledger.
#[actix_web::test]
async fn a_job_that_ran_before_all_that_is_looked_through_is_not_said_to_have_never_run() {
    let mut url = String::new();
    let stage = Stage::start_with(|config| url = config.admin.database_url()).await;
    let (english, chinese) = (stage.reader("en").await, stage.reader("zh-CN").await);
    let executor = english.executor("work", "work", "s").await;
    let job = english.job(executor, "by hand").await;
    let told = async |path: &str| (english.get(path).await.text, chinese.get(path).await.text);
    let (en, zh) = told("/jobs").await;
    assert!(en.contains(">never<") && zh.contains(">从未<"), "{en}");
    let rows = (0..135i64).map(|number| {
        let (id, of) = ((number << 21) + 1, if number == 0 { job } else { 999 });
        format!("({id}, {of}, {executor}, 1, {id}, 0, 0, 10, 0, 0, FALSE, 1)")
    });
    let columns =
        "id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, pinned, created_at";
    let insert = format!("INSERT INTO run ({columns}) VALUES {}", rows.collect::<Vec<_>>().join(", "));
    let mut conn = SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
    conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {insert}")).unwrap();
    let (en, zh) = told("/jobs").await;
    assert!(en.contains(">not lately<") && zh.contains(">近期没有<"), "{en}");
    let (en, zh) = told(&format!("/jobs/{job}")).await;
    assert!(en.contains("None among the newest runs") && zh.contains("此处只查看"), "{en}");
    assert!(en.contains("href=\"/runs/1\""), "it is among the runs of this job: {en}");
}
