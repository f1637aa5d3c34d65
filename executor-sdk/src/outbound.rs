//! Calls to the admins: one request, its answer, and what the answer means. No retries over time; those are the
//! courier's and the registrar's. Here is also known which admin takes many results in one request.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use awc::error::{ConnectError, SendRequestError};
use awc::http::StatusCode;
use awc::{Client, Connector};
use hzm_job_protocol::batch::{self, SPEAKS_HEADER};
use hzm_job_protocol::hzm::{Envelope, Registry, TOKEN_HEADER, paths};
use rustls::ClientConfig;
use serde::Serialize;

/// How long an admin may take to answer. Its answer to a callback waits for a commit.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the server's keep-alive of 75 s, so that this end closes first and no request meets a closing socket.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Connections to all admins together; more only lengthens the tail.
const CONNECTIONS: usize = 16;
/// The largest answer that is read, in bytes: a line for each call of the longest batch, some with a reason.
const ANSWER_LIMIT: usize = batch::MOST_BYTES;

/// Why a call was not accepted.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallError {
    /// No answer came.
    #[error("{admin} does not answer: {reason}")]
    Unreachable { admin: String, reason: String },
    /// An answer came, and it says no.
    #[error("{admin} refused with HTTP status {status}: {reason}")]
    Refused { admin: String, status: u16, reason: String },
}

impl CallError {
    pub(crate) fn none_configured() -> Self {
        Self::Unreachable { admin: String::from("admin"), reason: String::from("none is configured") }
    }

    /// Whether the same call may succeed later. A secret can be corrected (401), an executor created (404); any
    /// other fault that the admin finds with the request itself will be found again.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Unreachable { .. } => false,
            Self::Refused { status, .. } => (400..500).contains(status) && ![401, 404, 408, 429].contains(status),
        }
    }

    /// Whether another admin may do better: this one is away or in trouble.
    pub(crate) fn is_worth_another_admin(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
        }
    }
}

/// One admin.
pub(crate) struct Admin {
    pub(crate) address: String,
    // Its last answer to a registration said that it takes batches of results.
    takes_batches: Cell<bool>,
}

impl Admin {
    pub(crate) fn takes_batches(&self) -> bool {
        self.takes_batches.get()
    }

    /// It does not know the form any more: one by one until it says otherwise.
    pub(crate) fn forget_batches(&self) {
        self.takes_batches.set(false);
    }

    fn hear_what_it_takes(&self, answer: &Answered) {
        self.takes_batches.set(answer.status == StatusCode::OK && answer.speaks_batches);
    }
}

/// The admins of an executor, tried in the order in which they were given. Lives on one thread, as awc's client does.
#[derive(Clone)]
pub(crate) struct Admins {
    client: Client,
    all: Rc<[Admin]>,
    secret: Rc<str>,
}

impl Admins {
    pub(crate) fn new(addresses: Vec<String>, secret: String, tls: Arc<ClientConfig>) -> Self {
        let connector = Connector::new().rustls_0_23(tls).limit(CONNECTIONS).conn_keep_alive(KEEP_ALIVE);
        let client = Client::builder().connector(connector).timeout(CALL_TIMEOUT).disable_redirects().finish();
        let all = addresses.into_iter().map(|address| Admin { address, takes_batches: Cell::new(false) }).collect();
        Self { client, all, secret: secret.into() }
    }

    /// In the order in which they are to be tried.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Admin> {
        self.all.iter()
    }

    /// Registers with the first admin that has an answer, and takes note of what that one takes.
    ///
    /// # Errors
    ///
    /// The last admin's when none accepted.
    pub(crate) async fn register(&self, registry: &Registry) -> Result<Envelope<bool>, CallError> {
        let [path, _] = paths::REGISTRY;
        self.first_answer(path, registry, Admin::hear_what_it_takes).await
    }

    /// Sends `body` to `path` of the first admin that has an answer.
    ///
    /// # Errors
    ///
    /// The last admin's when none accepted.
    pub(crate) async fn call(&self, path: &str, body: &impl Serialize) -> Result<Envelope<bool>, CallError> {
        self.first_answer(path, body, |_, _| {}).await
    }

    async fn first_answer(
        &self,
        path: &str,
        body: &impl Serialize,
        hear: fn(&Admin, &Answered),
    ) -> Result<Envelope<bool>, CallError> {
        let body = as_json(body)?;
        let mut last = CallError::none_configured();
        for admin in self.all() {
            let answer = self.exchange(admin, path, body.clone()).await;
            if let Ok(answer) = &answer {
                hear(admin, answer);
            }
            match answer.and_then(|answer| answer.read(admin)) {
                Err(problem) if problem.is_worth_another_admin() => last = problem,
                answered => return answered,
            }
        }
        Err(last)
    }

    /// Sends `body` to `path` of this admin.
    ///
    /// # Errors
    ///
    /// When it does not answer, or says no.
    pub(crate) async fn call_one(
        &self,
        admin: &Admin,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Envelope<bool>, CallError> {
        self.exchange(admin, path, as_json(body)?).await?.read(admin)
    }

    /// One request and whatever is answered.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub(crate) async fn exchange(&self, admin: &Admin, path: &str, body: Bytes) -> Result<Answered, CallError> {
        let mut answer = self.try_once(admin, path, body.clone()).await;
        if matches!(&answer, Err(lost) if lost.before_an_answer) {
            answer = self.try_once(admin, path, body).await;
        }
        answer.map_err(|Lost { reason, .. }| CallError::Unreachable { admin: admin.address.clone(), reason })
    }

    async fn try_once(&self, admin: &Admin, path: &str, body: Bytes) -> Result<Answered, Lost> {
        let request = self.client.post(format!("{}{path}", admin.address)).content_type("application/json");
        let request = request.insert_header((TOKEN_HEADER, &*self.secret));
        let mut answer = request.send_body(body).await.map_err(|problem| Lost::while_sending(&problem))?;
        let text = answer.body().limit(ANSWER_LIMIT).await.map_err(|problem| Lost::while_reading(&problem))?;
        let speaks = answer.headers().get(SPEAKS_HEADER).and_then(|words| words.to_str().ok());
        Ok(Answered { status: answer.status(), speaks_batches: speaks.is_some_and(batch::is_spoken), text })
    }
}

