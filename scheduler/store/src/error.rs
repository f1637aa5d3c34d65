//! What can go wrong below: one error type for the whole crate.

use crate::trouble::Trouble;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::{PoolError, bb8};
use hzm_job_scheduler::problem::FieldProblem;
use std::error::Error as StdError;
use std::time::Duration;
use thiserror::Error;

/// A failure of the database or of what it holds. Losing a race is no failure: see the outcome enums of each function.
/// No message ever holds a password.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The URL names no database that can be opened.
    #[error(
        "database URL {url:?} cannot be used: {reason}; known: sqlite://PATH, mysql://USER:PASSWORD@HOST:PORT/DATABASE, postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Url {
        /// The URL, without its password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting has an impossible value.
    #[error("database setting {name}: {reason}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// The database cannot be opened, and trying again will not help: somebody has to change something first.
    #[error("cannot open {what}: {reason}")]
    Open {
        /// What was to be opened.
        what: String,
        /// Why it failed, and what to do.
        reason: String,
    },
    /// The database does not answer now; it may later.
    #[error("{what} cannot be reached: {reason}")]
    Away {
        /// What does not answer.
        what: String,
        /// What was seen of it.
        reason: String,
        /// The same in a few words that name neither place nor user: for strangers.
        brief: &'static str,
    },
    /// The way to the database is broken for a while.
    #[error("the database cannot be reached for {} s: {}", .0.lasts_for().as_secs(), .0.reason)]
    Broken(Trouble),
    /// Something encrypted cannot be read, or written.
    #[error(
        "the secret of {what} cannot be read or written with the key of this admin: put back the right key, or set that secret to NULL in the database and give the executor a new one"
    )]
    Sealed {
        /// Whose.
        what: String,
    },
    /// A secret that should be encrypted is not.
    #[error(
        "the secret of {what} is not encrypted, as all secrets of this database are: somebody put it in from outside. Set it to NULL in the database and give the executor a new one"
    )]
    Plain {
        /// Whose.
        what: String,
    },
    /// The database was used with another key before.
    #[error(
        "this database is used with another key: put back the key file that belongs to it, or name that one with hzm.job.admin.keyFile"
    )]
    WrongKey,
    /// The schema cannot be brought up to date.
    #[error("cannot bring the database schema up to date: {reason}")]
    Migration {
        /// Why it failed.
        reason: String,
    },
    /// No connection became free in time: all are busy, or the server is away (then the log says since when and why).
    #[error("no database connection became free in time")]
    PoolExhausted,
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Query(#[from] DieselError),
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

impl StoreError {
    /// Whether the same call may succeed later without anybody changing anything: the server is away, restarting or
    /// overloaded, or two transactions stood in each other's way. `false` for lasting mistakes such as a bad URL, a
    /// wrong password, a missing database or a schema that is newer than this program.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            StoreError::Away { .. } | StoreError::Broken(_) | StoreError::PoolExhausted => true,
            StoreError::Query(error) => is_passing(error) || refuses_writes(error).is_some(),
            // A migration that lost its server half way; the library hands on the words only.
            StoreError::Migration { reason } => says_passing(reason),
            _ => false,
        }
    }

    /// Why the database is away, in a few words that name neither place nor user; for how long, where that is known.
    /// `None`: it is not, or only one statement was refused.
    #[must_use]
    pub fn away(&self) -> Option<(&'static str, Option<Duration>)> {
        match self {
            StoreError::Broken(trouble) => Some((trouble.brief, Some(trouble.lasts_for()))),
            StoreError::Away { brief, .. } => Some((brief, None)),
            StoreError::PoolExhausted => Some(("no connection became free in time", None)),
            StoreError::Query(error) if let Some(brief) = refuses_writes(error) => Some((brief, None)),
            _ => self.is_away().then_some(("a statement was broken off", None)),
        }
    }

    /// Whether the database refused a statement because its user has no right to it.
    pub(crate) fn lacks_rights(&self) -> bool {
        matches!(self, StoreError::Query(error) if refuses_writes(error) == Some(LACKS_RIGHTS))
    }

    /// The same when an SQLite file was to be opened: one that cannot be written is nothing to wait for.
    pub(crate) fn at_open(self, url: &str) -> StoreError {
        match self {
            StoreError::Query(error) if refuses_writes(&error) == Some(READ_ONLY) => StoreError::Open {
                what: url.to_owned(),
                reason: format!("{error}; make the file and its folder writable for the user of this program"),
            },
            other => other,
        }
    }

    /// It and its causes in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }

    /// Whether a unique key was hit.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, StoreError::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }
}

