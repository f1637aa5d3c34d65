//! A fake node: an HTTP server on the loopback, on a thread of its own, in real time. It records what it is asked and
//! answers as it was told to; it never reports by itself.
//!
//! It speaks plain sockets, because a node that hangs, breaks off or answers rubbish is what the tests are about.

use super::TestClock;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::RunId;
use hzm_job_store::Store;
use hzm_job_store::run::Run;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const SINGLE: &str = "/api/job-handle";
const BATCH: &str = "/api/batch/job-handle";

const YES: &str = r#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#;

const NO: &str = r#"{"code":-1,"msg":"503: too many runs","data":null,"success":false,"count":null}"#;

/// What the node does with a trigger, or with a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnTrigger {
    /// Takes it.
    Accept,
    /// Answers with this status and no JSON; 503 with an envelope that says no, as our SDK.
    Refuse(u16),
    /// Reads it and never answers.
    Hang,
    /// Reads it and takes it when it is told to do anything else.
    Hold,
    /// Reads it and closes the connection.
    Close,
    /// Reads it, begins to answer 200 and closes the connection.
    BreakOff,
    /// Answers 200 with something that is no envelope.
    Rubbish,
    /// Takes it, and answers in HTTP/1.0 as one that closes its connections: what comes on the same one afterwards gets no answer.
    Old,
    /// Knows no batches, and takes single triggers.
    Alone,
    /// Of a batch, takes runs of even numbers and refuses the others; says nothing of the last one.
    Even,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Value,
    /// By the world's clock.
    pub(crate) at: DateTime<Utc>,
    /// The run's row at that moment, where the request names one.
    pub(crate) row: Option<Run>,
}

impl Seen {
    /// The run it names.
    pub(crate) fn run(&self) -> RunId {
        RunId(self.body["logId"].as_i64().unwrap())
    }
}

/// See the module.
pub(crate) struct FakeNode {
    pub(crate) address: String,
    shared: Arc<Shared>,
    up: watch::Sender<bool>,
}

struct Shared {
    store: Store,
    clock: Arc<TestClock>,
    on_trigger: Mutex<OnTrigger>,
    on_cancel: Mutex<OnTrigger>,
    /// The secret it asks for; `None`: it takes any.
    secret: Mutex<Option<String>>,
    /// All that it was called with.
    tokens: Mutex<Vec<Option<String>>>,
    seen: Mutex<Vec<Seen>>,
}

impl FakeNode {
    pub(super) fn start(store: Store, clock: Arc<TestClock>) -> FakeNode {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let [on_trigger, on_cancel] = [OnTrigger::Accept; 2].map(Mutex::new);
        let shared = Arc::new(Shared {
            store,
            clock,
            on_trigger,
            on_cancel,
            secret: Mutex::default(),
            tokens: Mutex::default(),
            seen: Mutex::default(),
        });
        let (up, is_up) = watch::channel(true);
        let served = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(served, listener, address, is_up));
        });
        FakeNode { address: format!("http://{address}"), shared, up }
    }

    /// From now on it does this with triggers.
    pub(crate) fn on_trigger(&self, what: OnTrigger) {
        *self.shared.on_trigger.lock().unwrap() = what;
    }

    /// From now on it does this with cancellations.
    pub(crate) fn on_cancel(&self, what: OnTrigger) {
        *self.shared.on_cancel.lock().unwrap() = what;
    }

    /// From now on it asks for this secret.
    pub(crate) fn asks_for(&self, secret: &str) {
        *self.shared.secret.lock().unwrap() = Some(secret.to_owned());
    }

    /// What it was called with, also where it let nobody in.
    pub(crate) fn tokens(&self) -> Vec<Option<String>> {
        self.shared.tokens.lock().unwrap().clone()
    }

    /// The program ends: its port is closed, its connections break.
    pub(crate) fn down(&self) {
        self.up.send_replace(false);
    }

    /// The program is there again, on the same port.
    pub(crate) fn up(&self) {
        self.up.send_replace(true);
    }

    /// The triggers that arrived.
    pub(crate) fn triggers(&self) -> Vec<Seen> {
        self.seen(SINGLE)
    }

    /// The runs that were triggered, in order, repetitions included.
    pub(crate) fn triggered(&self) -> Vec<RunId> {
        self.triggers().iter().map(Seen::run).collect()
    }

    /// How many triggers each batch had that arrived.
    pub(crate) fn batches(&self) -> Vec<usize> {
        let count = |seen: &Seen| seen.body["triggers"].as_array().unwrap().len();
        self.seen(BATCH).iter().map(count).collect()
    }

    /// The cancellations that arrived.
    pub(crate) fn cancellations(&self) -> Vec<Seen> {
        self.seen("/api/job-cancel")
    }

    /// The runs it was told to cancel.
    pub(crate) fn cancelled(&self) -> Vec<RunId> {
        self.cancellations().iter().map(Seen::run).collect()
    }

    /// How many beats it was asked for.
    pub(crate) fn beats(&self) -> usize {
        self.seen("/api/heart-beat").len()
    }

    /// All that it was asked, in order.
    pub(crate) fn everything(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    fn seen(&self, path: &str) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }
}

