//! The tree of actors, and the way out of quarantine.

use crate::support::Stage;
use hzm_job_scheduler::JobId;

#[actix_web::test]
async fn a_quarantined_job_stands_on_top_with_its_reason_and_is_released_there() {
    let stage = Stage::start_with(|config| {
        config.admin.supervision.job.max_restarts = 1;
        config.admin.supervision.job.backoff.initial_ms = 1;
    })
    .await;
    let mut reader = stage.reader("en").await;
    let executor = reader.executor("work", "work", "s").await;
    let job = reader.job(executor, "frail").await;
    let quarantined = "/actors?state=quarantined";
    while !reader.get(quarantined).await.text.contains(&format!("job/{job}")) {
        // Refused while the actor is being restarted.
        let _ = stage.running.app().scheduler.actor_fail(JobId(job)).await;
    }
    let page = reader.get("/actors").await;
    let place = |name: &str| page.text.find(&format!(">{name}</code>")).unwrap_or(usize::MAX);
    assert!(place(&format!("job/{job}")) < place("registry") && place("registry") < place("shard/0"), "{}", page.text);
    assert!(page.text.contains("1 quarantined") && page.text.contains("value=\"job/1\""), "{}", page.text);
    let shown = reader.get(&format!("/jobs/{job}")).await;
    shown.assert_sound("/jobs", "en");
    assert!(
        shown.text.contains("This job does not fire") && shown.text.contains("action=\"/actors/release\""),
        "{}",
        shown.text
    );
    assert!(reader.get("/jobs").await.text.contains("not until released"));
    let overview = reader.get("/").await.text;
    assert!(overview.contains("1 job needs a look") && overview.contains(&format!("/jobs/{job}")), "{overview}");
    reader.until("/", "data-live=\"jobs_quarantined\">1<").await;
    reader.lang = "zh-CN";
    let refused = reader.submit(&format!("/jobs/{job}/run"), &[]).await;
    assert!(refused.status == 409 && refused.text.contains("已被隔离"), "{}", refused.text);
    let released =
        reader.post("/actors/release", &[("csrf", &reader.csrf().await), ("name", &format!("job/{job}"))]).await;
    assert_eq!((released.status, released.location.as_str()), (303, "/actors"));
    assert!(!reader.get(quarantined).await.text.contains(&format!(">job/{job}</code>")));
    assert_eq!(reader.submit(&format!("/jobs/{job}/run"), &[]).await.status, 303);
}

#[actix_web::test]
async fn actors_are_filtered_and_an_unknown_filter_is_named() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let page = reader.get("/actors?kind=shard").await;
    page.assert_sound("/actors", "en");
    assert!(page.text.contains("shard/0") && !page.text.contains(">registry</code>"), "{}", page.text);
    assert!(reader.get("/actors?kind=node").await.text.contains("Nothing matches these filters"));
    let refused = reader.get("/actors?kind=manager").await;
    assert!(refused.status == 400 && refused.text.contains("kind=manager"), "{}", refused.text);
}
