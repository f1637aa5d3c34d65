//! hzm-job's wire towards a node (see `protocols`: `POST {address}/api/job-handle` and its siblings).
//!
//! What an answer means for the run is decided once, in [`verdict`]; here, what it means that there is none: without a
//! connection the run is "surely not taken"; silence, or a connection that broke after the request had left, is "unknown".

use super::{Wire, verdict};
use crate::messages::Delivered;
use awc::error::{ConnectError, SendRequestError};
use serde::Serialize;

/// The longest answer we read: an envelope is a hundred bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// What a node answered; the body is `None` where it broke off or is too long.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Option<Vec<u8>>,
}

/// Sends `body` to a path of the node and judges the answer.
pub(crate) async fn call(wire: &Wire, path: &'static str, secret: Option<&str>, body: &impl Serialize) -> Delivered {
    match exchange(wire, path, secret, body, ANSWER_LIMIT).await {
        Ok(Answered { status, body }) => verdict::judge(status, body.as_deref()),
        Err(without) => without,
    }
}

/// Sends `body` to a path of the node and reads the answer, of at most `limit` bytes.
///
/// # Errors
/// What it means that there is none.
pub(crate) async fn exchange(
    wire: &Wire,
    path: &'static str,
    secret: Option<&str>,
    body: &impl Serialize,
    limit: usize,
) -> Result<Answered, Delivered> {
    let request = wire.post(path, secret.unwrap_or_default())?;
    let unwritable = |error| Delivered::NotTaken(format!("the request cannot be written as JSON: {error}"));
    let text = serde_json::to_string(body).map_err(unwritable)?;
    let mut answer = request.send_body(text).await.map_err(|error| judge_error(&error))?;
    wire.answered_in(answer.version());
    let status = answer.status().as_u16();
    let promised =
        answer.headers().get("Content-Length").and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    // A connection that breaks in the middle of an answer looks like its end: the node said something, not what.
    let body = answer.body().limit(limit).await.ok();
    let body = body.filter(|body| promised.is_none_or(|length| body.len() >= length));
    Ok(Answered { status, body: body.map(|body| body.to_vec()) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_may_have_left_is_unknown() {
        assert!(matches!(judge_error(&SendRequestError::Timeout), Delivered::Unknown(_)));
        let broken = SendRequestError::Connect(ConnectError::Disconnected);
        assert!(matches!(judge_error(&broken), Delivered::Unknown(_)));
        assert!(matches!(judge_error(&SendRequestError::Connect(ConnectError::Timeout)), Delivered::NotTaken(_)));
    }
}
