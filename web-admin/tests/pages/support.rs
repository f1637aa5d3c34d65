//! The stage: an admin in this process and a reader who is logged in.

use actix_web::http::Method;
use actix_web::{App, HttpResponse, HttpServer, web};
use hzm_job_actors::SystemClock;
use hzm_job_admin::config::{Config, Secret};
use hzm_job_admin::server::{self, Running};
use hzm_job_protocol::hzm::Envelope;
use serde_json::json;
use slog::Drain;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The password of `admin`.
pub(crate) const PASSWORD: &str = "a password of tests";
/// A name that would do harm if a page did not escape it.
pub(crate) const HOSTILE: &str = "\"><script>alert('x')</script> & 任务 😀";
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running admin.
pub(crate) struct Stage {
    pub(crate) running: Running,
    _folder: TempDir,
}

/// A page as it came.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) cookies: Vec<String>,
    pub(crate) policy: String,
    pub(crate) text: String,
}

/// Somebody with a browser and without script.
pub(crate) struct Reader {
    pub(crate) base: String,
    pub(crate) session: String,
    pub(crate) lang: &'static str,
}

impl Stage {
    pub(crate) async fn start() -> Stage {
        Stage::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.admin.listen = "127.0.0.1".to_owned();
        config.admin.port = 0;
        config.admin.data = folder.path().join("data");
        config.admin.password = Secret(PASSWORD.to_owned());
        config.admin.threads = 1;
        config.admin.http.workers = 1;
        change(&mut config);
        let running = server::start(config, Arc::new(SystemClock), errors_only()).await.unwrap();
        Stage { running, _folder: folder }
    }

    pub(crate) fn stranger(&self, lang: &'static str) -> Reader {
        Reader { base: format!("http://{}", self.running.address()), session: String::new(), lang }
    }

    pub(crate) async fn reader(&self, lang: &'static str) -> Reader {
        let mut reader = self.stranger(lang);
        let page = reader.post("/login", &[("name", "admin"), ("password", PASSWORD)]).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/"), "{}", page.text);
        reader.session = page.cookies.iter().find(|cookie| cookie.starts_with("hzm_session=")).unwrap().clone();
        reader
    }
}

