//! What the tests stand on: a stand-in admin that writes down what it is sent, a client that calls as an admin does,
//! jobs, and a bounded wait for a condition.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use hzm_job_protocol::batch::{self, Answer, Answers, Results};
use hzm_job_protocol::hzm::{Callback, Envelope, JobHandle, TOKEN_HEADER};
use hzmjob::{Executor, ExecutorBuilder, JobContext, JobResult, job};
use serde_json::{Value, json};
use slog::{Discard, Drain, Logger, Never, OwnedKVList, Record, o};

pub(crate) const SECRET: &str = "test-secret";
pub(crate) const APP_KEY: &str = "local-example";

/// A call that the stand-in admin was sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Script {
    calls: Vec<Call>,
    /// Status and body for calls whose path ends like this; else a plain yes.
    answers: Vec<(&'static str, u16, String)>,
    /// Whether registrations are told of batches.
    speaks_batches: bool,
    /// The status in the line of each result: by its run, or for every other one. 0 leaves the line out.
    lines: HashMap<i64, u16>,
}

/// An admin that accepts everything, unless told otherwise.
pub(crate) struct Admin {
    pub(crate) address: String,
    script: Arc<Mutex<Script>>,
    server: actix_web::dev::ServerHandle,
}

impl Admin {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    pub(crate) async fn start_at(address: &str) -> Self {
        let script: Arc<Mutex<Script>> = Arc::default();
        let data = Data::from(Arc::clone(&script));
        let app = move || App::new().app_data(data.clone()).default_service(web::to(record));
        let server = HttpServer::new(app).workers(1).disable_signals().bind(address).expect("a free port");
        let address = format!("http://{}", server.addrs().first().expect("one address"));
        let server = server.shutdown_timeout(0).run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, script, server: handle }
    }

    /// From now on, registrations are told that results may come many in one request.
    pub(crate) fn speak_batches(&self) {
        self.script.lock().expect("not poisoned").speaks_batches = true;
    }

    /// From now on, the result of this run has this status in its batch; 0 for no line at all.
    pub(crate) fn answer_in_batch(&self, run: i64, status: u16) {
        self.script.lock().expect("not poisoned").lines.insert(run, status);
    }

    pub(crate) async fn stop(self) -> String {
        self.server.stop(false).await;
        self.address.trim_start_matches("http://").to_owned()
    }

    /// From now on, calls whose path ends in `call` are answered like this.
    pub(crate) fn answer(&self, call: &'static str, status: u16, body: impl Into<String>) {
        let mut script = self.script.lock().expect("not poisoned");
        script.answers.retain(|(path, ..)| *path != call);
        script.answers.push((call, status, body.into()));
    }

    /// From now on, everything is accepted again.
    pub(crate) fn accept_all(&self) {
        let mut script = self.script.lock().expect("not poisoned");
        script.answers.clear();
        script.lines.clear();
    }

    pub(crate) fn calls(&self, call: &str) -> Vec<Call> {
        let script = self.script.lock().expect("not poisoned");
        script.calls.iter().filter(|made| made.path.ends_with(call)).cloned().collect()
    }

    /// The results that arrived, alone or in batches.
    pub(crate) fn callbacks(&self) -> Vec<Callback> {
        self.calls("/callback").into_iter().flat_map(results).collect()
    }

    /// Waits for the callbacks of a run, so many of them, and gives the last.
    pub(crate) async fn callback(&self, run: i64, times: usize) -> Callback {
        let of_run = || self.callbacks().into_iter().filter(|callback| callback.log_id == run).collect::<Vec<_>>();
        until("the callback", || of_run().len() >= times).await;
        assert_eq!(of_run().len(), times, "callbacks of run {run}");
        of_run().pop().expect("at least one")
    }
}

fn results(call: Call) -> Vec<Callback> {
    if call.path != batch::paths::RESULTS {
        return vec![serde_json::from_value(call.body).expect("a callback")];
    }
    let Results { app_key, results } = serde_json::from_value(call.body).expect("a batch of results");
    let alone = |result: batch::RunResult| Callback {
        log_id: result.log_id,
        app_key: app_key.clone(),
        handler_code: result.handler_code,
        handler_msg: result.handler_msg,
    };
    results.into_iter().map(alone).collect()
}

async fn record(request: HttpRequest, body: Bytes, script: Data<Mutex<Script>>) -> HttpResponse {
    let call = Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        token: request.headers().get(TOKEN_HEADER).map(|value| value.to_str().expect("text").to_owned()),
        body: serde_json::from_slice(&body).expect("JSON"),
    };
    let mut script = script.lock().expect("not poisoned");
    let scripted = script.answers.iter().find(|(path, ..)| call.path.ends_with(path)).cloned();
    script.calls.push(call.clone());
    match scripted {
        Some((_, status, body)) => HttpResponse::build(status.try_into().expect("a status")).body(body),
        None if call.path == batch::paths::RESULTS => {
            let status = |run| script.lines.get(&run).copied().unwrap_or(200);
            let line = |result: Callback| Answer { status: status(result.log_id), ..Answer::ok(result.log_id) };
            let answers = results(call).into_iter().map(line).filter(|line| line.status != 0).collect();
            HttpResponse::Ok().json(Answers { answers })
        }
        None if script.speaks_batches && call.path.ends_with("/registry") => {
            HttpResponse::Ok().insert_header((batch::SPEAKS_HEADER, batch::FORM)).json(Envelope::ok(true))
        }
        None => HttpResponse::Ok().json(Envelope::ok(true)),
    }
}

/// Calls an executor as an admin does: status and body.
pub(crate) async fn call(address: &str, path: &str, token: Option<&str>, body: impl Into<Bytes>) -> (u16, String) {
    call_with(Method::POST, address, path, token, body).await
}

