//! A database that is away: at start, and later. With real servers where `TEST_DATABASE_URLS` names some.

use crate::support::database::{Fresh, servers};
use crate::support::relay::Relay;
use crate::support::{Answer, PASSWORD, config, free_port, quiet, send};
use actix_web::http::Method;
use hzm_job_actors::SystemClock;
use hzm_job_admin::config::Config;
use hzm_job_admin::server::{self, Running, StartupError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// How long something may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);

type Starting = JoinHandle<Result<Running, StartupError>>;

/// Begins to start an admin on this database and a port of its own; the address is known at once.
fn start(folder: &TempDir, url: String) -> (Starting, String) {
    let mut config: Config = config(folder);
    config.admin.port = free_port();
    config.admin.database.url = url;
    config.admin.database.connect_within_ms = 1_000;
    let base = format!("http://127.0.0.1:{}", config.admin.port);
    (actix_rt::spawn(server::start(config, Arc::new(SystemClock), quiet())), base)
}

/// Asks until the answer has this status; an address that nobody listens on yet is asked again.
async fn until(base: &str, path: &str, status: u16) -> Answer {
    let asked = async {
        loop {
            if awc::Client::default().get(format!("{base}{path}")).send().await.is_ok() {
                let answer = send(Method::GET, &format!("{base}{path}"), &[], None).await;
                if answer.status == status {
                    return answer;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{path} never answered {status}"))
}

async fn login(base: &str) -> Answer {
    let body = json!({ "name": "admin", "password": PASSWORD }).to_string().into_bytes();
    send(Method::POST, &format!("{base}/api/v1/session"), &[("Content-Type", "application/json")], Some(body)).await
}

#[actix_web::test]
async fn while_the_database_cannot_be_reached_the_address_answers_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (starting, base) = start(&folder, format!("mysql://ann:s3cret@127.0.0.1:{}/jobs", free_port()));
    until(&base, "/healthz", 200).await;
    let detail = until(&base, "/readyz", 503).await.problem(503)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("since 20") && detail.contains("tries again at"), "{detail}");
    let page = until(&base, "/jobs", 503).await;
    assert!(page.text.contains("等待数据库"), "{}", page.text);
    let shown = format!("{detail}{}", page.text);
    for hidden in ["s3cret", "user", "127.0.0.1"] {
        assert!(!shown.contains(hidden), "strangers learn {hidden}: {shown}");
    }
    let called = send(Method::POST, &format!("{base}/api/admin/registry"), &[], Some(b"{}".to_vec())).await;
    assert_eq!(called.status, 503, "{}", called.text);
    assert!(!starting.is_finished(), "it waits");
    starting.abort();
}

#[actix_web::test]
async fn a_database_that_comes_late_is_waited_for_and_then_served_on_the_same_address() {
    for server in servers() {
        let (folder, database) = (tempfile::tempdir().unwrap(), Fresh::on(&server).await);
        let relay = Relay::to(&database.url, false).await;
        let (starting, base) = start(&folder, relay.url());
        until(&base, "/readyz", 503).await.problem(503);
        relay.let_through(true);
        until(&base, "/readyz", 200).await;
        assert_eq!(login(&base).await.status, 200, "the first user was made");
        starting.await.unwrap().unwrap().stop().await;
        database.drop_it().await;
    }
}

#[actix_web::test]
async fn an_outage_later_is_told_and_ends_by_itself() {
    for server in servers() {
        let (folder, database) = (tempfile::tempdir().unwrap(), Fresh::on(&server).await);
        let relay = Relay::to(&database.url, true).await;
        let (starting, base) = start(&folder, relay.url());
        let running = starting.await.unwrap().unwrap();
        let cookie = login(&base).await.cookie.unwrap();
        let page = async || send(Method::GET, &format!("{base}/jobs"), &[("Cookie", &cookie)], None).await;
        assert_eq!(page().await.status, 200);
        relay.let_through(false);
        let problem = until(&base, "/readyz", 503).await.problem(503);
        assert!(problem["detail"].as_str().unwrap().contains("; since 20"), "{problem}");
        let away = page().await;
        assert!(away.status == 503 && away.kind.starts_with("text/html"), "{} {}", away.status, away.text);
        assert!(away.text.contains("Nothing was sent") && away.text.contains("The database is away"), "{}", away.text);
        let api = send(Method::GET, &format!("{base}/api/v1/jobs"), &[("Cookie", &cookie)], None).await;
        let problem = api.problem(503);
        assert_eq!(problem["type"], "urn:hzm-job:problem:unavailable");
        assert!(problem["detail"].as_str().unwrap().contains("the database cannot be reached"), "{problem}");
        let problem = login(&base).await.problem(503);
        assert!(problem["detail"].as_str().unwrap().contains("the database cannot be reached"), "{problem}");
        relay.let_through(true);
        until(&base, "/readyz", 200).await;
        assert_eq!(page().await.status, 200, "the session is still there");
        running.stop().await;
        database.drop_it().await;
    }
}

#[actix_web::test]
async fn a_database_that_does_not_exist_ends_the_start() {
    for server in servers() {
        let folder = tempfile::tempdir().unwrap();
        let missing = server.with_database("hzm_there_is_none");
        let (starting, _) = start(&folder, missing);
        let ended = tokio::time::timeout(PATIENCE, starting).await.expect("it does not wait for it").unwrap();
        let Err(StartupError::Store(refusal)) = ended else { panic!("it started") };
        assert!(refusal.to_string().contains("hzm_there_is_none"), "{refusal}");
    }
}
