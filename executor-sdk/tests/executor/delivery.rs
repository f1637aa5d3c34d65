//! Callbacks when things are not well: an admin that is away, refuses, or comes back; a process that dies.

use crate::support::{Admin, call, executor, kept, trigger, until};

#[actix_web::test]
async fn a_delivered_callback_leaves_nothing_on_disk() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&executor.address(), 1, "quick", None).await;
    admin.callback(1, 1).await;
    until("an empty folder", || kept(&folder) == 0).await;
}

#[actix_web::test]
async fn a_callback_is_on_disk_while_the_admin_is_away_and_arrives_when_it_is_back() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    let address = admin.stop().await;
    trigger(&executor.address(), 1, "quick", None).await;
    until("the file", || kept(&folder) == 1).await;
    let admin = Admin::start_at(&address).await;
    assert_eq!(admin.callback(1, 1).await.handler_code, 200);
    until("an empty folder", || kept(&folder) == 0).await;
}

#[actix_web::test]
async fn a_callback_outlives_the_process_and_its_run_is_not_done_again() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    admin.answer("/callback", 500, "");
    let first = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&first.address(), 1, "quick", None).await;
    until("an attempt", || !admin.callbacks().is_empty()).await;
    drop(first);
    assert_eq!(kept(&folder), 1);

    let second = executor(&admin.address, &folder).spawn().unwrap();
    let so_far = admin.callbacks().len();
    until("an attempt of the second", || admin.callbacks().len() > so_far).await;
    assert_eq!(trigger(&second.address(), 1, "panics", Some("3")).await, 200);
    admin.accept_all();
    until("an empty folder", || kept(&folder) == 0).await;
    assert!(admin.callbacks().iter().all(|callback| callback.handler_code == 200), "the first run's result only");
}

#[actix_web::test]
async fn a_callback_refused_for_good_is_set_aside_and_not_sent_again() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    admin.answer("/callback", 422, "no such run");
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&executor.address(), 1, "quick", None).await;
    until("the refused file", || folder.path().join("refused/1.json").exists()).await;
    assert_eq!(kept(&folder), 0);
    trigger(&executor.address(), 2, "quick", None).await;
    admin.callback(2, 1).await;
    admin.callback(1, 1).await;
}

#[actix_web::test]
async fn a_callback_refused_for_now_is_sent_until_it_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    for (run, status) in [(1, 401), (2, 404), (3, 429), (4, 503)] {
        let admin = Admin::start().await;
        admin.answer("/callback", status, "");
        let executor = executor(&admin.address, &folder).spawn().unwrap();
        trigger(&executor.address(), run, "quick", None).await;
        until("several attempts", || admin.callbacks().len() >= 3).await;
        admin.accept_all();
        until("an empty folder", || kept(&folder) == 0).await;
    }
}

#[actix_web::test]
async fn an_original_admins_no_with_status_200_counts_as_delivered() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    admin.answer("/callback", 200, r#"{"code":-1,"msg":"no such run","data":null,"success":false,"count":null}"#);
    let executor = executor(&admin.address, &folder).spawn().unwrap();
    trigger(&executor.address(), 1, "quick", None).await;
    admin.callback(1, 1).await;
    until("an empty folder", || kept(&folder) == 0).await;
}

#[actix_web::test]
async fn the_second_admin_takes_what_the_first_cannot() {
    let (away, admin, folder) = (Admin::start().await, Admin::start().await, tempfile::tempdir().unwrap());
    let away = format!("http://{}", away.stop().await);
    let executor = executor(&format!("{away}, {}", admin.address), &folder).spawn().unwrap();
    until("the registration", || admin.calls("/registry").len() == 1).await;
    trigger(&executor.address(), 1, "quick", None).await;
    admin.callback(1, 1).await;
}

#[actix_web::test]
async fn without_a_disk_callbacks_are_still_delivered() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let not_a_folder = folder.path().join("file");
    std::fs::write(&not_a_folder, "").unwrap();
    let executor = executor(&admin.address, &folder).data_dir(not_a_folder).spawn().unwrap();
    trigger(&executor.address(), 1, "quick", None).await;
    assert_eq!(admin.callback(1, 1).await.handler_code, 200);
}

#[actix_web::test]
async fn many_callbacks_at_once_all_arrive() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    let executor = executor(&admin.address, &folder).concurrency(8).spawn().unwrap();
    let address = executor.address();
    for run in 1..=200 {
        assert_eq!(trigger(&address, run, "quick", None).await, 200);
    }
    until("all callbacks", || admin.callbacks().len() == 200).await;
    until("an empty folder", || kept(&folder) == 0).await;
    assert_eq!(call(&address, "/api/heart-beat", Some(crate::support::SECRET), "{}").await.0, 200);
}