impl Reader {
    pub(crate) async fn get(&self, path: &str) -> Page {
        self.call(Method::GET, path, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        self.call(Method::POST, path, body).await
    }

    /// Opens the page of a form, changes some of its fields and sends it to its own address.
    pub(crate) async fn submit(&self, path: &str, changes: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        self.post(path, &page.form(changes)).await
    }

    /// The token of this session, as any page with a form has it.
    pub(crate) async fn csrf(&self) -> String {
        self.get("/account").await.hidden("csrf")
    }

    async fn call(&self, method: Method, path: &str, body: String) -> Page {
        let client = awc::Client::builder().timeout(PATIENCE).disable_redirects().finish();
        let request = client
            .request(method, format!("{}{path}", self.base))
            .insert_header(("Cookie", format!("lang={}; tz=Asia/Shanghai; {}", self.lang, self.session)))
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"));
        let mut answer = request.send_body(body).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let text = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (location, policy) = (text("location"), text("content-security-policy"));
        let cookies = answer.headers().get_all("set-cookie").filter_map(|value| value.to_str().ok());
        let cookies = cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect();
        let status = answer.status().as_u16();
        let text = String::from_utf8(answer.body().limit(8 << 20).await.unwrap().to_vec()).unwrap();
        Page { status, location, cookies, policy, text }
    }

    /// Creates an executor and answers its number.
    pub(crate) async fn executor(&self, name: &str, app_key: &str, secret: &str) -> i64 {
        let fields = [("name", name), ("app_key", app_key), ("secret", "own"), ("app_secret", secret)];
        let page = self.submit("/executors/new", &fields).await;
        assert_eq!(page.status, 303, "{}", page.text);
        page.number()
    }

    /// Creates a job that fires by hand only and answers its number.
    pub(crate) async fn job(&self, executor: i64, name: &str) -> i64 {
        let executor = executor.to_string();
        let page =
            self.submit("/jobs/new", &[("name", name), ("executor", &executor), ("schedule.kind", "manual")]).await;
        assert_eq!(page.status, 303, "{}", page.text);
        page.number()
    }

    /// Asks again and again until the page has `wished` in it.
    pub(crate) async fn until(&self, path: &str, wished: &str) -> Page {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let page = self.get(path).await;
            if page.text.contains(wished) {
                return page;
            }
            assert!(tokio::time::Instant::now() < deadline, "{path} never showed {wished}: {}", page.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Page {
    /// The number at the end of the way on.
    pub(crate) fn number(&self) -> i64 {
        let number = self.location.rsplit('/').next().unwrap().parse();
        number.unwrap_or_else(|_| panic!("{} leads to {:?}: {}", self.status, self.location, self.text))
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let from = self.text.find(&start).unwrap_or_else(|| panic!("no field {name}: {}", self.text)) + start.len();
        self.text[from..].split('"').next().unwrap().to_owned()
    }

    /// What a browser would send of the page's form: hidden fields, chosen options, and these changes.
    fn form<'a>(&self, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for name in ["csrf", "version", "request"] {
            if self.text.contains(&format!("name=\"{name}\" value=\"")) {
                let value: &'static str = self.hidden(name).leak();
                fields.push((name, value));
            }
        }
        if self.text.contains("name=\"schedule.zone\"") {
            fields.push(("schedule.zone", "UTC"));
        }
        fields.extend_from_slice(changes);
        fields
    }

    /// Fails unless the page is whole, in this language, and free of anything that data could have smuggled in.
    pub(crate) fn assert_sound(&self, path: &str, lang: &str) {
        let text = &self.text;
        assert!(text.contains(&format!("<html lang=\"{lang}\"")) && text.contains("</html>"), "{path}: {text}");
        assert!(!text.contains("<script>") && !text.contains("alert('x')"), "{path} lets a script through");
        for script in text.match_indices("<script").map(|(at, _)| &text[at..]) {
            assert!(script.starts_with("<script src=\"/assets/"), "{path}: a script that is not ours");
        }
        for inline in [" style=\"", " onclick=\"", "javascript:", "{{", "{%"] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
        assert!(
            self.policy.contains("default-src 'none'") && !self.policy.contains("unsafe"),
            "{path}: {}",
            self.policy
        );
    }
}

/// A log of errors. The admin logs panics instead of printing them, those of a failing test among them.
fn errors_only() -> slog::Logger {
    let plain = slog_term::PlainSyncDecorator::new(slog_term::TestStdoutWriter);
    let drain = slog_term::FullFormat::new(plain).build();
    slog::Logger::root(slog::LevelFilter::new(drain, slog::Level::Error).ignore_res(), slog::o!())
}

fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// A node that accepts everything; answers its address. It reports nothing by itself.
pub(crate) async fn node(reader: &Reader, app_key: &str, secret: &str) -> String {
    let take = || async { HttpResponse::Ok().json(Envelope::ok(true)) };
    let server = HttpServer::new(move || App::new().default_service(web::to(take)));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", server.addrs().first().unwrap());
    actix_rt::spawn(server.run());
    let hello = json!({ "appKey": app_key, "appSecret": secret, "executorAddress": address });
    let deadline = tokio::time::Instant::now() + PATIENCE;
    // As every SDK does, it tries again until the admin knows its executor.
    while executor_call(reader, "registry", &hello).await != 200 {
        assert!(tokio::time::Instant::now() < deadline, "the node was never let in");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    address
}

/// A call that only executors make; answers its status.
pub(crate) async fn executor_call(reader: &Reader, call: &str, body: &serde_json::Value) -> u16 {
    let client = awc::Client::builder().timeout(PATIENCE).finish();
    let secret = body["appSecret"].as_str().unwrap_or_default().to_owned();
    let request = client.post(format!("{}/api/admin/{call}", reader.base));
    let answer = request.insert_header((hzm_job_protocol::hzm::TOKEN_HEADER, secret)).send_json(body).await;
    answer.unwrap().status().as_u16()
}
