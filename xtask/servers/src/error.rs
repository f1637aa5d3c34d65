//! Why there is no server.

use std::fmt;
use std::io;

/// Why a server could not be had, or not be told something.
#[derive(Debug)]
pub enum Problem {
    /// Programs are not installed; the text names them and what to install.
    Missing(String),
    /// Something that should have worked did not; the text says what and shows what the server said.
    Failed(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(text) | Self::Failed(text) => out.write_str(text),
        }
    }
}

impl std::error::Error for Problem {}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Names what was being done when something failed.
pub(crate) fn failed(what: impl fmt::Display, error: impl fmt::Display) -> Problem {
    Problem::Failed(format!("{what}: {error}"))
}
