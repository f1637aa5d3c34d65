//! Which runs an executor has in hand and which it remembers: the decision about each trigger, without doing anything.
//!
//! Pure: the moment is an argument. It never runs, sends or logs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::report::Report;

/// How many ended runs are remembered, so that a repeated trigger is recognised.
const REMEMBERED_RUNS: usize = 10_000;
/// How long an ended run is remembered. An admin that asks about a run later than this has long ended it by itself.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// However many they are, runs are remembered for so long: longer than a trigger without an answer takes to come again.
const REMEMBERED_AT_LEAST: Duration = Duration::from_secs(60);
/// But never more than so many, which is ten seconds of the heaviest load,
const MOST_RUNS: usize = 250_000;
/// and never more memory than this beyond the first ten thousand, in bytes.
const MOST_WEIGHT: usize = 128 * 1024 * 1024;

/// What becomes of a trigger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// A new run.
    Start,
    /// The run is in hand already; it is not started twice.
    InHand,
    /// The run has ended; this is its callback, to be sent again.
    Ended(Arc<Report>),
    /// Too many runs in hand.
    Busy,
    /// The executor is shutting down.
    Closing,
}

/// The runs in hand, each with what is needed to reach it, and the ended ones.
pub(crate) struct Ledger<R> {
    in_hand: HashMap<i64, R>,
    ended: HashMap<i64, Arc<Report>>,
    // In the order of ending, which is the order of forgetting.
    ended_order: VecDeque<(Instant, i64)>,
    ended_weight: usize,
    capacity: usize,
    closing: bool,
}

impl<R> Ledger<R> {
    /// An empty ledger that takes at most `capacity` runs in hand.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            in_hand: HashMap::new(),
            ended: HashMap::new(),
            ended_order: VecDeque::new(),
            ended_weight: 0,
            capacity,
            closing: false,
        }
    }

    /// Decides about a trigger. A repeated one is recognised whatever the load: answering it costs nothing.
    pub(crate) fn admit(&self, run_id: i64) -> Admission {
        if self.in_hand.contains_key(&run_id) {
            return Admission::InHand;
        }
        if let Some(report) = self.ended.get(&run_id) {
            return Admission::Ended(Arc::clone(report));
        }
        if self.closing {
            return Admission::Closing;
        }
        if self.in_hand.len() >= self.capacity {
            return Admission::Busy;
        }
        Admission::Start
    }

    pub(crate) fn start(&mut self, run_id: i64, run: R) {
        self.in_hand.insert(run_id, run);
    }

    /// Moves a run from those in hand to those remembered.
    pub(crate) fn end(&mut self, report: Arc<Report>, now: Instant) {
        let run_id = report.run_id;
        self.in_hand.remove(&run_id);
        self.ended_weight += report.weight();
        match self.ended.insert(run_id, report) {
            Some(former) => self.ended_weight -= former.weight(),
            None => self.ended_order.push_back((now, run_id)),
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while let Some((ended_at, run_id)) = self.ended_order.front().copied() {
            let (count, age) = (self.ended_order.len(), now.duration_since(ended_at));
            let too_many = count > MOST_RUNS || self.ended_weight > MOST_WEIGHT || age > REMEMBERED_AT_LEAST;
            if !(age > REMEMBERED_FOR || (count > REMEMBERED_RUNS && too_many)) {
                break;
            }
            self.ended_weight -= self.ended.remove(&run_id).map_or(0, |report| report.weight());
            self.ended_order.pop_front();
        }
    }

    pub(crate) fn get(&self, run_id: i64) -> Option<&R> {
        self.in_hand.get(&run_id)
    }

    /// The runs in hand.
    pub(crate) fn in_hand(&self) -> &HashMap<i64, R> {
        &self.in_hand
    }

    /// Lets go of every run in hand, and remembers none of them.
    pub(crate) fn let_go(&mut self) -> HashMap<i64, R> {
        std::mem::take(&mut self.in_hand)
    }

    /// From now on new runs are refused; repeated triggers are still answered.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(run_id: i64) -> Arc<Report> {
        Arc::new(Report::new(run_id, "billing".into(), 200, None))
    }

    #[test]
    fn a_run_is_started_once_and_its_end_is_told_again() {
        let mut ledger = Ledger::new(2);
        assert_eq!(ledger.admit(1), Admission::Start);
        ledger.start(1, ());
        assert_eq!(ledger.admit(1), Admission::InHand);
        ledger.end(report(1), Instant::now());
        assert_eq!(ledger.admit(1), Admission::Ended(report(1)));
        assert!(ledger.get(1).is_none());
    }

    #[test]
    fn a_full_or_closing_ledger_refuses_only_new_runs() {
        let mut ledger = Ledger::new(1);
        ledger.start(1, ());
        assert_eq!(ledger.admit(2), Admission::Busy);
        assert_eq!(ledger.admit(1), Admission::InHand);
        ledger.end(report(1), Instant::now());
        ledger.close();
        assert_eq!(ledger.admit(2), Admission::Closing);
        assert_eq!(ledger.admit(1), Admission::Ended(report(1)));
    }

    #[test]
    fn the_oldest_runs_are_forgotten_beyond_the_bound() {
        let mut ledger = Ledger::<()>::new(1);
        let now = Instant::now();
        for run_id in 0..=REMEMBERED_RUNS as i64 {
            ledger.end(report(run_id), now);
        }
        assert_eq!(ledger.admit(0), Admission::Ended(report(0)), "it is young");
        let later = now + REMEMBERED_AT_LEAST + Duration::from_secs(1);
        ledger.end(report(-1), later);
        assert_eq!((ledger.admit(0), ledger.admit(1)), (Admission::Start, Admission::Start));
        assert_eq!(ledger.admit(2), Admission::Ended(report(2)));
        assert_eq!((ledger.ended.len(), ledger.ended_order.len()), (REMEMBERED_RUNS, REMEMBERED_RUNS));
    }

    #[test]
    fn even_young_runs_are_forgotten_when_they_are_far_too_many_or_too_heavy() {
        let (mut ledger, now) = (Ledger::<()>::new(1), Instant::now());
        for run_id in 0..=MOST_RUNS as i64 {
            ledger.end(report(run_id), now);
        }
        assert_eq!(ledger.admit(0), Admission::Start);
        assert_eq!(ledger.admit(1), Admission::Ended(report(1)));
        let mut ledger = Ledger::<()>::new(1);
        for run_id in 0..40_000 {
            let heavy = Report::new(run_id, "billing".into(), 200, Some("x".repeat(4_096)));
            ledger.end(Arc::new(heavy), now);
        }
        assert!(ledger.ended_weight <= MOST_WEIGHT && ledger.ended.len() > REMEMBERED_RUNS);
        ledger.ended_order.iter().for_each(|(_, run_id)| assert!(ledger.ended.contains_key(run_id)));
    }

    #[test]
    fn a_run_is_forgotten_after_a_day() {
        let mut ledger = Ledger::<()>::new(1);
        let now = Instant::now();
        ledger.end(report(1), now);
        ledger.end(report(2), now + REMEMBERED_FOR);
        assert_eq!(ledger.admit(1), Admission::Ended(report(1)));
        ledger.end(report(3), now + REMEMBERED_FOR + Duration::from_secs(1));
        assert_eq!(ledger.admit(1), Admission::Start);
    }
}
