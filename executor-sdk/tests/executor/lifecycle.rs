//! Starting and stopping.

use std::time::Duration;

use crate::support::{Admin, SECRET, call, cancel, executor, kept, trigger, until};

#[actix_web::test]
async fn closing_lets_the_running_job_end_refuses_new_ones_and_says_goodbye_last() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let node = executor.address();
    trigger(&node, 1, "cancelableJobFuncTest", None).await;
    let closing = actix_web::rt::spawn(executor.close());
    let mut run = 2;
    while trigger(&node, run, "quick", None).await == 200 {
        run += 1;
    }
    assert_eq!(call(&node, "/api/heart-beat", Some(SECRET), "{}").await.0, 200);
    assert!(admin.calls("/offline").is_empty());
    assert_eq!(cancel(&node, 1).await, 200);
    closing.await.unwrap().unwrap();
    assert_eq!(admin.callback(1, 1).await.handler_code, 500);
    let goodbye = admin.calls("/offline").remove(0);
    assert_eq!(goodbye.body, serde_json::json!({"appKey": "local-example", "executorAddress": node}));
    assert_eq!((goodbye.path.as_str(), goodbye.token.as_deref()), ("/api/admin/offline", Some(SECRET)));
    assert_eq!(kept(&folder), 0);
}

#[actix_web::test]
async fn closing_gives_a_job_up_that_does_not_end_in_time() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).drain(Duration::from_millis(50)).spawn().unwrap();
    trigger(&executor.address(), 1, "deaf", None).await;
    executor.close().await.unwrap();
    assert_eq!((admin.callbacks().len(), admin.calls("/offline").len()), (0, 1));
}

#[actix_web::test]
async fn dropping_the_handle_frees_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let first = executor("http://127.0.0.1:1", &folder).spawn().unwrap();
    let address = first.local_addr();
    drop(first);
    until("the port", || std::net::TcpStream::connect(address).is_err()).await;
}

#[actix_web::test]
async fn two_executors_live_side_by_side_in_one_process() {
    let (admin, folders) = (Admin::start().await, [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
    let executors = folders.each_ref().map(|folder| executor(&admin.address, folder).spawn().unwrap());
    for (run, executor) in executors.iter().enumerate() {
        trigger(&executor.address(), run as i64, "quick", None).await;
        admin.callback(run as i64, 1).await;
    }
    let [first, second] = executors;
    first.close().await.unwrap();
    assert_eq!(trigger(&second.address(), 7, "quick", None).await, 200);
}

#[test]
fn an_executor_runs_on_a_multi_threaded_tokio_runtime_as_well() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let system = actix_web::rt::System::new();
    let (admin, folder) = (system.block_on(Admin::start()), tempfile::tempdir().unwrap());
    let executor = runtime.block_on(async { executor(&admin.address, &folder).spawn() }).unwrap();
    system.block_on(async {
        trigger(&executor.address(), 1, "quick", None).await;
        admin.callback(1, 1).await;
    });
    // The admin's system stands still from here on; the goodbye is answered only while it is driven.
    let closed = runtime.spawn(executor.close());
    system.block_on(until("the close", || closed.is_finished()));
}
