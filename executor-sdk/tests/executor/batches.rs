//! Many calls in one request, in both directions, as `docs/wire.md` has it.

use hzm_job_protocol::batch::{MOST, MOST_BYTES, paths};

use crate::support::{Admin, Heard, SECRET, call, cancel, executor, kept, lines, trigger, trigger_all, until};

/// An executor whose admin has told it that it takes batches.
macro_rules! agreed {
    ($admin:expr, $folder:expr) => {{
        $admin.speak_batches();
        let registered = Heard::registered();
        let executor = executor(&$admin.address, &$folder).logger(registered.logger()).spawn().unwrap();
        registered.until(1).await;
        executor
    }};
}

#[actix_web::test]
async fn a_node_says_that_it_takes_batches() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let _executor = executor(&admin.address, &folder).spawn().unwrap();
    until("the registration", || !admin.calls("/registry").is_empty()).await;
    let agent = admin.calls("/registry").remove(0).body["agent"].as_str().unwrap().to_owned();
    assert!(agent.starts_with("hzmjob/") && agent.ends_with(" batch/1"), "{agent}");
}

#[actix_web::test]
async fn each_trigger_of_a_batch_is_judged_as_if_it_had_come_alone() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let begun = Heard::run_started();
    let executor = executor(&admin.address, &folder).concurrency(1).queue(2).logger(begun.logger()).spawn().unwrap();
    let node = executor.address();
    trigger(&node, 1, "quick", None).await;
    admin.callback(1, 1).await;
    trigger(&node, 2, "deaf", None).await;
    begun.until(2).await;
    // Ended, in hand, two that are new (one of a job that does not exist), the same once more, one too many.
    let batch = r#"{"triggers":[
        {"logId":1,"jobId":1,"jobName":"quick"}, {"logId":2,"jobId":1,"jobName":"deaf"},
        {"logId":3,"jobId":1,"jobName":"quick","jobParams":"x"}, {"logId":4,"jobId":1,"jobName":"nobody"},
        {"logId":3,"jobId":1,"jobName":"quick"}, {"logId":5,"jobId":1,"jobName":"quick"}]}"#;
    let (status, body) = call(&node, paths::TRIGGERS, Some(SECRET), batch).await;
    assert_eq!(status, 200);
    assert_eq!(lines(&body), [(1, 200), (2, 200), (3, 200), (4, 200), (3, 200), (5, 503)]);
    assert!(body.contains("too many runs are waiting on this node"), "{body}");
    admin.callback(1, 2).await;
    cancel(&node, 2).await;
    assert_eq!(admin.callback(2, 1).await.handler_code, 500);
    assert_eq!(admin.callback(3, 1).await.handler_code, 200);
    assert!(admin.callback(4, 1).await.handler_msg.unwrap().starts_with("this executor has no job"));
    assert!(admin.callbacks().iter().all(|callback| callback.log_id != 5));
}

#[actix_web::test]
async fn a_batch_that_is_too_long_too_large_or_no_json_is_refused_as_a_whole() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let node = executor.address();
    let (status, body) = trigger_all(&node, 1..=MOST as i64 + 1, "quick").await;
    assert_eq!(status, 413);
    assert!(body.contains("1001 triggers, at most 1000"), "{body}");
    let cut = r#"{"triggers":[{"logId":1,"jobId":1,"jobName":"quick"},{"logId":2,"#;
    let large = vec![b' '; MOST_BYTES + 1];
    let wrong_kind = r#"[{"logId":1,"jobId":1,"jobName":"quick"}]"#;
    for (body, expected) in [(cut.as_bytes().to_vec(), 400), (wrong_kind.into(), 400), (large, 413)] {
        assert_eq!(call(&node, paths::TRIGGERS, Some(SECRET), body).await.0, expected);
    }
    assert_eq!(call(&node, paths::TRIGGERS, Some("another"), "{}").await.0, 401);
    assert_eq!(trigger(&node, 9_999, "quick", None).await, 200);
    admin.callback(9_999, 1).await;
    assert_eq!(admin.callbacks().len(), 1, "none of a refused batch was taken");
}

#[actix_web::test]
async fn the_longest_batch_is_taken_and_every_result_arrives_together_with_others() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = agreed!(admin, folder);
    let (status, body) = trigger_all(&executor.address(), 1..=MOST as i64, "quick").await;
    assert_eq!((status, lines(&body).len()), (200, MOST));
    assert!(lines(&body).iter().all(|(_, status)| *status == 200));
    until("all results", || admin.callbacks().len() == MOST).await;
    until("an empty folder", || kept(&folder) == 0).await;
    assert!(admin.calls("/admin/callback").is_empty(), "none travelled alone");
    assert!(admin.calls(paths::RESULTS).len() < MOST / 2, "{} requests", admin.calls(paths::RESULTS).len());
}

