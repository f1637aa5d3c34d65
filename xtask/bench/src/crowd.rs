//! Crowds of jobs that differ in number and phase only: what they are defined as, and when they are due. Pure.

use serde_json::{Value, json};

use crate::verify::{JobFacts, Pace};

/// How the jobs of a crowd are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// On every whole second, all at once.
    EverySecond,
    /// On every so-manieth minute of the hour, all at once.
    EveryMinutes(u32),
    /// Once a second each, their phases spread over the milliseconds: a fixed rate counts from the job's start.
    Spread,
    /// Once a year each, in the month of this number, at different times.
    Yearly(u32),
}

impl Rhythm {
    /// As a user would write it.
    #[must_use]
    pub fn schedule(self, number: u32) -> Value {
        match self {
            Self::EverySecond => json!({ "kind": "cron", "expression": "* * * * * ?" }),
            Self::EveryMinutes(minutes) => json!({ "kind": "cron", "expression": format!("0 */{minutes} * * * ?") }),
            Self::Spread => json!({ "kind": "fixed_rate", "expression": "1s" }),
            Self::Yearly(month) => json!({ "kind": "cron", "expression": yearly(month, number) }),
        }
    }

    /// The moment from which such a job counts when it is started at `now`, in milliseconds since 1970.
    #[must_use]
    pub fn anchor(self, number: u32, now: i64) -> i64 {
        match self {
            // Behind `now` by less than a second: nothing of it is due yet.
            Self::Spread => (now.div_euclid(1_000) - 1) * 1_000 + i64::from(number % 1_000),
            _ => now,
        }
    }

    /// When a job is due that counts from `anchor`; `None` when that is not within any run of the benchmark.
    #[must_use]
    pub fn facts(self, id: i64, anchor: i64) -> Option<JobFacts> {
        let pace = match self {
            Self::EverySecond => Pace::Clock(1_000),
            Self::EveryMinutes(minutes) => Pace::Clock(i64::from(minutes) * 60_000),
            Self::Spread => Pace::Rate(1_000),
            Self::Yearly(_) => return None,
        };
        Some(JobFacts { id, anchor, pace })
    }
}

/// So many jobs alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// How many.
    pub many: u32,
    /// How they are due.
    pub rhythm: Rhythm,
}

/// One second of the first 28 days of a month for each number.
fn yearly(month: u32, number: u32) -> String {
    let (second, minute, hour, day) = (number % 60, number / 60 % 60, number / 3_600 % 24, number / 86_400 % 28 + 1);
    format!("{second} {minute} {hour} {day} {month} ?")
}

/// The number of the month that is about half a year away.
#[must_use]
pub fn far_month(now_ms: i64) -> u32 {
    /// A mean Gregorian month, in milliseconds.
    const MONTH: i64 = 2_629_746_000;
    u32::try_from((now_ms.div_euclid(MONTH) + 6).rem_euclid(12)).unwrap_or_default() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dormant_crowd_is_due_in_half_a_year_at_different_seconds() {
        // 2026-11-23 and 2026-06-15: May and December.
        assert_eq!((far_month(1_795_392_000_000), far_month(1_781_481_600_000)), (5, 12));
        assert_eq!((yearly(5, 0), yearly(5, 90_061)), ("0 0 0 1 5 ?".to_owned(), "1 1 1 2 5 ?".to_owned()));
    }

    #[test]
    fn spread_jobs_begin_before_now_and_within_the_second_before() {
        let anchors = [0, 1, 999, 1_000].map(|number| Rhythm::Spread.anchor(number, 5_400));
        assert_eq!(anchors, [4_000, 4_001, 4_999, 4_000]);
        let job = Rhythm::Spread.facts(1, 4_001).unwrap();
        assert_eq!(job.moments(5_500, 7_500).collect::<Vec<_>>(), [6_001, 7_001]);
    }

    #[test]
    fn nothing_is_expected_of_dormant_jobs() {
        assert_eq!(Rhythm::Yearly(5).facts(1, 0), None);
    }
}
