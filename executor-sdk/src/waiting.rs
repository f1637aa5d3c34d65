//! The callbacks that wait for an admin, and when each is tried next.
//!
//! Pure: the moment and the dice are arguments. It sends nothing and touches no disk; the courier does. What is due goes in
//! the order in which it came to be due.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::report::Report;
use crate::settings::Backoff;

/// The callbacks that wait.
#[derive(Default)]
pub(crate) struct Waiting {
    letters: HashMap<i64, Letter>,
    // Due now. May name a letter twice, or one that is gone; its state says what is true.
    due: VecDeque<i64>,
    later: BTreeSet<(Instant, i64)>,
}

struct Letter {
    report: Arc<Report>,
    attempts: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Due,
    Later(Instant),
    /// A request is in flight. `again`: it was given once more meanwhile, and whoever asked wants to hear it after his
    /// question.
    InFlight {
        again: bool,
    },
}

impl Waiting {
    /// Makes a callback due now; one that is in flight, as soon as it is back. Says whether it is new here.
    pub(crate) fn add(&mut self, report: Arc<Report>) -> bool {
        let run_id = report.run_id;
        let Some(letter) = self.letters.get_mut(&run_id) else {
            self.letters.insert(run_id, Letter { report, attempts: 0, state: State::Due });
            self.due.push_back(run_id);
            return true;
        };
        match letter.state {
            State::Due => {}
            State::Later(due) => {
                letter.state = State::Due;
                self.later.remove(&(due, run_id));
                self.due.push_back(run_id);
            }
            State::InFlight { .. } => letter.state = State::InFlight { again: true },
        }
        false
    }

    /// Makes everything due that is not in flight.
    pub(crate) fn hasten(&mut self) {
        while let Some((_, run_id)) = self.later.pop_first() {
            self.make_due(run_id);
        }
    }

    fn make_due(&mut self, run_id: i64) {
        if let Some(letter) = self.letters.get_mut(&run_id) {
            letter.state = State::Due;
            self.due.push_back(run_id);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// When the next one will be due: `now` if one is.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        if self.due.is_empty() { self.later.first().map(|(due, _)| *due) } else { Some(now) }
    }

    /// Takes the callbacks that are due, for as long as `fits` says so; they stay known until `done` or `postpone`.
    pub(crate) fn take(&mut self, now: Instant, mut fits: impl FnMut(&Arc<Report>) -> bool) {
        while let Some((_, run_id)) = self.later.first().copied().filter(|(due, _)| *due <= now) {
            self.later.pop_first();
            self.make_due(run_id);
        }
        while let Some(run_id) = self.due.front() {
            if let Some(letter) = self.letters.get_mut(run_id).filter(|letter| letter.state == State::Due) {
                if !fits(&letter.report) {
                    return;
                }
                letter.state = State::InFlight { again: false };
                letter.attempts += 1;
            }
            self.due.pop_front();
        }
    }

    /// Settled: forgotten, and true; unless it was given again meanwhile, then it is due once more.
    pub(crate) fn done(&mut self, run_id: i64) -> bool {
        match self.letters.get_mut(&run_id) {
            Some(letter) if letter.state == State::InFlight { again: true } => {
                letter.attempts = 0;
                self.make_due(run_id);
                false
            }
            known => known.is_some() && self.letters.remove(&run_id).is_some(),
        }
    }

    /// Not delivered: due again after a delay, which is returned.
    pub(crate) fn postpone(&mut self, run_id: i64, backoff: &Backoff, dice: f64, now: Instant) -> Duration {
        let Some(letter) = self.letters.get_mut(&run_id) else { return Duration::ZERO };
        let delay = backoff.delay(letter.attempts, dice);
        letter.state = State::Later(now + delay);
        self.later.insert((now + delay, run_id));
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(60) };

    fn report(run_id: i64) -> Arc<Report> {
        Arc::new(Report::new(run_id, "billing".into(), 200, None))
    }

    /// Takes one, as a request for a single result does.
    fn take(waiting: &mut Waiting, now: Instant) -> Option<i64> {
        let mut taken = None;
        waiting.take(now, |report| taken.is_none() && taken.replace(report.run_id).is_none());
        taken
    }

    fn is_empty(waiting: &Waiting) -> bool {
        waiting.is_empty() && waiting.due.is_empty() && waiting.later.is_empty()
    }

    #[test]
    fn a_callback_is_tried_at_once_and_after_failures_ever_later() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        assert!(waiting.add(report(1)));
        assert_eq!(waiting.next_due(now), Some(now));
        assert_eq!(take(&mut waiting, now), Some(1));
        assert_eq!((take(&mut waiting, now), waiting.next_due(now)), (None, None));
        assert_eq!(waiting.postpone(1, &BACKOFF, 1.0, now), Duration::from_secs(1));
        assert_eq!(take(&mut waiting, now), None);
        let later = now + Duration::from_secs(1);
        assert_eq!(waiting.next_due(now), Some(later));
        assert!(take(&mut waiting, later).is_some());
        assert_eq!(waiting.postpone(1, &BACKOFF, 1.0, later), Duration::from_secs(2));
    }

    #[test]
    fn callbacks_go_in_their_order_and_as_many_at_a_time_as_fit() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        assert!((1..=5).all(|run_id| waiting.add(report(run_id))));
        for expected in [vec![1, 2], vec![3, 4], vec![5], vec![]] {
            let mut taken = Vec::new();
            waiting.take(now, |report| {
                let fits = taken.len() < 2;
                if fits {
                    taken.push(report.run_id);
                }
                fits
            });
            assert_eq!(taken, expected);
        }
    }

    #[test]
    fn a_callback_given_again_is_tried_at_once_but_never_twice_at_a_time() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.add(report(1));
        assert!(!waiting.add(report(1)));
        assert_eq!(take(&mut waiting, now), Some(1));
        waiting.add(report(1));
        assert_eq!(take(&mut waiting, now), None, "one is in flight");
        waiting.postpone(1, &BACKOFF, 1.0, now);
        waiting.add(report(1));
        assert!(take(&mut waiting, now).is_some());
        assert!(waiting.done(1) && !waiting.done(1));
        assert!(is_empty(&waiting));
    }

    #[test]
    fn a_callback_asked_for_while_in_flight_is_sent_once_more_afterwards() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.add(report(1));
        take(&mut waiting, now);
        waiting.add(report(1));
        assert!(!waiting.done(1));
        assert_eq!(take(&mut waiting, now), Some(1));
        assert!(waiting.done(1));
        assert!(is_empty(&waiting));
    }

    #[test]
    fn hastening_makes_everything_due() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        for run_id in 1..=3 {
            waiting.add(report(run_id));
            take(&mut waiting, now);
            waiting.postpone(run_id, &BACKOFF, 1.0, now);
        }
        waiting.hasten();
        assert_eq!((1..=3).filter(|_| take(&mut waiting, now).is_some()).count(), 3);
    }
}
