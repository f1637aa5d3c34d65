//! What the examples have in common: their settings from the environment, so that each `main.rs` shows only its subject.
//!
//! A program of your own would more likely use `Executor::from_yaml`.

use std::env;

use hzmjob::{Executor, ExecutorBuilder};

/// An executor with the settings of the environment:
///
/// | variable | default |
/// | --- | --- |
/// | `HZM_JOB_ADMIN` | `http://127.0.0.1:8888` |
/// | `HZM_JOB_APP_KEY` | the name of the example |
/// | `HZM_JOB_APP_SECRET` | none |
/// | `HZM_JOB_PORT` | 7777 |
///
/// # Errors
///
/// When `HZM_JOB_PORT` is not a port.
pub fn executor(example: &str) -> Result<ExecutorBuilder, String> {
    let variable = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let port = variable("HZM_JOB_PORT", "7777");
    let port = port.parse().map_err(|_| format!("HZM_JOB_PORT is {port:?}, which is not a port: 0 to 65535"))?;
    Ok(Executor::builder(variable("HZM_JOB_APP_KEY", example))
        .admin(variable("HZM_JOB_ADMIN", "http://127.0.0.1:8888"))
        .secret(variable("HZM_JOB_APP_SECRET", ""))
        .port(port))
}