impl Shared {
    /// What is to be done with a request; one that is held is waited for in real time.
    async fn does(&self, path: &str) -> OnTrigger {
        let told = match path {
            SINGLE | BATCH => &self.on_trigger,
            "/api/job-cancel" => &self.on_cancel,
            _ => return OnTrigger::Accept,
        };
        let what = *told.lock().unwrap();
        while what == OnTrigger::Hold && *told.lock().unwrap() == OnTrigger::Hold {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        what
    }
}

impl Shared {
    /// Notes a request, and each trigger of a batch as if it had come alone; answers the runs of a batch.
    async fn note(&self, seen: Seen) -> Vec<i64> {
        let mut alone = Vec::new();
        let is_taken = *self.on_trigger.lock().unwrap() != OnTrigger::Alone;
        for body in seen.body["triggers"].as_array().into_iter().flatten().filter(|_| is_taken) {
            let row = self.row(body).await;
            alone.push(Seen { path: SINGLE.into(), body: body.clone(), row, ..seen.clone() });
        }
        let runs = alone.iter().map(|seen| seen.run().0).collect();
        let mut known = self.seen.lock().unwrap();
        known.push(seen);
        known.extend(alone);
        runs
    }

    /// The row of the run that a request names.
    async fn row(&self, body: &Value) -> Option<Run> {
        match body["logId"].as_i64() {
            Some(run) => self.store.run_get(RunId(run)).await.unwrap(),
            None => None,
        }
    }
}

/// Accepts connections while the node is up; ends when the [`FakeNode`] is dropped.
async fn serve(
    shared: Arc<Shared>,
    listener: std::net::TcpListener,
    address: SocketAddr,
    mut is_up: watch::Receiver<bool>,
) {
    listener.set_nonblocking(true).unwrap();
    let mut listener = Some(TcpListener::from_std(listener).unwrap());
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.unwrap().0,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stream = accepted => { connections.spawn(answer_all(shared.clone(), stream)); }
            changed = is_up.changed() => {
                let Ok(()) = changed else { return };
                connections.shutdown().await;
                drop(listener.take());
                if *is_up.borrow() {
                    listener = Some(TcpListener::bind(address).await.unwrap());
                }
            }
        }
    }
}

/// Answers one request after the other until somebody closes the connection.
async fn answer_all(shared: Arc<Shared>, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read_request(&mut stream, &shared).await {
        let (path, is_batch) = (seen.path.clone(), seen.path == BATCH);
        shared.tokens.lock().unwrap().push(seen.token.clone());
        let is_let_in = shared.secret.lock().unwrap().as_ref().is_none_or(|secret| seen.token.as_ref() == Some(secret));
        let runs = if is_let_in { shared.note(seen).await } else { Vec::new() };
        let (status, body) = match shared.does(&path).await {
            _ if !is_let_in => (401, NO.to_owned()),
            OnTrigger::Alone if is_batch => (404, "404 page not found".to_owned()),
            what @ (OnTrigger::Accept | OnTrigger::Hold | OnTrigger::Even) if is_batch => (200, lines(&runs, what)),
            OnTrigger::Accept | OnTrigger::Hold | OnTrigger::Alone | OnTrigger::Even => (200, YES.to_owned()),
            OnTrigger::Old => {
                let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{YES}", YES.len());
                if stream.write_all(head.as_bytes()).await.is_ok()
                    && let Some(seen) = read_request(&mut stream, &shared).await
                {
                    shared.note(seen).await;
                }
                return;
            }
            OnTrigger::Refuse(503) => (503, NO.to_owned()),
            OnTrigger::Refuse(status) => (status, "no".to_owned()),
            OnTrigger::Rubbish => (200, "<html>welcome</html>".to_owned()),
            OnTrigger::Hang => std::future::pending().await,
            OnTrigger::Close => return,
            OnTrigger::BreakOff => {
                let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 69\r\n\r\n{\"code\":200";
                // The other side may be gone already; then there is nothing to break off.
                let _ = stream.write_all(begun).await;
                return;
            }
        };
        // As the Go executor: JSON under another content type.
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The answer to a batch.
fn lines(runs: &[i64], what: OnTrigger) -> String {
    let line = |run: &i64| match what {
        OnTrigger::Even if run % 2 == 1 => json!({ "logId": run, "status": 503, "msg": "odd" }),
        _ => json!({ "logId": run, "status": 200 }),
    };
    let told = if what == OnTrigger::Even { runs.len() - 1 } else { runs.len() };
    json!({ "answers": runs[..told].iter().map(line).collect::<Vec<_>>() }).to_string()
}

/// The next request on a connection; `None`: it is closed.
async fn read_request(stream: &mut BufReader<TcpStream>, shared: &Shared) -> Option<Seen> {
    let first = read_line(stream).await?;
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let (mut token, mut length) = (None, 0);
    loop {
        let line = read_line(stream).await?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "hzm-job-access-token" => token = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let at = shared.clock.latest();
    let row = shared.row(&body).await;
    Some(Seen { path, token, body, at, row })
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
