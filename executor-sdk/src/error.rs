//! Why an executor could not be started, or stopped by itself.

use std::error::Error as _;
use std::path::PathBuf;
use std::{fmt, io};

/// Why an executor could not be started, or stopped by itself. What fails later (an admin that is away, a job that
/// panics, a full disk) ends no executor; it is logged and tried again.
///
/// `Debug` writes the same sentence as `Display`, with its causes behind it: it is what a `main` that answers this error shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// Settings that cannot be used, one line per problem.
    #[error("the executor cannot be started: {}", .0.join("; "))]
    Settings(Vec<String>),
    /// The configuration file cannot be read.
    #[error("cannot read {}", path.display())]
    ConfigRead {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration file is not understood; the text names the line.
    #[error("{}: {problem}", path.display())]
    ConfigSyntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and on which line.
        problem: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; set another port, or stop the program that uses it")]
    Bind {
        /// The address as it was set.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system gave no thread, or the HTTP server ended.
    #[error("the executor cannot go on")]
    System(#[from] io::Error),
    /// The executor's own thread is gone; a bug in this crate. The panic's text is on the standard error stream.
    #[error("the executor ended unexpectedly")]
    Gone,
}

impl fmt::Debug for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_that_answers_the_error_shows_a_sentence_with_its_causes() {
        let source = io::Error::from(io::ErrorKind::AddrInUse);
        let shown = format!("{:?}", ExecutorError::Bind { address: "127.0.0.1:7777".into(), source });
        assert!(shown.starts_with("cannot listen on 127.0.0.1:7777; set another port"), "{shown}");
        assert!(shown.ends_with("address in use") && !shown.contains('{'), "{shown}");
    }
}
