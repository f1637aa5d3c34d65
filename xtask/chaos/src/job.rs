//! Jobs as the breaker defines them: what it sends to the admin, and what follows from it by plain arithmetic.

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::trace::Work;

/// When a job is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Every so many milliseconds after its start.
    Rate(i64),
    /// Whenever the seconds of the minute can be divided by this; a divisor of 60.
    Cron(i64),
    /// So many milliseconds after the end of the run before.
    Delay(i64),
    /// Only when somebody orders it.
    ByHand,
}

impl Pace {
    /// The moments after `start` until `end`, that included; none where they follow from the runs themselves.
    #[must_use]
    pub fn moments(self, start: i64, end: i64) -> Vec<i64> {
        let (first, step) = match self {
            Pace::Rate(period) => (start + period, period),
            Pace::Cron(seconds) => ((start.div_euclid(seconds * 1_000) + 1) * seconds * 1_000, seconds * 1_000),
            Pace::Delay(_) | Pace::ByHand => return Vec::new(),
        };
        std::iter::successors(Some(first), |moment| Some(moment + step)).take_while(|moment| *moment <= end).collect()
    }

    /// Whether this is one of the moments after `start`.
    #[must_use]
    pub fn is_moment(self, start: i64, moment: i64) -> bool {
        let falls = match self {
            Pace::Rate(period) => (moment - start) % period == 0,
            Pace::Cron(seconds) => moment % (seconds * 1_000) == 0,
            Pace::Delay(_) | Pace::ByHand => false,
        };
        falls && moment > start
    }

    /// The schedule as the admin takes and tells it: its kind and its expression.
    #[must_use]
    pub fn json(self) -> Value {
        let every = |millis: i64| format!("{millis}ms");
        match self {
            Pace::Rate(millis) => json!({ "kind": "fixed_rate", "expression": every(millis) }),
            Pace::Delay(millis) => json!({ "kind": "fixed_delay", "expression": every(millis) }),
            Pace::ByHand => json!({ "kind": "manual" }),
            Pace::Cron(seconds) => json!({ "kind": "cron", "expression": format!("*/{seconds} * * * * ?") }),
        }
    }
}

/// What becomes of a fire that meets an unfinished run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It is skipped.
    Skip,
    /// It waits.
    Queue,
    /// It starts as well.
    Parallel,
    /// It takes the other's place.
    Replace,
}

/// What becomes of a fire that comes late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfire {
    /// It is skipped.
    Skip,
    /// Only the newest is executed.
    FireOnce,
    /// It is executed all the same.
    FireAll,
}

/// A job's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct JobPlan {
    /// Its name.
    pub name: String,
    /// When it is due.
    pub pace: Pace,
    /// What overlap does.
    pub overlap: Overlap,
    /// The bound of its queue, or of runs side by side.
    pub overlap_limit: usize,
    /// What lateness does.
    pub misfire: Misfire,
    /// Attempts after the first.
    pub retries: i32,
    /// Whether a run of unknown fate is never sent again.
    pub at_most_once: bool,
    /// The longest a run may take, in milliseconds; 0: as long as it likes.
    pub timeout_ms: i64,
    /// How long a run takes, in milliseconds.
    pub takes_ms: u64,
    /// Every so many-th run fails; 0: none.
    pub fails_every: i64,
}

impl JobPlan {
    /// The definition as the admin takes it.
    #[must_use]
    pub fn json(&self, executor: i64) -> Value {
        let overlap = match self.overlap {
            Overlap::Skip => "skip",
            Overlap::Queue => "queue",
            Overlap::Parallel => "parallel",
            Overlap::Replace => "replace",
        };
        let misfire = match self.misfire {
            Misfire::Skip => "skip",
            Misfire::FireOnce => "fire_once",
            Misfire::FireAll => "fire_all",
        };
        let work = Work { takes_ms: self.takes_ms, fails_every: self.fails_every };
        json!({
            "executor": executor, "name": self.name, "handler": "chaos-work", "parameters": json!(work).to_string(),
            "schedule": self.pace.json(), "overlap": overlap, "overlap_limit": self.overlap_limit, "misfire": misfire,
            "delivery": if self.at_most_once { "at_most_once" } else { "at_least_once" }, "timeout_ms": self.timeout_ms,
            "retry": { "retries": self.retries, "interval_ms": 200, "factor": 1.5, "max_interval_ms": 1_000, "jitter": 0.2 },
        })
    }
}

