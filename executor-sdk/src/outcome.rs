//! How a run ended, and the callback that says so.

use std::any::Any;

use hzm_job_protocol::hzm::Callback;
use hzm_job_protocol::{CODE_FAILED, HANDLER_SUCCESS};
use tokio::task::JoinError;

use crate::context::JobContext;
use crate::job::JobResult;

/// The longest message of a callback, in bytes. Ten thousand runs are remembered with theirs, and an admin keeps them all.
const MESSAGE_LIMIT: usize = 4 * 1024;
const CUT: &str = " … (cut)";

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    code: i32,
    message: Option<String>,
}

impl Outcome {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { code: CODE_FAILED, message: Some(message.into()) }
    }

    /// A run that was cancelled before it started, or did not end when asked to.
    pub(crate) fn cancelled() -> Self {
        Self::failed("cancelled")
    }

    /// What the job's task came back with: its result, or its panic.
    pub(crate) fn of(ended: Result<JobResult, JoinError>, run: &JobContext) -> Self {
        match ended {
            Ok(Ok(())) => Self { code: HANDLER_SUCCESS, message: run.take_message() },
            Ok(Err(error)) => Self::failed(error.to_string()),
            Err(gone) => match gone.try_into_panic() {
                Ok(panic) => Self::failed(format!("the job panicked: {}", panic_text(panic.as_ref()))),
                Err(_) => Self::cancelled(),
            },
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.code == HANDLER_SUCCESS
    }

    pub(crate) fn into_callback(self, log_id: i64, app_key: &str) -> Callback {
        let handler_msg = self.message.map(shortened);
        Callback { log_id, app_key: app_key.to_owned(), handler_code: self.code, handler_msg }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a value that is not text")
}

fn shortened(mut message: String) -> String {
    if message.len() > MESSAGE_LIMIT {
        message.truncate(message.floor_char_boundary(MESSAGE_LIMIT - CUT.len()));
        message.push_str(CUT);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let callback = Outcome::failed("任".repeat(MESSAGE_LIMIT)).into_callback(1, "billing");
        let message = callback.handler_msg.unwrap();
        assert!(message.len() <= MESSAGE_LIMIT && message.len() > MESSAGE_LIMIT - 8, "{}", message.len());
        assert!(message.ends_with("任 … (cut)"));
    }

    #[test]
    fn a_short_message_stays_as_it_is() {
        let callback = Outcome::failed("no rows").into_callback(7, "billing");
        assert_eq!(callback.handler_msg.as_deref(), Some("no rows"));
        assert_eq!((callback.log_id, callback.handler_code, callback.app_key.as_str()), (7, CODE_FAILED, "billing"));
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_with_its_text() {
        let trigger = hzm_job_protocol::hzm::JobHandle { log_id: 1, job_id: 1, job_name: "a".into(), job_params: None };
        let run = JobContext::new(&trigger, &slog::Logger::root(slog::Discard, slog::o!()));
        let ended = tokio::spawn(async { panic!("row {} is odd", 3) }).await;
        assert_eq!(Outcome::of(ended, &run), Outcome::failed("the job panicked: row 3 is odd"));
        let ended = tokio::spawn(async { std::panic::panic_any(5) }).await;
        assert_eq!(Outcome::of(ended, &run), Outcome::failed("the job panicked: a value that is not text"));
    }
}