/// What databases say when a statement failed for a passing reason. Drivers hand on the words only, not the number; the
/// words are English because each session asks for them so (PostgreSQL lets an administrator only; there the usual
/// reasons have a kind of their own).
const PASSING: [&str; 30] = [
    "deadlock",
    "lock wait timeout",
    "could not serialize",
    "canceling statement due to",
    "query execution was interrupted",
    "terminating connection",
    "the database system is",
    "server shutdown",
    "connection was killed",
    "connection to the server is closed",
    "connection closed",
    "input/output error",
    "too many connections",
    "too many clients",
    "packet out of order",
    "read-only",
    // MySQL and MariaDB (1021, 1114, 1026, 3, 1030 with errno 28): the disk, or the space given to the tables, is full.
    "disk full",
    "' is full",
    "error writing file",
    "errno: 28",
    // PostgreSQL (53100), and whoever hands on the words of the operating system.
    "no space left on device",
    "disk quota exceeded",
    "could not extend file",
    "could not write",
    // SQLite: another process or connection is in the way (BUSY, LOCKED), the disk is full (FULL) or fails (IOERR).
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "database or disk is full",
    "disk i/o error",
    // It undid the transaction by itself, for one of these reasons.
    "cannot rollback - no transaction is active",
];

/// What strangers are told of a database whose user may not do what is needed.
const LACKS_RIGHTS: &str = "the database user lacks a right: grant it";
/// And of one that takes no writes.
const READ_ONLY: &str = "the database is read-only: make it writable or name the primary";

/// Why a database that is there refuses to write: somebody has to do something, and then it goes on.
fn refuses_writes(error: &DieselError) -> Option<&'static str> {
    let (kind, said) = match error {
        DieselError::DatabaseError(kind, said) => (kind, said.message()),
        DieselError::RollbackErrorOnCommit { commit_error, .. } => return refuses_writes(commit_error),
        _ => return None,
    };
    if says_no_right(said) {
        return Some(LACKS_RIGHTS);
    }
    let said = said.to_lowercase();
    let is_read_only = ["read-only", "read only", "readonly"].iter().any(|words| said.contains(words));
    (is_read_only || matches!(kind, DatabaseErrorKind::ReadOnlyTransaction)).then_some(READ_ONLY)
}

/// Whether these are the words for a missing right: of MySQL and MariaDB (1142, 1143, 1044, 1227), and of PostgreSQL (42501).
pub(crate) fn says_no_right(said: &str) -> bool {
    let said = said.to_lowercase();
    ["command denied to user", "access denied", "permission denied for", "must be owner of"]
        .iter()
        .any(|words| said.contains(words))
}

fn is_passing(error: &DieselError) -> bool {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    match error {
        DieselError::DatabaseError(
            SerializationFailure | UnableToSendCommand | ClosedConnection | ReadOnlyTransaction,
            _,
        )
        | DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(Unknown, said) => says_passing(said.message()),
        DieselError::RollbackErrorOnCommit { rollback_error, commit_error } => {
            is_passing(rollback_error) || is_passing(commit_error)
        }
        _ => false,
    }
}

pub(crate) fn says_passing(said: &str) -> bool {
    let said = said.to_lowercase();
    PASSING.iter().any(|words| said.contains(words))
}

impl From<bb8::RunError> for StoreError {
    fn from(error: bb8::RunError) -> Self {
        match error {
            bb8::RunError::TimedOut => StoreError::PoolExhausted,
            bb8::RunError::User(PoolError::QueryError(source)) => StoreError::Query(source),
            bb8::RunError::User(source) => {
                let (what, reason) = ("the database".into(), source.to_string());
                StoreError::Away { what, reason, brief: "it cannot be reached" }
            }
        }
    }
}

