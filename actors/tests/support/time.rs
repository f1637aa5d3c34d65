//! How time passes.

use super::World;
use chrono::TimeDelta;
use std::panic::Location;
use std::sync::mpsc;
use std::time::Duration;

/// Virtual time moves by at most this at once, so ten times faster than real time: the five seconds that a node has for its
/// answer are half a real second, which a busy machine still keeps.
const STEP: Duration = Duration::from_millis(10);

/// By so much while the scheduler is asked something: the answer should not cost the test's time.
const SMALL_STEP: Duration = Duration::from_millis(2);

/// How long the store and the nodes get, in real time, after each step.
const BREATH: Duration = Duration::from_millis(1);

/// How long a condition may take, in real time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pauses time, and keeps tokio from moving it on its own: it does not while a blocking task runs. Dropping the answer
/// ends that task.
pub(super) fn hold_still() -> mpsc::Sender<()> {
    tokio::time::pause();
    let (guard, dropped) = mpsc::channel();
    tokio::task::spawn_blocking(move || dropped.recv().is_err());
    guard
}

impl World {
    /// Lets so much time pass.
    pub(crate) async fn pass(&self, time: TimeDelta) {
        let end = tokio::time::Instant::now() + time.to_std().unwrap();
        loop {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                return breathe().await;
            }
            self.step(left.min(STEP)).await;
        }
    }

    /// Lets time pass until the condition holds.
    #[track_caller]
    pub(crate) fn until<'w>(
        &'w self,
        what: &'w str,
        mut condition: impl AsyncFnMut() -> bool + 'w,
    ) -> impl Future<Output = ()> + 'w {
        let asked_at = Location::caller();
        async move {
            let since = std::time::Instant::now();
            while !condition().await {
                assert!(since.elapsed() < PATIENCE, "{asked_at}: waited in vain until {what}");
                self.step(STEP).await;
            }
        }
    }

    /// Asks the scheduler something while time passes: the journal waits a moment for company before it commits.
    pub(crate) async fn during<T>(&self, question: impl Future<Output = T>) -> T {
        let mut question = std::pin::pin!(question);
        loop {
            tokio::select! {
                biased;
                answer = &mut question => return answer,
                () = self.step(SMALL_STEP) => {}
            }
        }
    }

    async fn step(&self, by: Duration) {
        tokio::time::advance(by).await;
        self.clock.read();
        breathe().await;
        // A change of nothing waits its turn behind every commit under way: no virtual time passes while the disk works,
        // so a slow machine makes nothing late.
        self.store.session_delete(String::new()).await.unwrap();
    }
}

/// A real millisecond for everybody else, in which no virtual time passes.
pub(crate) async fn breathe() {
    tokio::task::spawn_blocking(|| std::thread::park_timeout(BREATH)).await.unwrap();
}
