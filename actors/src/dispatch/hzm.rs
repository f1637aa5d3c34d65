//! hzm-job's wire towards a node (see `protocols`: `POST {address}/api/job-handle` and its siblings).
//!
//! What an answer means for the run is decided here once: a 200 with `success` is "taken"; any other status, or a 200 that
//! says no, is "surely not taken"; silence, a connection that broke after the request had left, or a gateway that lost the
//! answer (502, 504) is "unknown".

use crate::messages::Delivered;
use awc::error::{ConnectError, SendRequestError};
use awc::{Client, Connector};
use hzm_job_protocol::hzm::{Envelope, TOKEN_HEADER};
use serde::Serialize;
use std::time::Duration;

/// The longest answer we read: an envelope is a hundred bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// How much of a refusal's text is kept.
const EXCERPT: usize = 300;

/// A client for one node: few connections (8-16 are faster than awc's default of 100, whose p99 is six times worse), and idle
/// ones closed after four seconds: actix-web servers close theirs after five, and no request may meet a closing connection.
pub(crate) fn client(connections: usize, answer_within: Duration) -> Client {
    let connector = Connector::new()
        .limit(connections)
        .timeout(answer_within)
        .conn_keep_alive(Duration::from_secs(4))
        .conn_lifetime(Duration::from_secs(600));
    Client::builder().connector(connector).timeout(answer_within).disable_redirects().finish()
}

/// Sends `body` to `{address}{path}` and judges the answer.
pub(crate) async fn call(
    client: &Client,
    address: &str,
    path: &str,
    secret: Option<&str>,
    body: &impl Serialize,
) -> Delivered {
    let request = client
        .post(format!("{address}{path}"))
        .insert_header((TOKEN_HEADER, secret.unwrap_or_default()))
        .insert_header(("Content-Type", "application/json;charset=UTF-8"));
    let text = match serde_json::to_string(body) {
        Ok(text) => text,
        Err(error) => return Delivered::NotTaken(format!("the request cannot be written as JSON: {error}")),
    };
    let mut answer = match request.send_body(text).await {
        Ok(answer) => answer,
        Err(error) => return judge_error(&error),
    };
    let status = answer.status();
    let promised =
        answer.headers().get("Content-Length").and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match answer.body().limit(ANSWER_LIMIT).await {
        // A connection that breaks in the middle of an answer looks like its end: the node said something, not what.
        Ok(body) if promised.is_some_and(|length| body.len() < length) => {
            Delivered::Unknown(format!("HTTP {status}: the answer broke off after {} bytes", body.len()))
        }
        Ok(body) => judge_answer(status.as_u16(), &body),
        Err(error) if status.is_success() => Delivered::Unknown(format!("the answer broke off: {error}")),
        Err(_) => Delivered::NotTaken(format!("HTTP {status}")),
    }
}

fn judge_answer(status: u16, body: &[u8]) -> Delivered {
    // A gateway in between lost the answer, or the node itself: the request may have arrived.
    if status == 502 || status == 504 {
        return Delivered::Unknown(format!("HTTP {status}: {}", excerpt(body)));
    }
    if status != 200 {
        return Delivered::NotTaken(format!("HTTP {status}: {}", excerpt(body)));
    }
    // The Go executor says text/plain: parse whatever the content type claims.
    match serde_json::from_slice::<Envelope<serde_json::Value>>(body) {
        Ok(envelope) if envelope.success => Delivered::Accepted,
        Ok(envelope) => {
            Delivered::NotTaken(envelope.msg.unwrap_or_else(|| format!("refused with code {}", envelope.code)))
        }
        Err(_) => Delivered::NotTaken(format!("the answer is not the expected JSON: {}", excerpt(body))),
    }
}

/// Whether the request can have reached the node: not while there was no connection.
fn judge_error(error: &SendRequestError) -> Delivered {
    match error {
        // awc's word for a connection that stood and ended before an answer came.
        SendRequestError::Connect(ConnectError::Disconnected) => Delivered::Unknown("the connection broke off".into()),
        SendRequestError::Connect(_) | SendRequestError::Url(_) | SendRequestError::Http(_) => {
            Delivered::NotTaken(format!("no connection: {error}"))
        }
        other => Delivered::Unknown(other.to_string()),
    }
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_answer_of_the_go_executor_means_taken() {
        let recorded = b"{\"code\":200,\"msg\":null,\"data\":true,\"success\":true,\"count\":null}\n";
        assert_eq!(judge_answer(200, recorded), Delivered::Accepted);
    }

    #[test]
    fn a_refusal_in_words_or_by_status_means_not_taken() {
        assert_eq!(judge_answer(401, b"Unauthorized\n"), Delivered::NotTaken("HTTP 401: Unauthorized".into()));
        assert!(matches!(judge_answer(504, b""), Delivered::Unknown(_)), "a gateway cannot know");
        let no = b"{\"code\":-1,\"msg\":\"full\",\"data\":null,\"success\":false,\"count\":null}";
        assert_eq!(judge_answer(200, no), Delivered::NotTaken("full".into()));
    }

    #[test]
    fn an_answer_of_another_program_means_not_taken() {
        assert!(matches!(judge_answer(200, b"<html>"), Delivered::NotTaken(_)));
    }

    #[test]
    fn a_request_that_may_have_left_is_unknown() {
        assert!(matches!(judge_error(&SendRequestError::Timeout), Delivered::Unknown(_)));
        let broken = SendRequestError::Connect(ConnectError::Disconnected);
        assert!(matches!(judge_error(&broken), Delivered::Unknown(_)));
        assert!(matches!(judge_error(&SendRequestError::Connect(ConnectError::Timeout)), Delivered::NotTaken(_)));
    }
}
