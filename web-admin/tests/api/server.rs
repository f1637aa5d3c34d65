//! Starting, stopping, and what watches over the process asks.

use crate::support::{Admin, Lines, PASSWORD, config, quiet};
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

#[actix_web::test]
async fn after_an_orderly_stop_the_file_alone_is_the_whole_database() {
    let folder = tempfile::tempdir().unwrap();
    let settings = config(&folder);
    let lines = Lines::default();
    server::start(settings.clone(), Arc::new(SystemClock), lines.log()).await.unwrap().stop().await;
    assert_eq!(lines.with("-wal"), Vec::<String>::new());
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = config(&elsewhere);
    std::fs::create_dir(&moved.admin.data).unwrap();
    for name in ["ledger.sqlite", "hzm-job.key"] {
        std::fs::copy(settings.admin.data.join(name), moved.admin.data.join(name)).unwrap();
    }
    let again = server::start(moved, Arc::new(SystemClock), lines.log()).await.unwrap();
    assert_eq!(*again.first_user(), FirstUser::Existed);
    assert_eq!(lines.with("new installation"), Vec::<String>::new());
    again.stop().await;
}

#[actix_web::test]
async fn a_key_without_its_database_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let settings = config(&folder);
    std::fs::create_dir(&settings.admin.data).unwrap();
    std::fs::write(settings.admin.key_path(), "0a".repeat(32)).unwrap();
    let lines = Lines::default();
    let admin = server::start(settings, Arc::new(SystemClock), lines.log()).await.unwrap();
    assert_eq!(lines.with("new installation").len(), 1);
    admin.stop().await;
}

#[actix_web::test]
async fn a_data_folder_that_everybody_may_look_into_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let settings = config(&folder);
    let lines = Lines::default();
    server::start(settings.clone(), Arc::new(SystemClock), lines.log()).await.unwrap().stop().await;
    assert_eq!(lines.with("chmod 700"), Vec::<String>::new(), "one that the admin made");
    std::fs::set_permissions(&settings.admin.data, std::fs::Permissions::from_mode(0o755)).unwrap();
    server::start(settings, Arc::new(SystemClock), lines.log()).await.unwrap().stop().await;
    assert_eq!(lines.with("chmod 700").len(), 1);
}

#[actix_web::test]
async fn authorities_of_a_directory_that_cannot_be_read_stop_the_start() {
    for ca in ["/nonexistent.pem", "/etc/passwd"] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder);
        (config.admin.ldap.addr, config.admin.ldap.dc) = ("ldaps://dir.example.org".into(), "dc=example,dc=org".into());
        (config.admin.ldap.ca, config.admin.otherwise) = (ca.into(), "viewer".into());
        let Err(refusal) = server::start(config, Arc::new(SystemClock), quiet()).await else { panic!("it started") };
        let said = refusal.to_string();
        assert!(said.starts_with("hzm.job.admin.ldap.ca: ") && said.contains(ca), "{said}");
    }
}

#[actix_web::test]
async fn of_a_disabled_user_it_is_known_that_a_new_password_opens_nothing() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    admin.user(&root, "ann", "viewer", serde_json::Value::Null).await;
    let store = &admin.running.app().store;
    assert!(!first_user::is_disabled(store, "ann").await.unwrap());
    let ann = store.user_by_name("ann".to_owned()).await.unwrap().unwrap();
    let wish = serde_json::json!({ "version": ann.version, "role": "viewer", "executors": null, "disabled": true });
    assert_eq!(root.put(&format!("/api/v1/users/{}", ann.id), wish).await.status, 200);
    let renewed = first_user::reset(store, "ann", SystemClock.now()).await.unwrap();
    assert!(first_user::is_disabled(store, "ann").await.unwrap());
    assert_eq!(admin.login("ann", &renewed).await.status, 401);
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
