//! What is wrong with the way to the database, and since when: noted by the pool whenever it makes a connection, and told to
//! whoever waited for one in vain, who would only learn that none became free.
//!
//! The log tells of it when it begins, once a minute while it lasts, and when it is over. Nothing here connects, and no clock is
//! read but the one that only measures spans.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often a trouble that lasts is told.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// The way to the database is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The last thing that was seen of it; names the place and the user, never a password.
    pub reason: String,
    /// The same in a few words that name neither: for strangers.
    pub brief: &'static str,
    since: Instant,
}

impl Trouble {
    /// For how long it has been so.
    #[must_use]
    pub fn lasts_for(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Notes every attempt to connect. Its clones share what they know.
#[derive(Debug, Clone)]
pub(crate) struct TroubleWatch {
    log: slog::Logger,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    now: Option<Trouble>,
    told_at: Option<Instant>,
    /// Whether the log knows of the present trouble.
    is_told: bool,
}

impl TroubleWatch {
    pub(crate) fn new(log: slog::Logger) -> TroubleWatch {
        TroubleWatch { log, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with it in hand left a state that is merely as old as before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present trouble.
    pub(crate) fn present(&self) -> Option<Trouble> {
        self.state().now.clone()
    }

    /// A connection could not be made.
    pub(crate) fn failed(&self, reason: &str, brief: &'static str) {
        let now = Instant::now();
        let mut state = self.state();
        let since = state.now.as_ref().map_or(now, |before| before.since);
        state.now = Some(Trouble { reason: reason.to_owned(), brief, since });
        if state.told_at.is_none_or(|told| now.duration_since(told) >= TELL_AGAIN) {
            (state.told_at, state.is_told) = (Some(now), true);
            slog::warn!(self.log, "the database cannot be reached; everything waits until it answers";
                "reason" => reason, "for_s" => now.duration_since(since).as_secs());
        }
    }

    /// The database answered.
    pub(crate) fn answered(&self) {
        let mut state = self.state();
        let Some(over) = state.now.take() else { return };
        if std::mem::take(&mut state.is_told) {
            slog::info!(self.log, "the database answers again"; "after_s" => over.lasts_for().as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slog::Drain;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn watch() -> (TroubleWatch, Arc<AtomicUsize>) {
        let lines = Arc::new(AtomicUsize::new(0));
        let count = lines.clone();
        let drain = slog::Filter::new(slog::Discard, move |_| count.fetch_add(1, Ordering::Relaxed) > usize::MAX - 1);
        (TroubleWatch::new(slog::Logger::root(drain.ignore_res(), slog::o!())), lines)
    }

    #[tokio::test(start_paused = true)]
    async fn a_trouble_keeps_its_beginning_and_is_told_once_a_minute_and_when_it_is_over() {
        let (watch, lines) = watch();
        for second in 0..130 {
            let reason = if second < 60 { "connection refused" } else { "it does not let the user in" };
            watch.failed(reason, "short");
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let trouble = watch.present().unwrap();
        assert_eq!(
            (trouble.lasts_for(), trouble.reason.as_str()),
            (Duration::from_secs(130), "it does not let the user in")
        );
        assert_eq!(lines.load(Ordering::Relaxed), 3);
        watch.answered();
        watch.answered();
        assert_eq!((watch.present(), lines.load(Ordering::Relaxed)), (None, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_refuses_some_connections_does_not_fill_the_log() {
        let (watch, lines) = watch();
        for _ in 0..50 {
            watch.failed("too many connections", "short");
            watch.answered();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(lines.load(Ordering::Relaxed), 2, "it went, it is back");
    }
}
