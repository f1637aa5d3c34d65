//! What becomes of an occurrence that is decided late: run, skip, or catch up.
//!
//! An occurrence is late when more than the threshold lies between its moment and now, because the scheduler was down,
//! the job was paused or the machine was asleep. This file only decides; writing the skipped ones down is the caller's
//! work, and each of them gets a decision so that none is forgotten.

use crate::run::Reason;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What the job wants for occurrences that are late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MisfirePolicy {
    /// None of the late ones is executed.
    Skip,
    /// The newest of the late ones is executed, the older ones are not.
    #[default]
    FireOnce,
    /// Every late one is executed, oldest first.
    FireAll,
}

/// What counts as late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MisfireRules {
    /// An occurrence is a misfire when it is decided more than this after its moment; exactly this late is still on time.
    pub threshold: TimeDelta,
}

/// The decision on one occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FireDecision {
    /// It is executed.
    Fire,
    /// It is written down as skipped, for this reason.
    Skip(Reason),
}

/// Decides on every occurrence of `due`, in the order given.
///
/// `due` is expected to ascend, as [`Schedule::due`](crate::schedule::Schedule::due) returns it; an occurrence after
/// `now` (planned ahead) is on time.
#[must_use]
pub fn plan(
    policy: MisfirePolicy,
    rules: MisfireRules,
    due: &[DateTime<Utc>],
    now: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, FireDecision)> {
    let is_late = |moment: DateTime<Utc>| now.signed_duration_since(moment) > rules.threshold;
    let newest_late = due.iter().copied().filter(|moment| is_late(*moment)).max();
    let decide = |moment: DateTime<Utc>| match policy {
        _ if !is_late(moment) => FireDecision::Fire,
        MisfirePolicy::FireAll => FireDecision::Fire,
        MisfirePolicy::FireOnce if Some(moment) == newest_late => FireDecision::Fire,
        MisfirePolicy::FireOnce | MisfirePolicy::Skip => FireDecision::Skip(Reason::Misfire),
    };
    due.iter().map(|moment| (*moment, decide(*moment))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use FireDecision::{Fire, Skip};

    const RULES: MisfireRules = MisfireRules { threshold: TimeDelta::seconds(60) };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn decisions(policy: MisfirePolicy, due: &[i64], now: i64) -> Vec<FireDecision> {
        let due: Vec<_> = due.iter().map(|second| at(*second)).collect();
        let plan = plan(policy, RULES, &due, at(now));
        assert_eq!(
            plan.iter().map(|(moment, _)| *moment).collect::<Vec<_>>(),
            due,
            "one decision per occurrence, in order"
        );
        plan.into_iter().map(|(_, decision)| decision).collect()
    }

    #[test]
    fn occurrences_within_the_threshold_fire_under_every_policy() {
        for policy in [MisfirePolicy::Skip, MisfirePolicy::FireOnce, MisfirePolicy::FireAll] {
            assert_eq!(decisions(policy, &[40, 50, 100, 160], 100), [Fire, Fire, Fire, Fire], "{policy:?}");
        }
    }

    #[test]
    fn exactly_the_threshold_is_on_time_and_a_millisecond_more_is_late() {
        let due = [at(0)];
        let late = plan(MisfirePolicy::Skip, RULES, &due, at(60) + TimeDelta::milliseconds(1));
        assert_eq!(plan(MisfirePolicy::Skip, RULES, &due, at(60)), [(at(0), Fire)]);
        assert_eq!(late, [(at(0), Skip(Reason::Misfire))]);
    }

    #[test]
    fn skip_drops_every_late_occurrence() {
        assert_eq!(
            decisions(MisfirePolicy::Skip, &[0, 10, 950, 1000], 1000),
            [Skip(Reason::Misfire), Skip(Reason::Misfire), Fire, Fire]
        );
    }

    #[test]
    fn fire_once_keeps_the_newest_late_one_beside_those_on_time() {
        assert_eq!(
            decisions(MisfirePolicy::FireOnce, &[0, 10, 20, 950], 1000),
            [Skip(Reason::Misfire), Skip(Reason::Misfire), Fire, Fire]
        );
    }

    #[test]
    fn fire_all_executes_every_late_one() {
        assert_eq!(decisions(MisfirePolicy::FireAll, &[0, 10, 20], 1000), [Fire, Fire, Fire]);
    }

    #[test]
    fn nothing_due_means_nothing_to_decide() {
        assert_eq!(decisions(MisfirePolicy::FireOnce, &[], 1000), []);
    }
}
