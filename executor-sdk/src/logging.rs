//! The logger of an executor that was not given one: to standard error, as text or JSON.

use serde::Deserialize;
use slog::{Drain, Level, Logger, o};
use slog_async::{Async, AsyncGuard, OverflowStrategy};

/// Lines that wait for the writer; beyond it they are dropped and counted, so that a slow terminal stops no job.
const WAITING_LINES: usize = 8_192;

/// The least severe level that is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// `hzm.job.common.log`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LogConfig {
    pub(crate) level: LogLevel,
    pub(crate) format: LogFormat,
}

impl LogConfig {
    fn level(self) -> Level {
        match self.level {
            LogLevel::Debug => Level::Debug,
            LogLevel::Info => Level::Info,
            LogLevel::Warn => Level::Warning,
            LogLevel::Error => Level::Error,
        }
    }

    /// The logger, and the guard that writes the last lines out when it is dropped.
    pub(crate) fn logger(self) -> (Logger, AsyncGuard) {
        let (drain, guard) = match self.format {
            LogFormat::Text => {
                let decorator = slog_term::TermDecorator::new().stderr().build();
                // One line a record with all its ids, so that `grep` finds everything about a run.
                queued(slog_term::FullFormat::new(decorator).use_original_order().build().fuse())
            }
            LogFormat::Json => queued(slog_json::Json::default(std::io::stderr()).fuse()),
        };
        // `fuse` would panic in a job that outlives its executor and still has something to say.
        (Logger::root(drain.filter_level(self.level()).ignore_res(), o!()), guard)
    }
}

fn queued<D>(drain: D) -> (Async, AsyncGuard)
where
    D: Drain<Err = slog::Never, Ok = ()> + Send + 'static,
{
    Async::new(drain).chan_size(WAITING_LINES).overflow_strategy(OverflowStrategy::DropAndReport).build_with_guard()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_after_the_end_is_lost_without_a_panic() {
        let (logger, guard) = LogConfig { level: LogLevel::Info, format: LogFormat::Json }.logger();
        drop(guard);
        slog::info!(logger, "too late");
        assert!(logger.is_enabled(Level::Info) && !logger.is_enabled(Level::Debug));
    }
}
