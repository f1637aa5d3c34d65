//! What callers of the front door are told when it cannot do what they ask.

use crate::dispatch::outward::OutwardError;
use hzm_job_store::StoreError;
use thiserror::Error;

/// A refusal of the front door; nothing was changed, and the caller may come again (but see `Refused` and `Late`).
#[derive(Debug, Clone, Error)]
pub enum SchedulerError {
    /// A mailbox is full or an actor is being restarted: come again in a second.
    #[error("the scheduler is busy; try again in a second")]
    Busy,
    /// The database is well and refuses this for what is in it; coming again is of no use.
    #[error("the database refuses what was to be written: {0}")]
    Refused(String),
    /// It could not be written in the time that the caller has; it still waits and may yet come about.
    #[error(
        "the database has not answered in time; what was asked for still waits to be written and may yet come about"
    )]
    Late,
    /// A result was reported of a run whose trigger has not left yet: report it again once it has.
    #[error("this run waits to be sent, so no result of it can be recorded yet; report it again")]
    NotSentYet,
    /// An executor has as many nodes as one may have, so many.
    #[error("this executor has {0} nodes, which is the most; forget those that are gone on its page")]
    TooManyNodes(usize),
    /// The executor was changed while one of its nodes called in: which of its secrets the node has is to be looked at anew.
    #[error("this executor was changed at this moment; register again")]
    ExecutorChanged,
    /// The database is away, or the scheduler is shutting down.
    #[error("the scheduler is not available: {0}")]
    Unavailable(String),
}

/// Why the actors could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store refused.
    #[error("the ledger could not be read")]
    Store(#[from] StoreError),
    /// An actor did not come up.
    #[error("{actor} did not start: {reason}")]
    Actor {
        /// Which.
        actor: &'static str,
        /// Why.
        reason: String,
    },
    /// A file that the settings name cannot be used.
    #[error(transparent)]
    Outward(#[from] OutwardError),
}

impl From<actix::MailboxError> for SchedulerError {
    fn from(error: actix::MailboxError) -> SchedulerError {
        match error {
            actix::MailboxError::Closed => SchedulerError::Busy,
            actix::MailboxError::Timeout => SchedulerError::Unavailable("no answer in time".into()),
        }
    }
}

impl<T> From<actix::prelude::SendError<T>> for SchedulerError {
    fn from(_: actix::prelude::SendError<T>) -> SchedulerError {
        SchedulerError::Busy
    }
}

impl From<StoreError> for SchedulerError {
    fn from(error: StoreError) -> SchedulerError {
        SchedulerError::Unavailable(error.to_string())
    }
}
