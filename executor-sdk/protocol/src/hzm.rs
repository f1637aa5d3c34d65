//! hzm-job's own dialect: what the original Go executor and admin send each other, and what the Rust SDK speaks.
//!
//! Every call in either direction is a `POST` with a JSON body and carries [`TOKEN_HEADER`]; the answer to
//! one that was understood is an [`Envelope`]. Unknown fields are ignored (the Go side writes `url` and `accessToken` into each body), and the content
//! type says nothing: a Go executor answers JSON as `text/plain`.
//!
//! # Our extension of the wire
//!
//! [`Registry`] carries two fields that the original does not know and ignores, as it ignores every unknown field:
//!
//! * `agent`: which SDK speaks, and its version, such as `hzmjob/0.1.0`. From it an admin knows that a repeated
//!   `logId` is recognised: one that still runs is not started twice, and for one that has ended the callback is sent
//!   again. An admin asks about a run after a crash simply by sending its trigger again. Further words, separated by
//!   spaces, name the forms that the node takes beside this one: [`batch/1`](crate::batch).
//! * `instance`: a UUID made when the process starts. When it changes behind the same address, the process was
//!   restarted and its runs are gone; a node that only calls again keeps it. Without it, a call after a longer pause counts
//!   as one of another process.
//!
//! An executor that sends neither is an original one: it runs a repeated `logId` a second time.

use serde::{Deserialize, Serialize};

use crate::vocabulary::{CODE_OK, CODE_REFUSED};

/// The header that carries the executor's secret in both directions; empty when the executor has none.
pub const TOKEN_HEADER: &str = "HZM-JOB-ACCESS-TOKEN";

/// Where each call goes, relative to the admin's or the executor's address.
pub mod paths {
    /// An executor registers. First the spelling that the Go client calls, then the one in the original's README.
    pub const REGISTRY: [&str; 2] = ["/api/admin/registry", "/api/registry"];
    /// An executor leaves. The same two spellings as [`REGISTRY`].
    pub const OFFLINE: [&str; 2] = ["/api/admin/offline", "/api/offline"];
    /// An executor reports how a run ended. The same two spellings as [`REGISTRY`].
    pub const CALLBACK: [&str; 2] = ["/api/admin/callback", "/api/callback"];
    /// The admin asks whether the node is alive.
    pub const HEART_BEAT: &str = "/api/heart-beat";
    /// The admin triggers a run.
    pub const JOB_HANDLE: &str = "/api/job-handle";
    /// The admin cancels a run.
    pub const JOB_CANCEL: &str = "/api/job-cancel";
}

/// The answer to every call, in both directions. Absent values are written as `null`, as the original does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// [`CODE_OK`] or [`CODE_REFUSED`].
    pub code: i32,
    /// The reason of a refusal.
    pub msg: Option<String>,
    /// What was asked for; `true` where there is nothing to say but yes.
    pub data: Option<T>,
    /// Whether the call was accepted.
    pub success: bool,
    /// The number of all rows; only paged lists of the original's pages have it.
    pub count: Option<i64>,
}

impl<T> Envelope<T> {
    /// The answer that says yes. It belongs to HTTP status 200.
    pub const fn ok(data: T) -> Self {
        Self { code: CODE_OK, msg: None, data: Some(data), success: true, count: None }
    }

    /// The answer that says no, with the reason. It belongs to an HTTP status other than 200, or a Go client will not
    /// notice (see [`CODE_REFUSED`]).
    pub fn refusal(msg: impl Into<String>) -> Self {
        Self { code: CODE_REFUSED, msg: Some(msg.into()), data: None, success: false, count: None }
    }
}

/// Executor → admin: this node is up. Idempotent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registry {
    /// Names the executor; empty when the caller left it out, which an admin answers with 401.
    #[serde(default)]
    pub app_key: String,
    /// Where the admin reaches this node, such as `http://10.0.0.7:7777`.
    pub executor_address: String,
    /// Extension: SDK and version, such as `hzmjob/0.1.0`; absent from an original executor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Extension: the UUID of this process; absent from an original executor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Executor → admin: this node shuts down. A hint that may never come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offline {
    /// Names the executor; empty when the caller left it out, which an admin answers with 401.
    #[serde(default)]
    pub app_key: String,
    /// The address that was registered.
    pub executor_address: String,
}

/// Executor → admin: how one run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    /// The run, as the trigger named it.
    pub log_id: i64,
    /// Names the executor; empty when the caller left it out, which an admin answers with 401.
    #[serde(default)]
    pub app_key: String,
    /// [`HANDLER_SUCCESS`](crate::HANDLER_SUCCESS), or any other number for a failure.
    pub handler_code: i32,
    /// What the job has to say about its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_msg: Option<String>,
}

/// Admin → executor: start one run. Answered at once; the run ends in one [`Callback`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobHandle {
    /// The run; its callback repeats it. At most [`MAX_ID`](crate::MAX_ID).
    pub log_id: i64,
    /// The job that the run belongs to. At most [`MAX_ID`](crate::MAX_ID).
    pub job_id: i64,
    /// The name under which the executor knows the job.
    pub job_name: String,
    /// The parameters as text: JSON or plain. Absent and empty both mean that there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_params: Option<String>,
}

/// Admin → executor: cancel one run. An unknown run is answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobCancel {
    /// The run, as the trigger named it.
    pub log_id: i64,
}

/// Admin → executor: are you there? The body says nothing; any JSON object will do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartBeat {}
