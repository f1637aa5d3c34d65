//! A job as a user describes it, and the checks that make the description trustworthy: a [`JobSpec`] that exists is valid.
//!
//! Limits: name and handler 1 to 128 characters, description 512, owner 128, none of them with control characters, all
//! trimmed; parameters 65,536 bytes; overlap limit 1 to 1,000; retries at most 100, their interval and longest interval
//! at most one day, factor 1 to 10, jitter 0 to 1; timeout at most 30 days; misfire limit 1 to
//! 10,000, misfire window at most 30 days; expression 256 bytes. Whether the executor
//! exists is the store's business.

pub use crate::delivery::Delivery;
use crate::ids::{ExecutorId, JobId};
use crate::misfire::{CatchUp, MisfirePolicy};
use crate::overlap::OverlapPolicy;
pub use crate::problem::{FieldProblem, Problem};
use crate::retry::RetryPolicy;
use crate::routing::RoutingStrategy;
use crate::schedule::{Schedule, ScheduleDraft};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

mod check;
pub(crate) mod text;

/// A job as it comes from a user or from the store: nothing is checked yet. This JSON is what the store keeps and the
/// REST API takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobDraft {
    /// The executor that does the work.
    pub executor: ExecutorId,
    /// The name shown to people.
    pub name: String,
    /// The name by which the executor knows the work (`jobName` on the wire); empty means the same as `name`.
    #[serde(default)]
    pub handler: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whom to ask about it.
    #[serde(default)]
    pub owner: String,
    /// Handed to the executor as it stands, JSON or plain text.
    #[serde(default)]
    pub parameters: Option<String>,
    /// When it is due.
    #[serde(default)]
    pub schedule: ScheduleDraft,
    /// What becomes of late occurrences.
    #[serde(default)]
    pub misfire: MisfirePolicy,
    /// Under `fire_all`: at most so many late occurrences are executed, the newest; 1 to 10,000.
    #[serde(default = "default_misfire_limit")]
    pub misfire_limit: u16,
    /// An occurrence that is later than this is not made up for, in milliseconds; 0 = however late. At most 30 days.
    #[serde(default)]
    pub misfire_window_ms: u64,
    /// What becomes of a fire that meets an unfinished run.
    #[serde(default)]
    pub overlap: OverlapPolicy,
    /// Bound of the queue or of the runs side by side, 1 to 1,000.
    #[serde(default = "default_overlap_limit")]
    pub overlap_limit: u16,
    /// Which node gets a run.
    #[serde(default)]
    pub routing: RoutingStrategy,
    /// Whether a failed run is tried again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// The longest a run may take, in milliseconds; 0 = as long as it likes.
    #[serde(default)]
    pub timeout_ms: u64,
    /// What to do when it is unknown whether a run was taken.
    #[serde(default)]
    pub delivery: Delivery,
}

const fn default_misfire_limit() -> u16 {
    100
}

const fn default_overlap_limit() -> u16 {
    10
}

impl JobDraft {
    /// A draft with nothing but the two required fields; everything else as in a JSON document that leaves it out.
    #[must_use]
    pub fn new(executor: ExecutorId, name: impl Into<String>) -> JobDraft {
        JobDraft {
            executor,
            name: name.into(),
            handler: String::new(),
            description: String::new(),
            owner: String::new(),
            parameters: None,
            schedule: ScheduleDraft::default(),
            misfire: MisfirePolicy::default(),
            misfire_limit: default_misfire_limit(),
            misfire_window_ms: 0,
            overlap: OverlapPolicy::default(),
            overlap_limit: default_overlap_limit(),
            routing: RoutingStrategy::default(),
            retry: RetryPolicy::default(),
            timeout_ms: 0,
            delivery: Delivery::default(),
        }
    }
}

/// A checked job.
#[derive(Debug, Clone)]
pub struct JobSpec {
    draft: JobDraft,
    schedule: Schedule,
}

impl JobSpec {
    /// The description, normalised (texts are trimmed).
    #[must_use]
    pub fn draft(&self) -> &JobDraft {
        &self.draft
    }

    /// When it is due.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The name by which the executor knows the work.
    #[must_use]
    pub fn handler(&self) -> &str {
        if self.draft.handler.is_empty() { &self.draft.name } else { &self.draft.handler }
    }

    /// The longest a run may take; `None` = as long as it likes.
    #[must_use]
    pub fn timeout(&self) -> Option<TimeDelta> {
        span(self.draft.timeout_ms)
    }

    /// What is to become of late occurrences.
    #[must_use]
    pub fn catch_up(&self) -> CatchUp {
        CatchUp {
            policy: self.draft.misfire,
            limit: self.draft.misfire_limit.into(),
            window: span(self.draft.misfire_window_ms),
        }
    }
}

/// A span of milliseconds; `None` for zero, which stands for "no bound".
fn span(millis: u64) -> Option<TimeDelta> {
    let millis = i64::try_from(millis).ok().filter(|millis| *millis > 0)?;
    TimeDelta::try_milliseconds(millis)
}

/// A job that is in the store.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it is to do.
    pub spec: JobSpec,
    /// Whether its schedule is in force; one that is not can still be run by hand.
    pub enabled: bool,
    /// The moment since which its schedule is in force: fixed rates count from here, and nothing before it is ever due.
    pub anchor: DateTime<Utc>,
    /// Raised by one with each change, to notice changes that cross.
    pub version: i64,
}
