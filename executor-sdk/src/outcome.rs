//! How a run ended, and the callback that says so.

use std::any::Any;
use std::sync::Arc;

use hzm_job_protocol::{CODE_FAILED, HANDLER_SUCCESS};

use crate::context::JobContext;
use crate::guarded::Ended;
use crate::report::Report;

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

    /// What the job came back with: its result, or its panic.
    pub(crate) fn of(ended: Ended, run: &JobContext) -> Self {
        match ended {
            Ok(Ok(())) => Self { code: HANDLER_SUCCESS, message: run.take_message() },
            Ok(Err(error)) => Self::failed(error.to_string()),
            Err(panic) => Self::failed(format!("the job panicked: {}", panic_text(panic.as_ref()))),
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.code == HANDLER_SUCCESS
    }

    pub(crate) fn into_report(self, run_id: i64, app_key: &Arc<str>) -> Report {
        Report::new(run_id, Arc::clone(app_key), self.code, self.message.map(shortened))
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
        let report = Outcome::failed("任".repeat(MESSAGE_LIMIT)).into_report(1, &"billing".into());
        let message = report.message.unwrap();
        assert!(message.len() <= MESSAGE_LIMIT && message.len() > MESSAGE_LIMIT - 8, "{}", message.len());
        assert!(message.ends_with("任 … (cut)"));
    }

    #[test]
    fn a_short_message_stays_as_it_is() {
        let report = Outcome::failed("no rows").into_report(7, &"billing".into());
        assert_eq!(report.message.as_deref(), Some("no rows"));
        assert_eq!((report.run_id, report.code, &*report.app_key), (7, CODE_FAILED, "billing"));
    }

    #[test]
    fn a_panic_is_a_failure_with_its_text() {
        let trigger = hzm_job_protocol::hzm::JobHandle { log_id: 1, job_id: 1, job_name: "a".into(), job_params: None };
        let (run, _) = JobContext::new(trigger, &slog::Logger::root(slog::Discard, slog::o!()));
        let ended = |panic: Box<dyn Any + Send>| Outcome::of(Err(panic), &run);
        assert_eq!(ended(Box::new("row 3 is odd")), Outcome::failed("the job panicked: row 3 is odd"));
        assert_eq!(ended(Box::new(String::from("row 3"))), Outcome::failed("the job panicked: row 3"));
        assert_eq!(ended(Box::new(5)), Outcome::failed("the job panicked: a value that is not text"));
    }
}
