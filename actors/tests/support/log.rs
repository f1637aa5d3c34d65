//! A log that goes to the test's output and is kept, so that a test can look for a line.

use slog::{Drain, Level, OwnedKVList, Record};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

/// The lines that were logged.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<(Level, String)>>>);

impl Logged {
    /// How many lines of at least this level contain this text.
    pub(crate) fn count(&self, level: Level, text: &str) -> usize {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(at, line)| at.is_at_least(level) && line.contains(text)).count()
    }
}

impl Drain for Logged {
    type Ok = ();
    type Err = Infallible;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Infallible> {
        self.0.lock().unwrap().push((record.level(), record.msg().to_string()));
        Ok(())
    }
}

/// A logger, and what it logs.
pub(super) fn logger() -> (slog::Logger, Logged) {
    let logged = Logged::default();
    let shown = slog_term::PlainSyncDecorator::new(slog_term::TestStdoutWriter);
    let shown = slog_term::FullFormat::new(shown).build();
    (slog::Logger::root(slog::Duplicate::new(shown, logged.clone()).fuse(), slog::o!()), logged)
}