/// Jobs that together are due about `rate` times a second; one in sixteen waits for its own end instead.
#[must_use]
pub fn jobs(seed: u64, rate: usize) -> Vec<JobPlan> {
    let mut dice = Dice::new(seed ^ 0x10B5);
    (0..rate.max(1)).map(|place| job(place, &mut dice)).collect()
}

/// A job that is only due when somebody orders it.
#[must_use]
pub fn by_hand() -> JobPlan {
    JobPlan {
        name: "chaos by hand".to_owned(),
        pace: Pace::ByHand,
        overlap: Overlap::Parallel,
        overlap_limit: 1_000,
        misfire: Misfire::FireOnce,
        retries: 0,
        at_most_once: false,
        timeout_ms: 0,
        takes_ms: 0,
        fails_every: 0,
    }
}

/// Policies go through all their values side by side, so that a few dozen jobs have every combination that matters.
fn job(place: usize, dice: &mut Dice) -> JobPlan {
    let overlap = match place % 4 {
        0 => Overlap::Skip,
        1 => Overlap::Queue,
        2 => Overlap::Parallel,
        _ => Overlap::Replace,
    };
    let misfire = match place % 3 {
        0 => Misfire::FireOnce,
        1 => Misfire::Skip,
        _ => Misfire::FireAll,
    };
    let pace = match place % 16 {
        15 => Pace::Delay(1_000),
        1 | 3 | 5 | 7 | 9 | 11 | 13 => Pace::Cron(1),
        _ => Pace::Rate(1_000),
    };
    let has_timeout = place % 5 == 4;
    // Now and then longer than the period, so that fires meet runs; a queue would otherwise never run empty again.
    let longest = if overlap == Overlap::Queue { 900 } else { 2_000 };
    JobPlan {
        name: format!("chaos {place}"),
        pace,
        overlap,
        overlap_limit: 5,
        misfire,
        retries: i32::from(place % 7 >= 4) * 2,
        at_most_once: place % 6 == 5,
        timeout_ms: if has_timeout { 1_000 } else { 0 },
        takes_ms: dice.between(0, longest),
        fails_every: if place.is_multiple_of(3) { 5 } else { 0 },
    }
}

/// A job as it really was: its definition, its id, and the times in which it was in force by the admin's own clock.
#[derive(Clone, Debug, PartialEq)]
pub struct JobFacts {
    /// Its definition.
    pub plan: JobPlan,
    /// Its number.
    pub id: i64,
    /// Moments count strictly after this one.
    pub anchor: i64,
    /// Every moment until this one must have its row.
    pub must_until: i64,
    /// No moment after this one may have a row.
    pub may_until: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_from_the_start() {
        assert_eq!(Pace::Rate(1_000).moments(1_234, 4_234), [2_234, 3_234, 4_234]);
    }

    #[test]
    fn a_cron_expression_counts_by_the_clock_and_leaves_its_start_out() {
        assert_eq!(Pace::Cron(1).moments(2_000, 4_500), [3_000, 4_000]);
        assert_eq!(Pace::Cron(5).moments(4_999, 15_000), [5_000, 10_000, 15_000]);
    }

    #[test]
    fn a_moment_is_recognised_exactly_where_it_is_counted() {
        for pace in [Pace::Rate(1_000), Pace::Rate(1_500), Pace::Cron(1), Pace::Cron(2)] {
            let counted = pace.moments(1_234, 20_000);
            let recognised: Vec<i64> = (0..=20_000).filter(|moment| pace.is_moment(1_234, *moment)).collect();
            assert_eq!(counted, recognised, "{pace:?}");
        }
        assert!(!Pace::Delay(1_000).is_moment(0, 1_000) && !Pace::ByHand.is_moment(0, 1_000));
    }

    #[test]
    fn what_waits_for_its_own_end_cannot_be_foretold() {
        assert!(Pace::Delay(1_000).moments(0, 100_000).is_empty());
    }

    #[test]
    fn every_policy_occurs_among_a_few_dozen_jobs() {
        let jobs = jobs(1, 48);
        assert!(jobs.iter().any(|job| job.overlap == Overlap::Replace && job.misfire == Misfire::FireAll));
        assert!(
            jobs.iter().any(|job| job.at_most_once) && jobs.iter().any(|job| job.retries > 0 && job.fails_every > 0)
        );
        assert!(jobs.iter().any(|job| job.timeout_ms > 0 && job.takes_ms > 1_000));
        assert!(jobs.iter().any(|job| matches!(job.pace, Pace::Delay(_))));
    }

    #[test]
    fn the_same_seed_makes_the_same_jobs() {
        assert_eq!(jobs(9, 20), jobs(9, 20));
    }
}
