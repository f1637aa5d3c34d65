//! Takes a changed log level over while the admin runs.

use super::LevelSwitch;
use crate::config::{Config, LogLevel};
use slog::Logger;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::time::{MissedTickBehavior, interval};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What tells one state of a file from another without reading it.
type Stamp = Option<(SystemTime, u64)>;

/// Looks at the configuration file every two seconds, for ever, and takes a changed level over. A file that cannot be read
/// or has a mistake is reported once, and the old level stays.
pub async fn watch_level(path: PathBuf, mut current: LogLevel, switch: LevelSwitch, log: Logger) {
    let mut seen = stamp(&path).await;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = stamp(&path).await;
        if now == seen {
            continue;
        }
        seen = now;
        if let Some(level) = level_of(&path, &log).filter(|level| *level != current) {
            switch.set(level);
            slog::info!(log, "log level changed"; "from" => ?current, "to" => ?level);
            current = level;
        }
    }
}

async fn stamp(path: &Path) -> Stamp {
    let about = tokio::fs::metadata(path).await.ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// The level that the file asks for now.
fn level_of(path: &Path, log: &Logger) -> Option<LogLevel> {
    match Config::load(path, std::env::vars()) {
        Ok(config) => Some(config.common.log.level),
        Err(error) => {
            slog::warn!(log, "the configuration file changed and cannot be used; the log level stays"; "error" => %error);
            None
        }
    }
}
