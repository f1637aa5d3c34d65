//! Every key as an environment variable: `hzm.job.admin.session.idle` is `HZM_JOB_ADMIN_SESSION_IDLE`, and
//! `hzm.job.admin.http.keepAlive` is `HZM_JOB_ADMIN_HTTP_KEEP_ALIVE`.
//!
//! A variable wins over the file. One that begins with `HZM_JOB_ADMIN_` or `HZM_JOB_COMMON_` and names no key stops the
//! start: a misspelt variable is as bad as a misspelt key. Which keys there are is told by the serialised defaults, so a
//! new key needs no entry here.

use super::locate::suggestion;
use super::yaml_words;
use super::{Config, ConfigError, FileRoot, HzmSection, MySqlConfig};
use serde_json::Value;

const PREFIXES: [&str; 2] = ["HZM_JOB_ADMIN_", "HZM_JOB_COMMON_"];

/// Every key with its default, in the order of the file: `("hzm.job.admin.port", 8888)`.
pub fn every_key() -> Vec<(String, Value)> {
    let mut config = Config::default();
    config.admin.mysql = Some(MySqlConfig::default());
    let mut keys = Vec::new();
    collect("hzm.job", &tree(&config), &mut keys);
    keys
}

/// The variable of a key.
pub(super) fn variable(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 8);
    for letter in key.chars() {
        match letter {
            '.' => name.push('_'),
            upper if upper.is_ascii_uppercase() => name.extend(['_', upper]),
            other => name.push(other.to_ascii_uppercase()),
        }
    }
    name
}

/// Whether a key can be given as a variable.
pub(super) fn takes(key: &str) -> bool {
    every_key().iter().any(|(known, default)| known == key && !default.is_array())
}

/// The variables that are for us.
pub(super) fn ours(environment: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    environment.filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix))).collect()
}

/// The variable among these that says something of a key, or of the section that the key is.
pub(super) fn speaker(key: &str, ours: &[(String, String)]) -> Option<String> {
    let whole = variable(key);
    let is_section = every_key().iter().all(|(known, _)| known != key);
    let says = |name: &str| name == whole || (is_section && name.starts_with(&format!("{whole}_")));
    ours.iter().find(|(name, _)| says(name)).map(|(name, _)| name.clone())
}

/// The configuration with the environment laid over it.
pub(super) fn overlay(mut config: Config, ours: &[(String, String)]) -> Result<Config, ConfigError> {
    let known = every_key();
    for (name, text) in ours {
        let refuse = |problem: String| ConfigError::Environment { variable: name.clone(), problem };
        let Some((key, default)) = known.iter().find(|(key, _)| variable(key) == *name) else {
            let names: Vec<String> = known.iter().map(|(key, _)| variable(key)).collect();
            return Err(refuse(format!("there is no such key{}", suggestion(name, &names))));
        };
        let value = typed(text, default).map_err(refuse)?;
        let changed = with_value(&config, key, value).map_err(|error| refuse(said(&error)))?;
        config = changed;
    }
    Ok(config)
}

/// The text as a value of the kind that the key's default is of.
fn typed(text: &str, default: &Value) -> Result<Value, String> {
    match default {
        Value::Number(_) => text
            .trim()
            .parse::<serde_json::Number>()
            .map(Value::Number)
            .map_err(|_| "the value must be a number".to_owned()),
        Value::Bool(_) => match text.trim() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("the value must be true or false".to_owned()),
        },
        Value::Array(_) => {
            Err("this list cannot be given as a variable; write it into the configuration file".to_owned())
        }
        // Whoever takes a value from a file often gets the end of its line too, and never means it.
        _ => Ok(Value::String(text.trim_end_matches(['\r', '\n']).to_owned())),
    }
}

/// What is wrong with a value, without the names of types: `..., expected u16`.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((start, kind)) if start.starts_with("invalid ") => format!("give {}", yaml_words::kind(kind)),
        _ => text,
    }
}

fn with_value(config: &Config, key: &str, value: Value) -> Result<Config, serde_json::Error> {
    let mut config = config.clone();
    if key.starts_with("hzm.job.admin.mysql.") {
        config.admin.mysql.get_or_insert_default();
    }
    let mut root = serde_json::to_value(FileRoot { hzm: HzmSection { job: config } })?;
    if let Some(place) = root.pointer_mut(&format!("/{}", key.replace('.', "/"))) {
        *place = value;
    }
    Ok(serde_json::from_value::<FileRoot>(root)?.hzm.job)
}

fn tree(config: &Config) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

fn collect(path: &str, value: &Value, keys: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(inner) => inner.iter().for_each(|(key, value)| collect(&format!("{path}.{key}"), value, keys)),
        leaf => keys.push((path.to_owned(), leaf.clone())),
    }
}