/// The problems of a stored definition in one line, for [`StoreError::Corrupt`].
pub(crate) fn problems_text(problems: &[FieldProblem]) -> String {
    problems.iter().map(|problem| format!("{}: {}", problem.field, problem.problem)).collect::<Vec<_>>().join("; ")
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut link = error.source();
    while let Some(cause) = link {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        link = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind, words: &str) -> StoreError {
        StoreError::Query(DieselError::DatabaseError(kind, Box::new(words.to_owned())))
    }

    #[test]
    fn what_passes_is_told_from_what_lasts() {
        use DatabaseErrorKind::{SerializationFailure, UniqueViolation, Unknown};
        for passing in [
            said(Unknown, "Deadlock found when trying to get lock; try restarting transaction"),
            said(Unknown, "Input/output error: Connection reset by peer (os error 104)"),
            said(Unknown, "terminating connection due to administrator command"),
            said(Unknown, "database table is locked: run"),
            said(Unknown, "database or disk is full"),
            said(Unknown, "disk I/O error"),
            said(Unknown, "The table 'run' is full"),
            said(Unknown, "Got error 28 \"No space left on device\" from storage engine InnoDB"),
            said(Unknown, "Disk full (/tmp/#sql); waiting for someone to free some space... (errno: 28)"),
            said(Unknown, "Error writing file '/var/lib/mysql/binlog.000007' (errno: 28 \"No space left on device\")"),
            said(Unknown, "could not extend file \"base/16384/16399\": No space left on device"),
            said(Unknown, "could not extend file \"base/16384/16399\": wrote only 4096 of 8192 bytes at block 7"),
            said(Unknown, "could not write to file \"base/pgsql_tmp/pgsql_tmp7.0\": Disk quota exceeded"),
            said(SerializationFailure, "anything"),
            StoreError::PoolExhausted,
        ] {
            assert!(passing.is_away(), "{passing:?}");
        }
        for lasting in [
            said(Unknown, "Data too long for column 'name' at row 1"),
            StoreError::Migration { reason: "attempt to write a readonly database".into() },
            StoreError::Migration { reason: "CREATE command denied to user 'a'@'b' for table `c`.`d`".into() },
            said(Unknown, "file is not a database"),
            said(UniqueViolation, "Duplicate entry"),
            StoreError::Migration { reason: "newer".into() },
            StoreError::Open { what: "x".into(), reason: "wrong password".into() },
            StoreError::Query(DieselError::NotFound),
        ] {
            assert!(!lasting.is_away(), "{lasting:?}");
        }
    }

    #[test]
    fn a_database_that_takes_no_writes_is_told_from_one_that_broke_off() {
        use DatabaseErrorKind::{ReadOnlyTransaction, Unknown};
        for read_only in [
            said(ReadOnlyTransaction, "cannot execute INSERT in a read-only transaction"),
            said(
                Unknown,
                "The MariaDB server is running with the --read-only option so it cannot execute this statement",
            ),
            said(Unknown, "Table 'run' is read only"),
            said(Unknown, "attempt to write a readonly database"),
        ] {
            assert_eq!(read_only.away(), Some((READ_ONLY, None)), "{read_only:?}");
            assert!(read_only.is_away() && !read_only.lacks_rights(), "{read_only:?}");
        }
        for denied in [
            said(Unknown, "INSERT command denied to user 'a'@'localhost' for table `ledger`.`run`"),
            said(Unknown, "Access denied for user 'a'@'%' to database 'ledger'"),
            said(Unknown, "permission denied for table run"),
        ] {
            assert_eq!(denied.away(), Some((LACKS_RIGHTS, None)), "{denied:?}");
            assert!(denied.is_away() && denied.lacks_rights(), "{denied:?}");
        }
        let file = said(Unknown, "attempt to write a readonly database").at_open("sqlite://x");
        assert!(!file.is_away() && file.to_string().contains("sqlite://x: attempt to write"), "{file}");
        let broken_off = said(Unknown, "Deadlock found when trying to get lock; try restarting transaction");
        assert_eq!(broken_off.away(), Some(("a statement was broken off", None)));
    }
}
