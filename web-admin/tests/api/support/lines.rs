//! A log whose lines can be looked at.

use slog::Drain;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Warnings and errors come here.
    pub(crate) fn log(&self) -> slog::Logger {
        let lines = slog_term::FullFormat::new(slog_term::PlainSyncDecorator::new(self.clone())).build();
        slog::Logger::root(lines.filter_level(slog::Level::Warning).ignore_res(), slog::o!())
    }

    /// The lines that have this word in them.
    pub(crate) fn with(&self, word: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(piece)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
