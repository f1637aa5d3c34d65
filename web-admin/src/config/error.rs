//! What is wrong with the configuration, in words that name the place and the way out.

use super::locate::{key_on_line, line_of_key};
use super::yaml_words;
use thiserror::Error;

/// Why the configuration cannot be used. No message ever shows a value that may be a secret.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {file}; name an existing one with -f")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file has an unknown key or an impossible value, or is no YAML.
    #[error("{place}: {problem}")]
    File {
        /// File and line.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A variable of the environment is unknown or has an impossible value.
    #[error("environment variable {variable}: {problem}")]
    Environment {
        /// The variable.
        variable: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl ConfigError {
    /// From what the YAML reader says.
    pub(super) fn of_yaml(error: &serde_saphyr::Error, text: &str, file: &str) -> ConfigError {
        let line = error.location().map(|location| location.line());
        let key = line.and_then(|line| key_on_line(text, line)).unwrap_or_default();
        // Without the snippet: it would show the line, and the line may hold a password.
        let problem = yaml_words::problem(error.without_snippet(), &key);
        ConfigError::File { place: place(file, line), problem }
    }

    /// From a value that is possible as such but cannot be used.
    pub(super) fn of_value(key: String, problem: String, text: &str, file: &str) -> ConfigError {
        ConfigError::File { place: place(file, line_of_key(text, &key)), problem: format!("{key}: {problem}") }
    }

    /// The same, when it came about by the environment.
    pub(super) fn of_overlaid(key: String, problem: String) -> ConfigError {
        ConfigError::Environment { variable: super::environment::variable(&key), problem }
    }
}

fn place(file: &str, line: Option<u64>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file} line {line}"))
}
