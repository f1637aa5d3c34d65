//! Many calls in one request, where both ends are ours: our own extension of hzm-job's dialect.
//!
//! Every call in a batch is judged on its own: its [`Answer`] has the HTTP status that it would have got alone, so that
//! nothing about a call depends on the company it travels in. How the two ends agree on this form, and what a batch means
//! that is cut in the middle, is in `docs/wire.md`.

use serde::{Deserialize, Serialize};

use crate::hzm::JobHandle;

/// The name of this form. A node that takes [`Triggers`] has it among the words of [`Registry::agent`](crate::hzm::Registry),
/// and an admin that takes [`Results`] has it among the words of [`SPEAKS_HEADER`].
pub const FORM: &str = "batch/1";

/// The header in which an admin that answers a registration with 200 names, separated by spaces, the forms that it takes.
pub const SPEAKS_HEADER: &str = "HZM-JOB-SPEAKS";

/// The most calls in one batch. A receiver refuses a longer one with 413, and then none of its calls was taken.
pub const MOST: usize = 1_000;

/// The longest body of a batch, in bytes, in both directions. A receiver refuses a longer one with 413.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Where each batch goes, relative to the admin's or the executor's address.
pub mod paths {
    /// The admin triggers runs: [`Triggers`](super::Triggers).
    pub const TRIGGERS: &str = "/api/batch/job-handle";
    /// An executor reports how runs ended: [`Results`](super::Results).
    pub const RESULTS: &str = "/api/batch/callback";
}

/// Whether `words`, such as `hzmjob/0.1.0 batch/1`, name this form.
#[must_use]
pub fn is_spoken(words: &str) -> bool {
    words.split_ascii_whitespace().any(|word| word == FORM)
}

/// Admin → executor: start these runs. Each is what a single [`JobHandle`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triggers {
    /// One for each run, at most [`MOST`].
    pub triggers: Vec<JobHandle>,
}

/// Executor → admin: how these runs ended. Each is what a single [`Callback`](crate::hzm::Callback) is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    /// Names the executor; empty when the caller left it out, which an admin answers with 401.
    #[serde(default)]
    pub app_key: String,
    /// One for each run, at most [`MOST`].
    pub results: Vec<RunResult>,
}

/// How one run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// The run, as the trigger named it.
    pub log_id: i64,
    /// [`HANDLER_SUCCESS`](crate::HANDLER_SUCCESS), or any other number for a failure.
    pub handler_code: i32,
    /// What the job has to say about its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_msg: Option<String>,
}

/// The answer to a batch in either direction, with HTTP status 200. A batch that is refused as a whole gets another status
/// and the envelope of hzm-job's dialect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// One for each call, in any order; of a call that has none its sender knows nothing.
    pub answers: Vec<Answer>,
}

/// What became of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The run.
    pub log_id: i64,
    /// The HTTP status that the call would have got alone: 200 when it was taken (a trigger), or recorded (a result).
    pub status: u16,
    /// The reason of a refusal, which is its sender's own word like the envelope of a single call: without one only the status
    /// speaks, and 500 or 503 then proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
}

impl Answer {
    /// It was taken, or recorded.
    #[must_use]
    pub const fn ok(log_id: i64) -> Self {
        Self { log_id, status: 200, msg: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_word_names_the_form() {
        assert!(is_spoken("hzmjob/0.1.0 batch/1") && is_spoken(" batch/1 batch/2"));
        for other in ["", "hzmjob/0.1.0", "batch/10", "xbatch/1", "BATCH/1"] {
            assert!(!is_spoken(other), "{other}");
        }
    }

    #[test]
    fn the_bodies_are_spelt_as_the_document_says() {
        let triggers = r#"{"triggers":[{"logId":7,"jobId":3,"jobName":"report","jobParams":"x"}]}"#;
        let read: Triggers = serde_json::from_str(triggers).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), triggers);
        let results = r#"{"appKey":"billing","results":[{"logId":7,"handlerCode":200,"handlerMsg":"done"},{"logId":8,"handlerCode":500}]}"#;
        let read: Results = serde_json::from_str(results).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), results);
        let answers = r#"{"answers":[{"logId":7,"status":200},{"logId":8,"status":410,"msg":"no such run"}]}"#;
        let read: Answers = serde_json::from_str(answers).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), answers);
    }
}