pub(crate) async fn call_with(
    method: Method,
    address: &str,
    path: &str,
    token: Option<&str>,
    body: impl Into<Bytes>,
) -> (u16, String) {
    let mut request = awc::Client::default().request(method, format!("{address}{path}"));
    if let Some(token) = token {
        request = request.insert_header((TOKEN_HEADER, token));
    }
    let mut answer = request.send_body(body.into()).await.expect("an answer");
    let text = answer.body().await.expect("a body");
    (answer.status().as_u16(), String::from_utf8(text.to_vec()).expect("text"))
}

/// Triggers a run and gives the status.
pub(crate) async fn trigger(address: &str, run: i64, job: &str, params: Option<&str>) -> u16 {
    let trigger = JobHandle { log_id: run, job_id: 1, job_name: job.into(), job_params: params.map(str::to_owned) };
    let body = serde_json::to_string(&trigger).expect("JSON");
    call(address, "/api/job-handle", Some(SECRET), body).await.0
}

/// Triggers runs of a job in one request: status and body.
pub(crate) async fn trigger_all(address: &str, runs: impl IntoIterator<Item = i64>, job: &str) -> (u16, String) {
    let trigger = |log_id| JobHandle { log_id, job_id: 1, job_name: job.into(), job_params: None };
    let batch = batch::Triggers { triggers: runs.into_iter().map(trigger).collect() };
    call(address, batch::paths::TRIGGERS, Some(SECRET), serde_json::to_string(&batch).expect("JSON")).await
}

/// The lines of an answer to a batch: run and status.
pub(crate) fn lines(body: &str) -> Vec<(i64, u16)> {
    let answers: Answers = serde_json::from_str(body).expect("answers to a batch");
    answers.answers.into_iter().map(|line| (line.log_id, line.status)).collect()
}

pub(crate) async fn cancel(address: &str, run: i64) -> u16 {
    call(address, "/api/job-cancel", Some(SECRET), json!({"logId": run}).to_string()).await.0
}

/// Counts the log lines of one text, for what shows nowhere else.
#[derive(Clone)]
pub(crate) struct Heard {
    line: &'static str,
    times: Arc<AtomicUsize>,
}

impl Heard {
    /// Runs that have come to their job: one that is cancelled before never does.
    pub(crate) fn run_started() -> Self {
        Self { line: "run started", times: Arc::default() }
    }

    /// A registration that was accepted after one that was not.
    pub(crate) fn registered() -> Self {
        Self { line: "registered", times: Arc::default() }
    }

    pub(crate) fn logger(&self) -> Logger {
        Logger::root(self.clone(), o!())
    }

    pub(crate) async fn until(&self, times: usize) {
        until(self.line, || self.times() >= times).await;
    }

    pub(crate) fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }
}

impl Drain for Heard {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        if record.msg().to_string() == self.line {
            self.times.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// Waits until the condition holds, at most ten seconds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain for {what}");
}

/// An executor with all the jobs of the tests, on a free port, with its callbacks in `folder`.
pub(crate) fn executor(admin: &str, folder: &tempfile::TempDir) -> ExecutorBuilder {
    executor_in(admin, folder.path())
}

pub(crate) fn executor_in(admin: &str, folder: impl Into<PathBuf>) -> ExecutorBuilder {
    Executor::builder(APP_KEY)
        .admin(admin)
        .secret(SECRET)
        .bind("127.0.0.1:0")
        .data_dir(folder)
        .callback_retry(Duration::from_millis(20), Duration::from_millis(100))
        .register_every(Duration::from_secs(60), Duration::from_millis(20))
        .cancel_grace(Duration::from_millis(50))
        .logger(Logger::root(Discard, o!()))
        .job::<quick>()
        .job::<double>()
        .job::<panics>()
        .job::<obedient>()
        .job::<deaf>()
}

#[job]
pub(crate) async fn quick(run: JobContext) -> JobResult {
    run.log("started");
    run.message("执行成功");
    Ok(())
}

#[job("commonJobFuncTest")]
async fn double(run: JobContext, parameters: Option<Value>) -> JobResult {
    match parameters {
        Some(parameters) if !parameters.get("id").is_some_and(Value::is_i64) => Err("the id is not a number".into()),
        _ => {
            run.message("执行成功");
            Ok(())
        }
    }
}

#[job]
async fn panics(_run: JobContext, row: u32) -> JobResult {
    panic!("row {row} is odd");
}

#[job("cancelableJobFuncTest")]
async fn obedient(run: JobContext) -> JobResult {
    run.cancelled().await;
    Err(format!("任务[{}]被调度中心终止", run.job_name()).into())
}

#[job]
async fn deaf(_run: JobContext) -> JobResult {
    std::future::pending().await
}

/// How many callbacks wait in the folder: those that its log has and has not settled.
pub(crate) fn kept(folder: impl AsRef<Path>) -> usize {
    let entries = std::fs::read_dir(folder.as_ref()).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut logs: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    logs.sort_unstable();
    let mut waiting = HashSet::new();
    for log in logs {
        // One that is settled may be taken away at any time.
        let lines = std::fs::read_to_string(log).unwrap_or_default();
        let whole = lines.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        for (_, content) in whole.filter_map(|line| line.split_once(' ')) {
            match content.strip_prefix('-') {
                Some(run) => {
                    waiting.remove(&run.parse::<i64>().expect("a run"));
                }
                None => {
                    let callback: Callback = serde_json::from_str(content).expect("a callback");
                    waiting.insert(callback.log_id);
                }
            }
        }
    }
    waiting.len()
}
