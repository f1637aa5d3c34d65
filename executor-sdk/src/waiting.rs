//! The callbacks that wait for an admin, and when each is tried next.
//!
//! Pure: the moment and the dice are arguments. It sends nothing and touches no disk; the courier does.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use hzm_job_protocol::hzm::Callback;
use tokio::time::Instant;

use crate::settings::Backoff;

/// The callbacks that wait, and when each is tried next.
#[derive(Default)]
pub(crate) struct Waiting {
    letters: HashMap<i64, Letter>,
    due: BTreeSet<(Instant, i64)>,
}

struct Letter {
    callback: Arc<Callback>,
    attempts: u32,
    // `None` while a request is in flight.
    due: Option<Instant>,
    // Given again while a request is in flight: whoever asked wants to hear it after his question.
    again: bool,
}

impl Waiting {
    /// Makes a callback due now; one that is in flight, as soon as it is back.
    pub(crate) fn add(&mut self, callback: Arc<Callback>, now: Instant) {
        let run_id = callback.log_id;
        let letter = Letter { callback, attempts: 0, due: Some(now), again: false };
        let letter = self.letters.entry(run_id).or_insert(letter);
        let Some(due) = letter.due.as_mut() else {
            letter.again = true;
            return;
        };
        self.due.remove(&(*due, run_id));
        *due = now;
        self.due.insert((now, run_id));
    }

    /// Makes everything due that is not in flight.
    pub(crate) fn hasten(&mut self, now: Instant) {
        for (_, run_id) in std::mem::take(&mut self.due) {
            if let Some(letter) = self.letters.get_mut(&run_id) {
                letter.due = Some(now);
                self.due.insert((now, run_id));
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes the callbacks that are due, for as long as `fits` says so; they stay known until `done` or `postpone`.
    pub(crate) fn take(&mut self, now: Instant, mut fits: impl FnMut(&Arc<Callback>) -> bool) {
        while let Some((_, run_id)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            if let Some(letter) = self.letters.get_mut(&run_id) {
                if !fits(&letter.callback) {
                    return;
                }
                letter.due = None;
                letter.attempts += 1;
            }
            self.due.pop_first();
        }
    }

    /// Settled: forgotten, unless it was given again meanwhile.
    pub(crate) fn done(&mut self, run_id: i64, now: Instant) {
        if let Some(letter) = self.letters.remove(&run_id)
            && letter.again
        {
            self.add(letter.callback, now);
        }
    }

    /// Not delivered: due again after a delay, which is returned.
    pub(crate) fn postpone(&mut self, run_id: i64, backoff: &Backoff, dice: f64, now: Instant) -> Duration {
        let Some(letter) = self.letters.get_mut(&run_id) else { return Duration::ZERO };
        let delay = backoff.delay(letter.attempts, dice);
        (letter.due, letter.again) = (Some(now + delay), false);
        self.due.insert((now + delay, run_id));
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(60) };

    fn callback(log_id: i64) -> Arc<Callback> {
        Arc::new(Callback { log_id, app_key: "billing".into(), handler_code: 200, handler_msg: None })
    }

    /// Takes one, as a request for a single result does.
    fn take(waiting: &mut Waiting, now: Instant) -> Option<i64> {
        let mut taken = None;
        waiting.take(now, |callback| taken.is_none() && taken.replace(callback.log_id).is_none());
        taken
    }

    #[test]
    fn a_callback_is_tried_at_once_and_after_failures_ever_later() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.add(callback(1), now);
        assert_eq!(take(&mut waiting, now), Some(1));
        assert_eq!(take(&mut waiting, now), None);
        assert_eq!(waiting.postpone(1, &BACKOFF, 1.0, now), Duration::from_secs(1));
        assert_eq!(take(&mut waiting, now), None);
        let later = now + Duration::from_secs(1);
        assert_eq!(waiting.next_due(), Some(later));
        assert!(take(&mut waiting, later).is_some());
        assert_eq!(waiting.postpone(1, &BACKOFF, 1.0, later), Duration::from_secs(2));
    }

    #[test]
    fn a_callback_given_again_is_tried_at_once_but_never_twice_at_a_time() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.add(callback(1), now);
        take(&mut waiting, now);
        waiting.add(callback(1), now);
        assert_eq!(take(&mut waiting, now), None, "one is in flight");
        waiting.postpone(1, &BACKOFF, 1.0, now);
        waiting.add(callback(1), now);
        assert!(take(&mut waiting, now).is_some());
        waiting.done(1, now);
        assert!(waiting.letters.is_empty() && waiting.due.is_empty());
    }

    #[test]
    fn a_callback_asked_for_while_in_flight_is_sent_once_more_afterwards() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.add(callback(1), now);
        take(&mut waiting, now);
        waiting.add(callback(1), now);
        waiting.done(1, now);
        assert_eq!(take(&mut waiting, now), Some(1));
        waiting.done(1, now);
        assert!(waiting.letters.is_empty() && waiting.due.is_empty());
    }

    #[test]
    fn hastening_makes_everything_due() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        for run_id in 1..=3 {
            waiting.add(callback(run_id), now);
            take(&mut waiting, now);
            waiting.postpone(run_id, &BACKOFF, 1.0, now);
        }
        waiting.hasten(now);
        assert_eq!((1..=3).filter(|_| take(&mut waiting, now).is_some()).count(), 3);
    }
}
