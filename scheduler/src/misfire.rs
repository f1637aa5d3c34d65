//! What becomes of an occurrence that is decided late: run, skip, or catch up.
//!
//! An occurrence is late when more than the threshold lies between its moment and now, because the scheduler was down,
//! the job was paused or the machine was asleep. This file only decides; writing the skipped ones down is the caller's
//! work, and each of them gets a decision so that none is forgotten.
//!
//! A long backlog is decided in pieces, oldest first; [`Late::beyond`] tells a piece how many late ones follow it.

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
    /// Every late one is executed, oldest first, up to the job's limit: of more than that only the newest.
    FireAll,
}

/// What a job wants for its late occurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// Which of them are executed.
    pub policy: MisfirePolicy,
    /// Under [`MisfirePolicy::FireAll`] at most so many are executed, the newest.
    pub limit: usize,
    /// One that is later than this is not executed, whatever the policy; `None`: there is no such bound.
    pub window: Option<TimeDelta>,
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
    /// It is executed, and on time.
    Fire,
    /// It is executed although it is late.
    CatchUp,
    /// It is written down as skipped, for this reason.
    Skip(Reason),
}

/// The late ones of a backlog of which only a piece is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Late {
    /// How many late occurrences follow after the piece.
    pub beyond: usize,
}

impl CatchUp {
    /// How many late occurrences are executed at most.
    #[must_use]
    pub const fn most(&self) -> usize {
        match self.policy {
            MisfirePolicy::Skip => 0,
            MisfirePolicy::FireOnce => 1,
            MisfirePolicy::FireAll => self.limit,
        }
    }

    /// Why a late occurrence is not executed that has so many newer late ones; `None`: it is executed.
    fn refusal(&self, lateness: TimeDelta, newer: usize) -> Option<Reason> {
        if self.policy == MisfirePolicy::Skip {
            return Some(Reason::Misfire);
        }
        if self.window.is_some_and(|window| lateness > window) {
            return Some(Reason::MisfireWindow);
        }
        let too_many = if self.policy == MisfirePolicy::FireAll { Reason::MisfireLimit } else { Reason::Misfire };
        (newer >= self.most()).then_some(too_many)
    }
}

/// Decides on every occurrence of `due`, in the order given.
///
/// `due` is expected to ascend, as [`Schedule::due`](crate::schedule::Schedule::due) returns it; an occurrence after
/// `now` (planned ahead) is on time.
#[must_use]
pub fn plan(
    catch_up: &CatchUp,
    rules: MisfireRules,
    due: &[DateTime<Utc>],
    late: Late,
    now: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, FireDecision)> {
    let lateness = |moment: DateTime<Utc>| now.signed_duration_since(moment);
    let mut left = due.iter().filter(|moment| lateness(**moment) > rules.threshold).count() + late.beyond;
    let mut decide = |moment: DateTime<Utc>| {
        if lateness(moment) <= rules.threshold {
            return FireDecision::Fire;
        }
        left -= 1;
        catch_up.refusal(lateness(moment), left).map_or(FireDecision::CatchUp, FireDecision::Skip)
    };
    due.iter().map(|moment| (*moment, decide(*moment))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use FireDecision::{CatchUp as Catch, Fire, Skip};

    const RULES: MisfireRules = MisfireRules { threshold: TimeDelta::seconds(60) };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn wish(policy: MisfirePolicy) -> CatchUp {
        CatchUp { policy, limit: 100, window: None }
    }

    fn decisions(policy: MisfirePolicy, due: &[i64], now: i64) -> Vec<FireDecision> {
        decisions_of(&wish(policy), due, Late::default(), now)
    }

    fn decisions_of(catch_up: &CatchUp, due: &[i64], late: Late, now: i64) -> Vec<FireDecision> {
        let due: Vec<_> = due.iter().map(|second| at(*second)).collect();
        let plan = plan(catch_up, RULES, &due, late, at(now));
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
        let skip = wish(MisfirePolicy::Skip);
        let late = plan(&skip, RULES, &due, Late::default(), at(60) + TimeDelta::milliseconds(1));
        assert_eq!(plan(&skip, RULES, &due, Late::default(), at(60)), [(at(0), Fire)]);
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
            [Skip(Reason::Misfire), Skip(Reason::Misfire), Catch, Fire]
        );
    }

    #[test]
    fn fire_once_leaves_the_choice_to_the_piece_that_has_the_newest() {
        let once = wish(MisfirePolicy::FireOnce);
        let first = decisions_of(&once, &[0, 10], Late { beyond: 1 }, 1000);
        assert_eq!(first, [Skip(Reason::Misfire), Skip(Reason::Misfire)]);
        assert_eq!(decisions_of(&once, &[20], Late::default(), 1000), [Catch]);
    }

    #[test]
    fn fire_all_executes_every_late_one() {
        assert_eq!(decisions(MisfirePolicy::FireAll, &[0, 10, 20], 1000), [Catch, Catch, Catch]);
    }

    #[test]
    fn of_more_late_ones_than_its_limit_fire_all_executes_the_newest_across_pieces() {
        let two = CatchUp { limit: 2, ..wish(MisfirePolicy::FireAll) };
        let all = decisions_of(&two, &[0, 10, 20, 950], Late::default(), 1000);
        assert_eq!(all, [Skip(Reason::MisfireLimit), Catch, Catch, Fire]);
        let piece = decisions_of(&two, &[0, 10, 20], Late { beyond: 1 }, 1000);
        assert_eq!(piece, [Skip(Reason::MisfireLimit), Skip(Reason::MisfireLimit), Catch]);
    }

    #[test]
    fn what_lies_before_the_window_is_not_caught_up_under_any_policy() {
        let window = Some(TimeDelta::seconds(500));
        let all = CatchUp { window, ..wish(MisfirePolicy::FireAll) };
        let plan = decisions_of(&all, &[0, 499, 500, 900], Late::default(), 1000);
        assert_eq!(plan, [Skip(Reason::MisfireWindow), Skip(Reason::MisfireWindow), Catch, Catch]);
        let once = CatchUp { window, ..wish(MisfirePolicy::FireOnce) };
        assert_eq!(decisions_of(&once, &[0], Late::default(), 1000), [Skip(Reason::MisfireWindow)]);
        let skip = CatchUp { window, ..wish(MisfirePolicy::Skip) };
        assert_eq!(decisions_of(&skip, &[0], Late::default(), 1000), [Skip(Reason::Misfire)]);
    }

    #[test]
    fn a_window_shorter_than_the_threshold_touches_nothing_that_is_on_time() {
        let brief = CatchUp { window: Some(TimeDelta::seconds(1)), ..wish(MisfirePolicy::FireAll) };
        assert_eq!(decisions_of(&brief, &[950], Late::default(), 1000), [Fire]);
    }

    #[test]
    fn nothing_due_means_nothing_to_decide() {
        assert_eq!(decisions(MisfirePolicy::FireOnce, &[], 1000), []);
    }
}
