//! Identifiers, one type each, so that a job's number can never be taken for a run's.
//!
//! All of them stay below 2^53: they travel as JSON numbers and JavaScript executors read those as doubles
//! (hzm-job wire protocol, "Numbers").

use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest identifier ever handed out: 2^53 - 1, the last integer a double holds exactly.
pub const LARGEST_ID: i64 = (1 << 53) - 1;

/// A job, that is a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

/// An executor, that is a group of nodes under one app key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutorId(pub i64);

/// A run, that is one attempt to execute one fire; on the wire it is called `logId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ExecutorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
