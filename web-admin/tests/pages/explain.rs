//! The tab that explains why a job did, or did not, run.

use crate::support::Stage;

#[actix_web::test]
async fn the_tab_asks_for_a_moment_and_answers_with_a_sentence_in_both_languages() {
    let stage = Stage::start().await;
    let mut reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let job = reader.job(executor, "by hand").await;
    let tab = format!("/jobs/{job}/explain");
    let page = reader.get(&tab).await;
    assert!(page.status == 200 && page.text.contains("type=\"datetime-local\""), "{}", page.text);
    assert!(!page.text.contains("id=\"answer\""), "nothing was asked yet");
    assert!(reader.get(&format!("/jobs/{job}")).await.text.contains(&tab), "the job's page leads there");
    let asked = format!("{tab}?at=2020-01-01T08%3A00%3A00");
    let page = reader.get(&asked).await;
    page.assert_sound(&asked, "en");
    for part in ["The job did not exist yet. admin created it at", "value=\"2020-01-01T08:00:00\""] {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
    reader.lang = "zh-CN";
    let page = reader.get(&format!("{tab}?at=4102444799000")).await;
    assert!(page.text.contains("该任务仅手动触发"), "{}", page.text);
    page.assert_sound(&tab, "zh-CN");
}

#[actix_web::test]
async fn a_moment_that_cannot_be_read_is_blamed_on_its_field_and_kept() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let job = reader.job(executor, "by hand").await;
    let page = reader.get(&format!("/jobs/{job}/explain?at=tea+time")).await;
    assert_eq!(page.status, 400, "{}", page.text);
    for part in ["id=\"at-problem\"", "is no moment", "value=\"tea time\""] {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
    assert_eq!(reader.get("/jobs/99/explain").await.status, 404);
}

#[actix_web::test]
async fn a_time_that_the_clocks_skip_is_answered_by_the_jobs_clocks_and_a_deleted_job_still_has_its_tab() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let (executor, csrf) = (executor.to_string(), reader.csrf().await);
    let made = [
        ("csrf", csrf.as_str()),
        ("name", "by night"),
        ("executor", &executor),
        ("schedule.kind", "cron"),
        ("schedule.expression", "0 30 2 * * ?"),
        ("schedule.zone", "Europe/Berlin"),
    ];
    let made = reader.post("/jobs/new", &made).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let (job, tab) = (1, "/jobs/1/explain".to_owned());
    let page = reader.get(&format!("{tab}?at=2099-03-29T02:30:00")).await;
    page.assert_sound(&tab, "en");
    for part in ["never showed that time", "value=\"2099-03-29T02:30:00\"", "2099-03-29 03:00:00"] {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
    let page = reader.get(&format!("{tab}?at=2099-10-25T02:30:00")).await;
    assert!(page.text.contains("showed that time twice") && page.text.contains("02:30:00+01:00"), "{}", page.text);
    assert_eq!(reader.submit(&format!("/jobs/{job}/delete"), &[]).await.status, 303);
    let page = reader.get(&tab).await;
    page.assert_sound(&tab, "en");
    assert!(page.text.contains("This job was deleted"), "{}", page.text);
    assert!(reader.get("/operations").await.text.contains(&tab), "the log leads there");
}
