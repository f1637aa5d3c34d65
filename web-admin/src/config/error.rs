//! What is wrong with the configuration, in words that name the place and the way out.

use super::locate::{key_at, line_of_key};
use super::{environment, yaml_words};
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
    /// What the variables of the environment say is not enough, or does not go together.
    #[error("the configuration by variables of the environment: {problem}")]
    Incomplete {
        /// The key, what is wrong with it, and what to do.
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
        let location = error.location();
        let line = location.map(|location| location.line());
        let key = location.and_then(|location| key_at(text, location.line(), location.column())).unwrap_or_default();
        // Without the snippet: it would show the line, and the line may hold a password.
        let problem = yaml_words::problem(error.without_snippet(), &key);
        ConfigError::File { place: place(file, line), problem }
    }

    /// From a value that is possible as such but cannot be used.
    pub(super) fn of_value(key: String, problem: String, text: &str, file: &str) -> ConfigError {
        ConfigError::File { place: place(file, line_of_key(text, &key)), problem: format!("{key}: {problem}") }
    }

    /// The same where there is no file.
    pub(super) fn of_unset(key: &str, problem: &str) -> ConfigError {
        let how = match environment::takes(key) {
            true => format!(" (as a variable: {})", environment::variable(key)),
            false => " (in a configuration file, named with -f; not as a variable)".to_owned(),
        };
        ConfigError::Incomplete { problem: format!("{key}: {problem}{how}") }
    }

    /// The same of what a variable says.
    pub(super) fn of_variable(variable: String, problem: String) -> ConfigError {
        ConfigError::Environment { variable, problem }
    }
}

fn place(file: &str, line: Option<u64>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file} line {line}"))
}
