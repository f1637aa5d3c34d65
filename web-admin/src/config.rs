//! The configuration: one YAML file, over it the environment, under it documented defaults.
//!
//! The keys of the original hzm-job (`hzm.job.admin.port`, `hzm.job.admin.mysql`, `hzm.job.common.log`) mean what they mean
//! there. An unknown key or an impossible value stops the start with a message that names the file, the line, the key and
//! the keys that are like it. Every key is also an environment variable, see `config::environment`. `docs/configuration.md` and
//! `hzm-job.example.yaml` describe each key. Only the log level is taken over while the admin runs.

mod admin;
mod database;
mod environment;
mod error;
mod identity;
mod locate;
mod secret;
mod span;
mod yaml_words;

pub use admin::{AdminConfig, DebugConfig, HttpConfig, SessionConfig, TlsConfig};
pub use database::{DatabaseConfig, MySqlConfig};
pub use environment::every_key;
pub use error::ConfigError;
pub use identity::{GroupRule, LdapConfig, OidcConfig, mapping};
pub use secret::Secret;

use serde::{Deserialize, Serialize};
use std::path::Path;

/// What stands under `hzm.job`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// The admin.
    pub admin: AdminConfig,
    /// What admin and executors have in common: the log.
    pub common: CommonConfig,
    /// The executor's part: tolerated, so that both can share one file, and never read here.
    #[serde(skip_serializing)]
    client: Option<serde::de::IgnoredAny>,
}

/// What stands under `hzm.job.common`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct CommonConfig {
    /// The log.
    pub log: LogConfig,
}

/// The log: `hzm.job.common.log`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct LogConfig {
    /// The least important lines that are written; default `info`. Taken over while the admin runs.
    pub level: LogLevel,
    /// The form of a line; default `text`.
    #[serde(rename = "type")]
    pub kind: LogKind,
}

/// How important a log line must be to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// All lines, every request among them.
    Debug,
    /// What happens rarely enough to be read.
    #[default]
    Info,
    /// What somebody should look at some day.
    Warn,
    /// What somebody should look at now.
    Error,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The file from its root.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileRoot {
    hzm: HzmSection,
}

/// What stands under `hzm`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HzmSection {
    job: Config,
}

impl Config {
    /// Reads a file and lays the environment over it.
    ///
    /// # Errors
    /// [`ConfigError`], which names what is wrong, where, and what to do.
    pub fn load(path: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { file: path.display().to_string(), source })?;
        Config::parse(&text, &path.display().to_string(), environment)
    }

    /// The same of a text; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(
        text: &str,
        file: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let root: FileRoot = if has_content(text) {
            serde_saphyr::from_str(text).map_err(|error| ConfigError::of_yaml(&error, text, file))?
        } else {
            FileRoot::default()
        };
        // A file may leave to the environment what it lacks, such as a password; what is wrong is told of the place where it
        // stands, and of no variable that nobody set.
        let ours = environment::ours(environment);
        let config = environment::overlay(root.hzm.job, &ours)?;
        config.check().map_err(|(key, problem)| match environment::speaker(&key, &ours) {
            Some(variable) => ConfigError::of_variable(variable, problem),
            None => ConfigError::of_value(key, problem, text, file),
        })?;
        Ok(config)
    }

    /// The defaults with the environment over them: the configuration of a start without a file.
    ///
    /// # Errors
    /// [`ConfigError::Environment`] and [`ConfigError::Incomplete`].
    pub fn from_environment(environment: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        let ours = environment::ours(environment);
        let config = environment::overlay(Config::default(), &ours)?;
        config.check().map_err(|(key, problem)| match environment::speaker(&key, &ours) {
            Some(variable) => ConfigError::of_variable(variable, problem),
            None => ConfigError::of_unset(&key, &problem),
        })?;
        Ok(config)
    }

    /// The first value that is possible as such but cannot be used, with its key and what to do.
    fn check(&self) -> Result<(), (String, String)> {
        self.admin.check().map_err(|(key, problem)| (format!("hzm.job.admin.{key}"), problem))
    }
}

/// Whether a YAML text says anything: one of blanks and comments only means the defaults.
fn has_content(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#') && line != "---")
}

#[cfg(test)]
mod tests;
