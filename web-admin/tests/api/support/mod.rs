//! The stage: an admin in this process, a client that is logged in, and a node that does as it is told.

pub(crate) mod database;
mod lines;
mod node;
pub(crate) mod relay;

pub(crate) use lines::Lines;
pub(crate) use node::Node;

use actix_web::http::Method;
use hzm_job_actors::{Clock, SystemClock};
use hzm_job_admin::config::{Config, Secret};
use hzm_job_admin::server::{self, Running};
use serde_json::{Value, json};
use slog::Drain;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The password of `admin` in every test.
pub(crate) const PASSWORD: &str = "a password of tests";

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running admin.
pub(crate) struct Admin {
    pub(crate) running: Running,
    _folder: TempDir,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) cookie: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

/// A client with a session.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    cookie: String,
    csrf: String,
}

/// A log that shows warnings and errors with the output of the test; the actors report panics there, those of tests too.
pub(crate) fn quiet() -> slog::Logger {
    let lines = slog_term::FullFormat::new(slog_term::PlainSyncDecorator::new(slog_term::TestStdoutWriter)).build();
    slog::Logger::root(lines.filter_level(slog::Level::Warning).ignore_res(), slog::o!())
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    listener.and_then(|listener| listener.local_addr()).unwrap().port()
}

/// The configuration of tests on a folder.
pub(crate) fn config(folder: &TempDir) -> Config {
    let mut config = Config::default();
    config.admin.listen = "127.0.0.1".to_owned();
    config.admin.port = 0;
    config.admin.data = folder.path().join("data");
    config.admin.password = Secret(PASSWORD.to_owned());
    config.admin.threads = 1;
    config.admin.http.workers = 1;
    config
}

impl Admin {
    pub(crate) async fn start() -> Admin {
        Admin::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Admin {
        Admin::start_at(Arc::new(SystemClock), change).await
    }

    /// The same by another clock.
    pub(crate) async fn start_at(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> Admin {
        Admin::start_heard(clock, quiet(), change).await
    }

    /// The same with another log.
    pub(crate) async fn start_heard(
        clock: Arc<dyn Clock>,
        log: slog::Logger,
        change: impl FnOnce(&mut Config),
    ) -> Admin {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&folder);
        change(&mut config);
        let running = server::start(config, clock, log).await.unwrap();
        Admin { running, _folder: folder }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// A client that is logged in as `admin`.
    pub(crate) async fn client(&self) -> Client {
        self.client_of("admin", PASSWORD).await
    }

    /// A program that has a token.
    pub(crate) async fn with_token(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let bearer = format!("Bearer {token}");
        let headers = [("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
        send(method, &format!("{}{path}", self.base()), &headers, bytes).await
    }

    /// A client that is logged in as this user.
    pub(crate) async fn client_of(&self, name: &str, password: &str) -> Client {
        let answer = self.login(name, password).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
        Client { base: self.base(), cookie: answer.cookie.unwrap(), csrf }
    }

    /// Creates a user, whose password is [`PASSWORD`] afterwards, and answers a client that is logged in as it.
    pub(crate) async fn user(&self, root: &Client, name: &str, role: &str, executors: Value) -> Client {
        let wish = json!({ "name": name, "role": role, "executors": executors });
        let made = root.post("/api/v1/users", wish).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let password = made.json()["password"].as_str().unwrap().to_owned();
        let client = self.client_of(name, &password).await;
        let chosen = json!({ "old": password, "new": PASSWORD });
        assert_eq!(client.put("/api/v1/session/password", chosen).await.status, 204);
        client
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Answer {
        self.stranger(Method::POST, "/api/v1/session", Some(json!({ "name": name, "password": password }))).await
    }

    /// A call by somebody without a session.
    pub(crate) async fn stranger(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        send(method, &format!("{}{path}", self.base()), &[("Content-Type", "application/json")], bytes).await
    }
}

impl Client {
    /// The token of the session.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body.to_string().into_bytes()), &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body.to_string().into_bytes()), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None, &[]).await
    }

    /// A call with the session's cookie and token and these headers.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        extra: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![("X-CSRF-Token", self.csrf.as_str()), ("Content-Type", "application/json")];
        headers.retain(|(name, _)| !extra.iter().any(|(given, _)| given == name));
        headers.extend_from_slice(extra);
        self.call_with(method, path, body, &headers).await
    }

    /// A call with the session's cookie and nothing but these headers.
    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("Cookie", self.cookie.as_str())];
        all.extend_from_slice(headers);
        send(method, &format!("{}{path}", self.base), &all, body).await
    }

    /// The answer to a stream that does not end, without what it streams.
    pub(crate) async fn get_head(&self, path: &str) -> Answer {
        let client = awc::Client::builder().timeout(PATIENCE).disable_redirects().finish();
        let request = client.get(format!("{}{path}", self.base)).insert_header(("Cookie", self.cookie.as_str()));
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let (status, kind) = (answer.status().as_u16(), kind.unwrap_or_default().to_owned());
        Answer { status, kind, cookie: None, location: None, text: String::new() }
    }

    /// Creates an executor and answers its number.
    pub(crate) async fn executor(&self, app_key: &str, secret: Option<&str>) -> i64 {
        let made =
            self.post("/api/v1/executors", json!({ "name": app_key, "app_key": app_key, "secret": secret })).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_i64().unwrap()
    }

    /// Creates a manual job named `work` and answers its number.
    pub(crate) async fn job(&self, executor: i64) -> i64 {
        let made = self.post("/api/v1/jobs", json!({ "executor": executor, "name": "work" })).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_i64().unwrap()
    }

    /// Asks again and again until the answer is as wished.
    pub(crate) async fn until(&self, path: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await.json();
            if wished(&answer) {
                return answer;
            }
            assert!(tokio::time::Instant::now() < deadline, "{path} never became as wished: {answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    /// The problem of this answer, which must be one with this status.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!((self.status, self.kind.as_str()), (status, "application/problem+json"), "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem
    }

    /// The codes of the wrong fields of this 422 answer.
    pub(crate) fn wrong_fields(&self) -> Vec<(String, String)> {
        let problem = self.problem(422);
        let fields = problem["errors"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        fields.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }
}

/// One request on a connection of its own.
pub(crate) async fn send(method: Method, url: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
    let client = awc::Client::builder().timeout(PATIENCE).disable_redirects().finish();
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.insert_header((*name, *value));
    }
    let mut answer = request.send_body(body.unwrap_or_default()).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let cookies = answer.headers().get_all("set-cookie").filter_map(|value| value.to_str().ok());
    let cookies: Vec<&str> = cookies.map(|text| text.split(';').next().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("hzm_session="));
    let cookie = session.or(cookies.first()).map(|cookie| (*cookie).to_owned());
    let (kind, location) = (header("content-type").unwrap_or_default(), header("location"));
    let status = answer.status().as_u16();
    let text = String::from_utf8(answer.body().limit(8 << 20).await.unwrap().to_vec()).unwrap();
    Answer { status, kind, cookie, location, text }
}
