//! Starting, stopping, and what watches over the process asks.

use crate::support::{Admin, PASSWORD, config, quiet};
use actix_web::http::Method;
use hzm_job_actors::Clock;
use hzm_job_actors::SystemClock;
use hzm_job_admin::config::Secret;
use hzm_job_admin::first_user::{self, FirstUser};
use hzm_job_admin::server::{self, StartupError};
use slog::Drain;
use std::sync::{Arc, Mutex};

#[actix_web::test]
async fn health_and_readiness_need_no_session() {
    let admin = Admin::start().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(admin.stranger(Method::GET, path, None).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn a_second_admin_on_the_same_folder_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let first = server::start(config(&folder), Arc::new(SystemClock), quiet()).await.unwrap();
    let second = server::start(config(&folder), Arc::new(SystemClock), quiet()).await;
    let Err(StartupError::Folder(refusal)) = second else { panic!("a second one started") };
    assert!(refusal.to_string().contains("another admin is running"), "{refusal}");
    first.stop().await;
}

#[actix_web::test]
async fn a_port_that_is_taken_is_named() {
    let admin = Admin::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder);
    config.admin.port = admin.running.address().port();
    let Err(refusal) = server::start(config, Arc::new(SystemClock), quiet()).await else { panic!("it started") };
    assert!(refusal.to_string().contains(&admin.running.address().to_string()), "{refusal}");
}

#[actix_web::test]
async fn what_was_saved_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(&folder);
    settings.admin.password = Secret::default();
    let first = server::start(settings.clone(), Arc::new(SystemClock), quiet()).await.unwrap();
    let FirstUser::Generated(password) = first.first_user().clone() else { panic!("a password is generated") };
    let url = format!("http://{}/api/v1/session", first.address());
    assert_eq!(login(&url, &password).await, 200);
    first.stop().await;
    let second = server::start(settings, Arc::new(SystemClock), quiet()).await.unwrap();
    assert_eq!(*second.first_user(), FirstUser::Existed);
    let url = format!("http://{}/api/v1/session", second.address());
    assert_eq!(login(&url, &password).await, 200);
    let renewed = first_user::reset(&second.app().store, "admin", SystemClock.now()).await.unwrap();
    assert_eq!((login(&url, &password).await, login(&url, &renewed).await), (401, 200));
    second.stop().await;
}

async fn login(url: &str, password: &str) -> u16 {
    let body = serde_json::json!({ "name": "admin", "password": password });
    awc::Client::default().post(url).send_json(&body).await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    first_user::reset(&admin.running.app().store, "admin", SystemClock.now()).await.unwrap();
    client.get("/api/v1/session").await.problem(401);
    assert_eq!(admin.login("admin", PASSWORD).await.status, 401);
}

#[actix_web::test]
async fn a_second_admin_on_the_same_database_in_another_folder_is_told_so() {
    let (one, other, elsewhere) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with_database = |folder| {
        let mut config = config(folder);
        config.admin.database.url = format!("sqlite://{}", elsewhere.path().join("ledger.sqlite").display());
        config.admin.key_file = elsewhere.path().join("the.key");
        config
    };
    let first = server::start(with_database(&one), Arc::new(SystemClock), quiet()).await.unwrap();
    let second = server::start(with_database(&other), Arc::new(SystemClock), quiet()).await;
    let Err(StartupError::Folder(refusal)) = second else { panic!("a second one started") };
    assert!(refusal.to_string().contains(&elsewhere.path().display().to_string()), "{refusal}");
    first.stop().await;
    let second = server::start(with_database(&other), Arc::new(SystemClock), quiet()).await;
    second.expect("the first one is gone").stop().await;
}

/// Messages of warnings, for a test to look at.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Drain for Warnings {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &slog::Record<'_>, _: &slog::OwnedKVList) -> Result<(), slog::Never> {
        if record.level() == slog::Level::Warning {
            self.0.lock().unwrap().push(record.msg().to_string());
        }
        Ok(())
    }
}

#[actix_web::test]
async fn an_admin_whose_cookies_no_browser_would_keep_by_plain_http_says_so_at_its_start() {
    let told = async |proxies: &str, is_secure: bool| {
        let (folder, warnings) = (tempfile::tempdir().unwrap(), Warnings::default());
        let mut config = config(&folder);
        config.admin.session.secure_cookie = is_secure;
        config.admin.http.trusted_proxies = proxies.parse().unwrap();
        let log = slog::Logger::root(warnings.clone(), slog::o!());
        let running = server::start(config, Arc::new(SystemClock), log).await.unwrap();
        running.stop().await;
        warnings.0.lock().unwrap().iter().any(|told| told.contains("session.secureCookie"))
    };
    assert!(told("", true).await);
    assert!(!told("10.0.0.0/8", true).await, "somebody else speaks HTTPS");
    assert!(!told("", false).await);
}
