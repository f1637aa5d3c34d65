//! Calls to the admins: one request, its answer, and what the answer means. No retries over time; those are the
//! courier's and the registrar's.

use std::time::Duration;

use awc::error::{ConnectError, SendRequestError};
use awc::http::StatusCode;
use awc::{Client, Connector};
use hzm_job_protocol::hzm::{Envelope, TOKEN_HEADER};
use serde::Serialize;

/// How long an admin may take to answer. Its answer to a callback waits for a commit.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the server's keep-alive of 75 s, so that this end closes first and no request meets a closing socket.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Connections to all admins together; more only lengthens the tail.
const CONNECTIONS: usize = 16;
/// The largest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Why a call was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// No answer came.
    #[error("{admin} does not answer: {reason}")]
    Unreachable { admin: String, reason: String },
    /// An answer came, and it says no.
    #[error("{admin} refused with HTTP status {status}: {reason}")]
    Refused { admin: String, status: u16, reason: String },
}

impl CallError {
    /// Whether the same call may succeed later. A secret can be corrected (401), an executor created (404); any
    /// other fault that the admin finds with the request itself will be found again.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Unreachable { .. } => false,
            Self::Refused { status, .. } => (400..500).contains(status) && ![401, 404, 408, 429].contains(status),
        }
    }

    /// Whether another admin may do better: this one is away or in trouble.
    fn is_worth_another_admin(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
        }
    }
}

/// The admins of an executor, tried in the order in which they were given. Lives on one thread, as awc's client does.
#[derive(Clone)]
pub(crate) struct Admins {
    client: Client,
    addresses: Vec<String>,
    secret: String,
}

impl Admins {
    pub(crate) fn new(addresses: Vec<String>, secret: String) -> Self {
        let connector = Connector::new().limit(CONNECTIONS).conn_keep_alive(KEEP_ALIVE);
        let client = Client::builder().connector(connector).timeout(CALL_TIMEOUT).disable_redirects().finish();
        Self { client, addresses, secret }
    }

    /// Sends `body` to `path` of the first admin that has an answer.
    ///
    /// # Errors
    ///
    /// The last admin's when none accepted.
    pub(crate) async fn call(&self, path: &str, body: &impl Serialize) -> Result<Envelope<bool>, CallError> {
        let mut last =
            CallError::Unreachable { admin: String::from("admin"), reason: String::from("none is configured") };
        for admin in &self.addresses {
            match self.call_one(admin, path, body).await {
                Err(problem) if problem.is_worth_another_admin() => last = problem,
                answered => return answered,
            }
        }
        Err(last)
    }

    async fn call_one(&self, admin: &str, path: &str, body: &impl Serialize) -> Result<Envelope<bool>, CallError> {
        let mut exchange = self.exchange(admin, path, body).await;
        if matches!(&exchange, Err(lost) if lost.before_an_answer) {
            exchange = self.exchange(admin, path, body).await;
        }
        match exchange {
            Ok((status, text)) => read_answer(admin, status, &text),
            Err(Lost { reason, .. }) => Err(CallError::Unreachable { admin: admin.to_owned(), reason }),
        }
    }

    async fn exchange(&self, admin: &str, path: &str, body: &impl Serialize) -> Result<(StatusCode, Vec<u8>), Lost> {
        let request = self.client.post(format!("{admin}{path}")).insert_header((TOKEN_HEADER, self.secret.as_str()));
        let mut answer = request.send_json(body).await.map_err(|problem| Lost::while_sending(&problem))?;
        let text = answer.body().limit(ANSWER_LIMIT).await.map_err(|problem| Lost::while_reading(&problem))?;
        Ok((answer.status(), text.to_vec()))
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

fn read_answer(admin: &str, status: StatusCode, text: &[u8]) -> Result<Envelope<bool>, CallError> {
    let envelope = serde_json::from_slice::<Envelope<bool>>(text);
    if status == StatusCode::OK {
        // An original admin may answer anything with 200; what counts for its own client is the status alone.
        return Ok(envelope.unwrap_or_else(|_| Envelope::ok(true)));
    }
    let reason = match envelope {
        Ok(Envelope { msg: Some(reason), .. }) => reason,
        _ => String::from_utf8_lossy(text).chars().take(200).collect(),
    };
    Err(CallError::Refused { admin: admin.to_owned(), status: status.as_u16(), reason })
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

    #[test]
    fn a_refusal_carries_the_reason_of_the_envelope_or_else_the_text() {
        let enveloped = serde_json::to_vec(&Envelope::<bool>::refusal("unknown app key")).unwrap();
        let problem = read_answer("http://a", StatusCode::UNAUTHORIZED, &enveloped).unwrap_err();
        assert_eq!(problem.to_string(), "http://a refused with HTTP status 401: unknown app key");
        let problem = read_answer("http://a", StatusCode::BAD_GATEWAY, b"no upstream").unwrap_err();
        assert_eq!(problem.to_string(), "http://a refused with HTTP status 502: no upstream");
    }

    #[test]
    fn status_200_is_an_acceptance_whatever_the_body_is() {
        assert!(read_answer("http://a", StatusCode::OK, b"<html>").is_ok());
        let no = serde_json::to_vec(&Envelope::<bool>::refusal("no")).unwrap();
        assert!(!read_answer("http://a", StatusCode::OK, &no).unwrap().success);
    }
}
