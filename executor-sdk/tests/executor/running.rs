//! Runs over the wire. Queueing, grace and the like are tested in virtual time beside `runner.rs`.

use crate::support::{Admin, Heard, cancel, executor, trigger};

#[actix_web::test]
async fn a_run_is_called_back_with_the_jobs_own_message() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    assert_eq!(trigger(&executor.address(), 1, "quick", None).await, 200);
    let callback = admin.callback(1, 1).await;
    assert_eq!((callback.handler_code, callback.handler_msg.as_deref()), (200, Some("执行成功")));
}

#[actix_web::test]
async fn a_panic_is_called_back_as_a_failure_with_its_text_and_the_node_goes_on() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&executor.address(), 1, "panics", Some("3")).await;
    let callback = admin.callback(1, 1).await;
    assert_eq!((callback.handler_code, callback.handler_msg.as_deref()), (500, Some("the job panicked: row 3 is odd")));
    trigger(&executor.address(), 2, "quick", None).await;
    assert_eq!(admin.callback(2, 1).await.handler_code, 200);
}

#[actix_web::test]
async fn parameters_that_do_not_fit_fail_the_run_with_what_and_where() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&executor.address(), 1, "panics", Some("three")).await;
    let message = admin.callback(1, 1).await.handler_msg.unwrap();
    assert_eq!(message, r#"the parameters do not fit u32: invalid type: string "three", expected u32"#);
    trigger(&executor.address(), 2, "panics", None).await;
    assert!(admin.callback(2, 1).await.handler_msg.unwrap().contains("the job needs parameters"));
}

#[actix_web::test]
async fn an_unknown_job_is_accepted_and_called_back_as_a_failure() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    assert_eq!(trigger(&executor.address(), 104, "nobody", Some("")).await, 200);
    let callback = admin.callback(104, 1).await;
    assert_eq!(callback.handler_code, 500);
    assert!(callback.handler_msg.unwrap().starts_with("this executor has no job \"nobody\""));
}

#[actix_web::test]
async fn a_cancelled_job_that_does_not_listen_is_called_back_as_cancelled() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let begun = Heard::run_started();
    let executor = executor(&admin.address, &folder).logger(begun.logger()).spawn().unwrap();
    trigger(&executor.address(), 1, "deaf", None).await;
    begun.until(1).await;
    assert_eq!(cancel(&executor.address(), 1).await, 200);
    let callback = admin.callback(1, 1).await;
    assert_eq!((callback.handler_code, callback.handler_msg.as_deref()), (500, Some("cancelled")));
}

#[actix_web::test]
async fn a_trigger_of_a_run_that_has_ended_brings_its_callback_again_and_no_second_run() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&executor.address(), 1, "quick", None).await;
    let first = admin.callback(1, 1).await;
    // Another job under the same run id: the answer is still the first run's result.
    assert_eq!(trigger(&executor.address(), 1, "panics", Some("3")).await, 200);
    assert_eq!(admin.callback(1, 2).await, first);
}