fn as_json(body: &impl Serialize) -> Result<Bytes, CallError> {
    let unwritable = |problem: serde_json::Error| CallError::Unreachable {
        admin: String::from("this node"),
        reason: problem.to_string(),
    };
    serde_json::to_vec(body).map(Bytes::from).map_err(unwritable)
}

/// What an admin answered.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    speaks_batches: bool,
    pub(crate) text: Bytes,
}

impl Answered {
    /// As the answer to a single call.
    fn read(&self, admin: &Admin) -> Result<Envelope<bool>, CallError> {
        if self.status == StatusCode::OK {
            // An original admin may answer anything with 200; what counts for its own client is the status alone.
            return Ok(serde_json::from_slice(&self.text).unwrap_or_else(|_| Envelope::ok(true)));
        }
        Err(self.refusal(admin))
    }

    /// What it says when it is a no.
    pub(crate) fn refusal(&self, admin: &Admin) -> CallError {
        let reason = match serde_json::from_slice::<Envelope<bool>>(&self.text) {
            Ok(Envelope { msg: Some(reason), .. }) => reason,
            _ => String::from_utf8_lossy(&self.text).chars().take(200).collect(),
        };
        CallError::Refused { admin: admin.address.clone(), status: self.status.as_u16(), reason }
    }
}

/// A request without an answer.
struct Lost {
    reason: String,
    // The admin closed a kept connection while the request was on its way: not its answer, only bad timing.
    before_an_answer: bool,
}

impl Lost {
    fn while_sending(problem: &SendRequestError) -> Self {
        let before_an_answer =
            matches!(problem, SendRequestError::Send(_) | SendRequestError::Connect(ConnectError::Disconnected));
        Self { reason: problem.to_string(), before_an_answer }
    }

    fn while_reading(problem: &impl std::fmt::Display) -> Self {
        Self { reason: problem.to_string(), before_an_answer: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> CallError {
        CallError::Refused { admin: "http://a".into(), status, reason: "no".into() }
    }

    #[test]
    fn only_a_fault_of_the_request_itself_is_final() {
        for status in [400, 403, 405, 413, 422] {
            assert!(refused(status).is_final(), "{status}");
        }
        for status in [302, 401, 404, 408, 429, 500, 503] {
            assert!(!refused(status).is_final(), "{status}");
        }
        assert!(!CallError::Unreachable { admin: "http://a".into(), reason: "refused".into() }.is_final());
    }

    fn read(status: StatusCode, text: &[u8]) -> Result<Envelope<bool>, CallError> {
        let admin = Admin { address: "http://a".into(), takes_batches: Cell::new(false) };
        Answered { status, speaks_batches: false, text: Bytes::copy_from_slice(text) }.read(&admin)
    }

    #[test]
    fn a_refusal_carries_the_reason_of_the_envelope_or_else_the_text() {
        let enveloped = serde_json::to_vec(&Envelope::<bool>::refusal("unknown app key")).unwrap();
        let problem = read(StatusCode::UNAUTHORIZED, &enveloped).unwrap_err();
        assert_eq!(problem.to_string(), "http://a refused with HTTP status 401: unknown app key");
        let problem = read(StatusCode::BAD_GATEWAY, b"no upstream").unwrap_err();
        assert_eq!(problem.to_string(), "http://a refused with HTTP status 502: no upstream");
    }

    #[test]
    fn status_200_is_an_acceptance_whatever_the_body_is() {
        assert!(read(StatusCode::OK, b"<html>").is_ok());
        let no = serde_json::to_vec(&Envelope::<bool>::refusal("no")).unwrap();
        assert!(!read(StatusCode::OK, &no).unwrap().success);
    }
}
