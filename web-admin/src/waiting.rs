//! What answers on the admin's address while the database cannot be reached at start: the process is up, nothing else is.
//!
//! `/healthz` says 200, `/readyz` says 503 with the reason, executors are told to come again, pages show one plain page in
//! both languages. The real server listens on the same socket as soon as the database is open; then this one ends. No
//! answer names host, database or user; the log does.

use crate::error::{PROBLEM_JSON, ProblemDetails};
use crate::tls::Certificates;
use crate::ui;
use actix_web::dev::ServerHandle;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, SecondsFormat, Utc};
use hzm_job_actors::Clock;
use hzm_job_protocol::hzm::{Envelope, paths};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

/// Why the admin waits, as its answers tell it. Shared between whoever tries and whoever answers.
pub(crate) struct Outage {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    reason: &'static str,
    since: DateTime<Utc>,
    next_try: DateTime<Utc>,
}

impl Outage {
    /// Nothing is known yet but that the first try takes its time.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Outage {
        let now = clock.now();
        let state = State { reason: "it has not answered yet", since: now, next_try: now };
        Outage { clock, state: Mutex::new(state) }
    }

    /// A try failed for this reason, told in words for strangers; the next one follows in `pause_ms`.
    pub(crate) fn failed(&self, reason: &'static str, pause_ms: i64) {
        let next_try = self.clock.now() + chrono::TimeDelta::milliseconds(pause_ms);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.reason, state.next_try) = (reason, next_try);
    }

    /// Since when the database is away.
    pub(crate) fn since(&self) -> DateTime<Utc> {
        self.read().since
    }

    fn read(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whole seconds until the next try, at least one.
    fn retry_after(&self) -> i64 {
        (self.read().next_try - self.clock.now()).num_seconds().max(0) + 1
    }

    fn problem(&self) -> ProblemDetails {
        let State { reason, since, next_try } = self.read();
        let shown = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        ProblemDetails::unavailable(format!(
            "the admin waits for its database since {}: {reason}; it tries again at {}",
            shown(since),
            shown(next_try)
        ))
    }
}

/// A server that answers while the admin waits.
pub(crate) struct Waiting(ServerHandle);

impl Waiting {
    /// Begins to answer.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn serve(
        listener: TcpListener,
        certificates: Option<&Arc<Certificates>>,
        outage: Arc<Outage>,
    ) -> std::io::Result<Waiting> {
        let outage = web::Data::from(outage);
        let server = HttpServer::new(move || App::new().app_data(outage.clone()).configure(routes));
        // One answer a connection: the next request must reach whoever serves by then.
        let server = server.workers(1).keep_alive(KeepAlive::Disabled).shutdown_timeout(1).disable_signals();
        let server = match certificates {
            None => server.listen(listener)?,
            Some(shown) => {
                server.listen_rustls_0_23(listener, shown.server_config().map_err(std::io::Error::other)?)?
            }
        };
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Ok(Waiting(handle))
    }

    /// Ends; requests under way are answered.
    pub(crate) async fn stop(self) {
        self.0.stop(true).await;
    }
}

impl Drop for Waiting {
    /// A start that is given up leaves nobody behind who answers.
    fn drop(&mut self) {
        // The order is given by the call; only its end is waited for by what it returns.
        drop(self.0.stop(false));
    }
}

fn routes(config: &mut web::ServiceConfig) {
    for path in [paths::REGISTRY, paths::OFFLINE, paths::CALLBACK].into_iter().flatten() {
        config.route(path, web::to(executor));
    }
    config
        .route("/healthz", web::get().to(async || "up\n"))
        .route("/readyz", web::to(problem))
        .service(web::scope("/api").default_service(web::to(problem)))
        .configure(ui::asset_routes)
        .default_service(web::to(page));
}

async fn problem(outage: web::Data<Outage>) -> HttpResponse {
    unavailable(&outage.problem(), outage.retry_after())
}

async fn executor(outage: web::Data<Outage>) -> HttpResponse {
    let mut answer = HttpResponse::ServiceUnavailable();
    answer.insert_header((RETRY_AFTER, outage.retry_after().to_string()));
    answer.json(Envelope::<bool>::refusal("the admin waits for its database; call again"))
}

async fn page(outage: web::Data<Outage>) -> HttpResponse {
    ui::waiting_page(outage.since(), outage.retry_after())
}

/// A problem document with status 503 that says when to come again.
pub(crate) fn unavailable(problem: &ProblemDetails, retry_after: i64) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE);
    answer.insert_header((CONTENT_TYPE, PROBLEM_JSON)).insert_header((RETRY_AFTER, retry_after.to_string()));
    answer.body(serde_json::to_string(problem).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_actors::SystemClock;

    async fn waiting(reason: &'static str) -> (Waiting, String) {
        let outage = Arc::new(Outage::new(Arc::new(SystemClock)));
        outage.failed(reason, 4_500);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        (Waiting::serve(listener, None, outage).unwrap(), base)
    }

    async fn asked(request: awc::ClientRequest) -> (u16, String, String) {
        let mut answer = request.send().await.unwrap();
        let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = header.unwrap_or_default().to_owned();
        let text = String::from_utf8(answer.body().await.unwrap().to_vec()).unwrap();
        (answer.status().as_u16(), retry_after, text)
    }

    #[actix_web::test]
    async fn the_process_is_up_but_not_ready_and_says_why_since_when_and_until_when() {
        let (waiting, base) = waiting("connection refused").await;
        let client = awc::Client::default();
        assert_eq!(asked(client.get(format!("{base}/healthz"))).await.0, 200);
        let (status, retry_after, text) = asked(client.get(format!("{base}/readyz"))).await;
        assert_eq!(status, 503);
        assert!((1..=5).contains(&retry_after.parse::<i64>().unwrap()), "{retry_after}");
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
        let detail = problem["detail"].as_str().unwrap();
        for part in ["since 20", "connection refused", "tries again at 20"] {
            assert!(detail.contains(part), "{part} is missing: {detail}");
        }
        waiting.stop().await;
    }

    #[actix_web::test]
    async fn executors_and_readers_are_told_to_come_again() {
        let (waiting, base) = waiting("Access denied for user 'ann'@'10.0.0.7'").await;
        let client = awc::Client::default();
        for path in ["/api/admin/registry", "/api/callback", "/api/v1/jobs"] {
            let (status, retry_after, _) = asked(client.post(format!("{base}{path}"))).await;
            assert!(status == 503 && !retry_after.is_empty(), "{path}: {status}");
        }
        let (status, retry_after, text) = asked(client.get(format!("{base}/jobs?text=a"))).await;
        assert!(status == 503 && !retry_after.is_empty());
        assert!(text.contains("waits for its database") && text.contains("等待数据库"), "{text}");
        assert!(!text.contains("10.0.0.7"), "strangers learn nothing about the server: {text}");
        waiting.stop().await;
    }
}