#[actix_web::test]
async fn an_admin_that_does_not_speak_of_batches_gets_none() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let registered = Heard::registered();
    let executor = executor(&admin.address, &folder).logger(registered.logger()).spawn().unwrap();
    registered.until(1).await;
    trigger_all(&executor.address(), 1..=50, "quick").await;
    until("all results", || admin.callbacks().len() == 50).await;
    assert!(admin.calls(paths::RESULTS).is_empty());
}

#[actix_web::test]
async fn an_admin_that_knows_batches_no_more_gets_every_result_alone() {
    for status in [404, 405] {
        let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
        let executor = agreed!(admin, folder);
        admin.answer("/batch/callback", status, "");
        trigger(&executor.address(), 1, "quick", None).await;
        until("the result alone", || admin.calls("/admin/callback").len() == 1).await;
        trigger_all(&executor.address(), 2..=50, "quick").await;
        until("all results", || admin.calls("/admin/callback").len() == 50).await;
        until("an empty folder", || kept(&folder) == 0).await;
        assert_eq!(admin.calls(paths::RESULTS).len(), 1, "it is not asked a second time");
    }
}

#[actix_web::test]
async fn a_result_is_set_aside_for_its_own_line_and_never_for_the_company_it_was_in() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = agreed!(admin, folder);
    admin.answer_in_batch(2, 410);
    trigger_all(&executor.address(), 1..=3, "quick").await;
    until("the refused file", || folder.path().join("refused/2.json").exists()).await;
    until("an empty folder", || kept(&folder) == 0).await;
    admin.answer("/batch/callback", 413, "no such long thing");
    trigger_all(&executor.address(), 4..=6, "quick").await;
    until("the results alone", || admin.calls("/admin/callback").len() == 3).await;
    until("an empty folder", || kept(&folder) == 0).await;
    assert_eq!(std::fs::read_dir(folder.path().join("refused")).unwrap().count(), 1);
}

#[actix_web::test]
async fn what_a_batch_has_no_good_answer_for_is_sent_again_and_the_rest_is_not() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = agreed!(admin, folder);
    admin.answer_in_batch(2, 503);
    admin.answer_in_batch(3, 0);
    trigger_all(&executor.address(), 1..=4, "quick").await;
    let times = |run| admin.callbacks().iter().filter(|callback| callback.log_id == run).count();
    until("several attempts", || times(2) >= 3 && times(3) >= 3).await;
    assert_eq!((times(1), times(4)), (1, 1));
    admin.accept_all();
    until("an empty folder", || kept(&folder) == 0).await;
    assert_eq!((times(1), times(4)), (1, 1));
}

#[actix_web::test]
async fn after_an_answer_that_is_cut_or_unreadable_or_contradicts_itself_everything_is_sent_again() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = agreed!(admin, folder);
    for (run, answer) in [
        (1, r#"{"answers":[{"logId":1,"sta"#),
        (2, "<html>"),
        (3, r#"{"code":200}"#),
        (4, r#"{"answers":[{"logId":4,"status":410},{"logId":4,"status":200}]}"#),
        (5, r#"{"answers":[{"logId":5,"status":200},{"logId":5,"status":410}]}"#),
    ] {
        admin.answer("/batch/callback", 200, answer);
        trigger(&executor.address(), run, "quick", None).await;
        let times = || admin.callbacks().iter().filter(|callback| callback.log_id == run).count();
        until("several attempts", || times() >= 3).await;
        assert_eq!(kept(&folder), 1);
        admin.accept_all();
        until("an empty folder", || kept(&folder) == 0).await;
    }
}

#[actix_web::test]
async fn what_the_first_admin_cannot_take_goes_to_the_second_in_the_form_that_it_speaks() {
    let (first, second, folder) = (Admin::start().await, Admin::start().await, tempfile::tempdir().unwrap());
    first.speak_batches();
    let registered = Heard::registered();
    let both = format!("{}, {}", first.address, second.address);
    let executor = executor(&both, &folder).logger(registered.logger()).spawn().unwrap();
    registered.until(1).await;
    first.answer_in_batch(2, 503);
    trigger_all(&executor.address(), 1..=3, "quick").await;
    assert_eq!(second.callback(2, 1).await.handler_code, 200);
    until("an empty folder", || kept(&folder) == 0).await;
    assert_eq!(second.calls("/admin/callback").len(), 1);
    assert!(second.calls(paths::RESULTS).is_empty());
}
