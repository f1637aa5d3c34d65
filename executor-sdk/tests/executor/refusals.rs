//! What a node does not let in. The recorded refusals are in `wire.rs`.

use hzmjob::{Executor, ExecutorError};

use crate::support::{Admin, SECRET, call, executor, trigger};

#[actix_web::test]
async fn a_wrong_token_reaches_no_handler() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let body = r#"{"logId": 1, "jobId": 1, "jobName": "quick"}"#;
    for token in [None, Some(""), Some("test-secre"), Some("test-secret2")] {
        let (status, text) = call(&executor.address(), "/api/job-handle", token, body).await;
        assert_eq!((status, text.as_str()), (401, "Unauthorized\n"), "{token:?}");
    }
    assert_eq!(trigger(&executor.address(), 2, "quick", None).await, 200);
    admin.callback(2, 1).await;
    assert_eq!(admin.callbacks().len(), 1, "run 1 was never started");
}

#[actix_web::test]
async fn without_a_secret_any_caller_is_let_in() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).secret("").spawn().unwrap();
    for token in [None, Some("whatever")] {
        assert_eq!(call(&executor.address(), "/api/heart-beat", token, "{}").await.0, 200);
    }
}

#[actix_web::test]
async fn a_body_of_two_mebibytes_is_refused_and_the_node_goes_on() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let (status, _) = call(&executor.address(), "/api/job-handle", Some(SECRET), vec![b' '; 2 * 1024 * 1024]).await;
    assert_eq!(status, 413);
    assert_eq!(call(&executor.address(), "/api/heart-beat", Some(SECRET), "{}").await.0, 200);
}

#[actix_web::test]
async fn a_body_that_is_not_the_calls_json_says_what_is_wrong_with_it() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    for (path, body, reason) in [
        ("/api/job-handle", "{}", "missing field `logId`"),
        ("/api/job-handle", r#"{"logId": "1"}"#, "expected i64"),
        ("/api/job-handle", "", "EOF"),
        ("/api/job-cancel", "[]", "the body cannot be read"),
    ] {
        let (status, text) = call(&executor.address(), path, Some(SECRET), body).await;
        assert_eq!(status, 400, "{body}");
        assert!(text.contains(reason), "{text}");
    }
}

#[actix_web::test]
async fn a_node_with_a_full_queue_answers_503_with_the_reason() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).concurrency(1).queue(1).spawn().unwrap();
    let node = executor.address();
    assert_eq!(trigger(&node, 1, "deaf", None).await, 200);
    assert_eq!(trigger(&node, 2, "deaf", None).await, 200);
    let third = r#"{"logId": 3, "jobId": 1, "jobName": "quick"}"#;
    let (status, body) = call(&node, "/api/job-handle", Some(SECRET), third).await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""success":false"#) && body.contains("too many runs"), "{body}");
}

#[actix_web::test]
async fn settings_that_cannot_work_are_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let twice = executor("http://127.0.0.1:1", &folder).job::<crate::support::quick>().spawn();
    assert!(twice.unwrap_err().to_string().contains("\"quick\" was added twice"));
    let idle = Executor::builder("billing").admin("http://127.0.0.1:1").spawn();
    assert!(idle.unwrap_err().to_string().contains("no job was added"));
    let nowhere = executor("127.0.0.1:8888", &folder).spawn();
    assert!(nowhere.unwrap_err().to_string().contains("should look like http://10.0.0.7:7777"));
}

#[actix_web::test]
async fn a_port_in_use_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let first = executor("http://127.0.0.1:1", &folder).spawn().unwrap();
    let address = first.local_addr().to_string();
    let problem = executor("http://127.0.0.1:1", &folder).bind(&address).spawn().unwrap_err();
    assert!(matches!(problem, ExecutorError::Bind { .. }));
    assert!(problem.to_string().contains(&address), "{problem}");
}
