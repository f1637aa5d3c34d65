//! What can go wrong below: one error type for the whole crate.

use hzm_job_scheduler::problem::FieldProblem;
use thiserror::Error;

/// A failure of the database or of what it holds. Losing a race is no failure: see the outcome enums of each function.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The URL names no database we know.
    #[error("database URL {url:?} is of no known kind; known: sqlite://PATH")]
    Url {
        /// The URL, without its password.
        url: String,
    },
    /// The database cannot be opened.
    #[error("cannot open {what}: {reason}")]
    Open {
        /// What was to be opened.
        what: String,
        /// Why it failed, in the words of whoever refused.
        reason: String,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the database schema up to date: {reason}")]
    Migration {
        /// Why it failed.
        reason: String,
    },
    /// No connection became free in time.
    #[error("no database connection became free within five seconds")]
    PoolExhausted,
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Query(#[from] diesel::result::Error),
    /// The store's runtime has ended: the process is shutting down.
    #[error("the store is closed")]
    Closed,
    /// A query panicked: a defect of ours, not of the database. The store itself goes on.
    #[error("a query of the store panicked: {what}")]
    Panicked {
        /// What the panic said.
        what: String,
    },
    /// Another scheduler took the partitions over; whoever gets this must stop writing at once.
    #[error("another scheduler owns the ledger now (our epoch {ours} is over)")]
    Fenced {
        /// The epoch the caller wrote under.
        ours: i64,
    },
    /// A stored row is not what this version can read.
    #[error("row {id} of table {table} cannot be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// All identifiers below 2^53 are used up.
    #[error("no identifiers are left for {name}")]
    IdsExhausted {
        /// Which sequence.
        name: &'static str,
    },
}

impl From<diesel_async::pooled_connection::bb8::RunError> for StoreError {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        match error {
            diesel_async::pooled_connection::bb8::RunError::TimedOut => StoreError::PoolExhausted,
            diesel_async::pooled_connection::bb8::RunError::User(source) => {
                StoreError::Open { what: "a database connection".into(), reason: source.to_string() }
            }
        }
    }
}

/// The problems of a stored definition in one line, for [`StoreError::Corrupt`].
pub(crate) fn problems_text(problems: &[FieldProblem]) -> String {
    problems.iter().map(|problem| format!("{}: {}", problem.field, problem.problem)).collect::<Vec<_>>().join("; ")
}
