//! How one run ended, on its way from the job over the disk to an admin. Made once, shared by all who hold it, never copied.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hzm_job_protocol::hzm::Callback;
use serde::Serialize;

/// What a report weighs beside its text, in bytes: its fields, and the room that maps and queues take for it.
const FIXED_WEIGHT: usize = 256;

/// How one run ended.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) run_id: i64,
    /// The executor's key; shared by all reports of one.
    pub(crate) app_key: Arc<str>,
    pub(crate) code: i32,
    pub(crate) message: Option<String>,
    // Someone has asked for it, and the courier has not yet heard of that: once is enough.
    asked: AtomicBool,
}

impl Report {
    pub(crate) fn new(run_id: i64, app_key: Arc<str>, code: i32, message: Option<String>) -> Self {
        Self { run_id, app_key, code, message, asked: AtomicBool::new(false) }
    }

    /// Takes note that someone asks for it; false when that is known already.
    pub(crate) fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::Relaxed)
    }

    /// The question has arrived; the next one is a new one.
    pub(crate) fn heard(&self) {
        self.asked.store(false, Ordering::Relaxed);
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        FIXED_WEIGHT + self.message.as_ref().map_or(0, String::len)
    }

    /// As it is written: alone and on disk with its executor's key, within a batch without.
    pub(crate) fn written(&self, with_key: bool) -> Written<'_> {
        Written {
            log_id: self.run_id,
            app_key: with_key.then_some(&*self.app_key),
            handler_code: self.code,
            handler_msg: self.message.as_deref(),
        }
    }
}

impl From<Callback> for Report {
    fn from(callback: Callback) -> Self {
        Self::new(callback.log_id, callback.app_key.into(), callback.handler_code, callback.handler_msg)
    }
}

impl PartialEq for Report {
    fn eq(&self, other: &Self) -> bool {
        self.written(true) == other.written(true)
    }
}

impl Eq for Report {}

/// A [`Callback`](hzm_job_protocol::hzm::Callback), or a [`RunResult`](hzm_job_protocol::batch::RunResult), without owning
/// its texts.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written<'a> {
    log_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_key: Option<&'a str>,
    handler_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler_msg: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_protocol::batch::RunResult;

    #[test]
    fn it_is_written_as_the_protocol_has_it() {
        for handler_msg in [None, Some(String::from("42 \"行\"\n"))] {
            let callback =
                Callback { log_id: 7, app_key: "billing".into(), handler_code: 500, handler_msg: handler_msg.clone() };
            let result = RunResult { log_id: 7, handler_code: 500, handler_msg };
            let expected = (serde_json::to_string(&callback).unwrap(), serde_json::to_string(&result).unwrap());
            let report = Report::from(callback);
            assert_eq!(serde_json::to_string(&report.written(true)).unwrap(), expected.0);
            assert_eq!(serde_json::to_string(&report.written(false)).unwrap(), expected.1);
        }
    }

    #[test]
    fn many_who_ask_at_once_are_heard_as_one() {
        let report = Report::new(1, "billing".into(), 200, None);
        assert!(report.ask() && !report.ask());
        report.heard();
        assert!(report.ask());
    }
}
