//! After an outcome: again at a given moment, or finished.
//!
//! The wait before attempt `n + 1` is `min(interval × factor^n, max_interval) × (1 − jitter × dice)`, rounded to whole
//! milliseconds. Jitter only shortens, so `max_interval` is never exceeded and a crowd of runs that failed together
//! still spreads out once it has reached it.

use crate::delivery::Delivery;
use crate::run::RunState;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// An outcome after which a job may want its fire tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// The executor reported a failure, or no node took it.
    Failed,
    /// The job's timeout passed.
    TimedOut,
    /// Nobody can tell how it ended. Only a job that is delivered at least once is tried again after that.
    Lost,
}

impl RetryOn {
    /// Every outcome that can be tried again.
    pub const ALL: [RetryOn; 3] = [RetryOn::Failed, RetryOn::TimedOut, RetryOn::Lost];

    /// What this state is here; `None`: it is never tried again.
    const fn of(outcome: RunState) -> Option<RetryOn> {
        match outcome {
            RunState::Failed => Some(RetryOn::Failed),
            RunState::TimedOut => Some(RetryOn::TimedOut),
            RunState::Lost => Some(RetryOn::Lost),
            _ => None,
        }
    }
}

/// Which node gets a further attempt. A node that a user picked by hand for the first attempt gets the others as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryNode {
    /// As the job's routing says.
    #[default]
    Any,
    /// One that no earlier attempt of this fire was sent to, where there is one; else as the routing says.
    Other,
    /// The one that the attempt before was sent to (its work may lie there half done). While that node is offline the
    /// attempt fails, and the next one is due after its wait.
    Same,
}

/// How often and how soon a job's failed run is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Attempts after the first one; 0 to 100, 0 = never again.
    pub retries: u16,
    /// Wait before the first retry, in milliseconds; 0 to 86,400,000 (one day).
    pub interval_ms: u64,
    /// What each further wait is multiplied by; 1.0 to 10.0.
    pub factor: f64,
    /// The longest wait, in milliseconds; `interval_ms` to 86,400,000.
    pub max_interval_ms: u64,
    /// The share of a wait that chance may take away; 0 to 1.
    pub jitter: f64,
    /// The outcomes that are tried again; empty: none. Default: all.
    pub on: Vec<RetryOn>,
    /// Which node gets a further attempt.
    pub node: RetryNode,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 0,
            interval_ms: 10_000,
            factor: 2.0,
            max_interval_ms: 600_000,
            jitter: 0.2,
            on: RetryOn::ALL.to_vec(),
            node: RetryNode::default(),
        }
    }
}

/// What follows an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAttempt {
    /// The outcome stands.
    Finished,
    /// The fire is tried again.
    Again {
        /// Not before this moment.
        at: DateTime<Utc>,
        /// The number of the new attempt; the first attempt of a fire is 0.
        attempt: i32,
    },
}

/// Why an outcome stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// It is none that is ever tried again: a success, a cancellation, a fire that was skipped.
    Settled,
    /// The policy has no retries.
    NoRetries,
    /// The policy names other outcomes only.
    OtherOutcomes,
    /// It may have done its work, and the job is delivered at most once.
    PerhapsDone,
    /// All retries are used up.
    NoneLeft,
}

/// Decides what follows `outcome`, reached at `ended` by the attempt numbered `attempt` (the first one is 0).
///
/// A failure or a timeout is tried again if the policy names it. A lost run, of which nobody knows whether it did its work,
/// is tried again only where the job says that twice is better than never. What a user cancelled or a policy skipped stays so. `dice` is a
/// random number in `[0, 1)`; anything outside is taken for the nearest bound.
#[must_use]
pub fn after(
    policy: &RetryPolicy,
    delivery: Delivery,
    outcome: RunState,
    attempt: i32,
    ended: DateTime<Utc>,
    dice: f64,
) -> NextAttempt {
    if why_not(policy, delivery, outcome, attempt).is_some() {
        return NextAttempt::Finished;
    }
    let attempt = attempt.max(0);
    let at = ended.checked_add_signed(wait(policy, attempt, dice)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    NextAttempt::Again { at, attempt: attempt + 1 }
}

/// Why nothing follows `outcome`, reached by the attempt numbered `attempt`; `None`: by the policy, another attempt does.
#[must_use]
pub fn why_not(policy: &RetryPolicy, delivery: Delivery, outcome: RunState, attempt: i32) -> Option<WhyNot> {
    let Some(of) = RetryOn::of(outcome) else { return Some(WhyNot::Settled) };
    if policy.retries == 0 {
        Some(WhyNot::NoRetries)
    } else if !policy.on.contains(&of) {
        Some(WhyNot::OtherOutcomes)
    } else if of == RetryOn::Lost && delivery != Delivery::AtLeastOnce {
        Some(WhyNot::PerhapsDone)
    } else {
        (attempt >= i32::from(policy.retries)).then_some(WhyNot::NoneLeft)
    }
}

/// The wait after the attempt numbered `attempt`.
///
/// Doubles hold every millisecond count a policy may have (below 2^53) exactly, and a power that outgrows them becomes
/// infinite, which the bound cuts off; zero is kept apart because zero times infinity has no value.
fn wait(policy: &RetryPolicy, attempt: i32, dice: f64) -> TimeDelta {
    if policy.interval_ms == 0 {
        return TimeDelta::zero();
    }
    let grown = policy.interval_ms as f64 * policy.factor.powi(attempt);
    let share = 1.0 - policy.jitter * dice.clamp(0.0, 1.0);
    let millis = (grown.min(policy.max_interval_ms as f64) * share).round();
    // A cast from float saturates, and a span too long for chrono is as good as for ever.
    TimeDelta::try_milliseconds(millis as i64).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> RetryPolicy {
        let bounds = RetryPolicy { retries: 5, interval_ms: 1_000, factor: 2.0, ..RetryPolicy::default() };
        RetryPolicy { max_interval_ms: 5_000, jitter: 0.5, ..bounds }
    }

    fn ended() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_123).unwrap()
    }

    fn next(policy: &RetryPolicy, outcome: RunState, attempt: i32, dice: f64) -> NextAttempt {
        after(policy, Delivery::AtLeastOnce, outcome, attempt, ended(), dice)
    }

    fn wait_ms(policy: &RetryPolicy, attempt: i32, dice: f64) -> i64 {
        match next(policy, RunState::Failed, attempt, dice) {
            NextAttempt::Again { at, attempt: new } => {
                assert_eq!(new, attempt + 1);
                (at - ended()).num_milliseconds()
            }
            NextAttempt::Finished => panic!("attempt {attempt} must be followed by another"),
        }
    }

    #[test]
    fn waits_double_up_to_the_bound() {
        let waits: Vec<_> = (0..5).map(|attempt| wait_ms(&policy(), attempt, 0.0)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 5_000, 5_000]);
    }

    #[test]
    fn jitter_takes_away_its_share_of_the_dice() {
        assert_eq!(wait_ms(&policy(), 0, 0.5), 750);
        assert_eq!(wait_ms(&policy(), 2, 0.25), 3_500);
        assert_eq!(wait_ms(&policy(), 4, 0.9), 2_750);
        assert_eq!(wait_ms(&policy(), 0, 7.0), 500, "a dice out of range counts as its bound");
    }

    #[test]
    fn the_attempt_after_the_last_retry_is_the_end() {
        assert_ne!(next(&policy(), RunState::Failed, 4, 0.0), NextAttempt::Finished);
        assert_eq!(next(&policy(), RunState::Failed, 5, 0.0), NextAttempt::Finished);
        assert_eq!(next(&RetryPolicy::default(), RunState::Failed, 0, 0.0), NextAttempt::Finished);
    }

    #[test]
    fn only_failures_timeouts_and_losses_are_tried_again() {
        for outcome in RunState::ALL {
            let again = next(&policy(), outcome, 0, 0.0) != NextAttempt::Finished;
            assert_eq!(again, matches!(outcome, RunState::Failed | RunState::TimedOut | RunState::Lost), "{outcome:?}");
        }
    }

    #[test]
    fn an_outcome_that_the_policy_does_not_name_is_the_end() {
        for outcome in RetryOn::ALL {
            let policy = RetryPolicy { on: vec![outcome], ..policy() };
            for state in RunState::ALL {
                let again = next(&policy, state, 0, 0.0) != NextAttempt::Finished;
                assert_eq!(again, RetryOn::of(state) == Some(outcome), "{outcome:?} {state:?}");
            }
        }
        let never = RetryPolicy { on: Vec::new(), ..policy() };
        assert!(RunState::ALL.into_iter().all(|state| next(&never, state, 0, 0.0) == NextAttempt::Finished));
    }

    #[test]
    fn a_lost_run_of_an_at_most_once_job_stays_lost() {
        let next = |outcome| after(&policy(), Delivery::AtMostOnce, outcome, 0, ended(), 0.0);
        assert_eq!(next(RunState::Lost), NextAttempt::Finished);
        assert_ne!(next(RunState::Failed), NextAttempt::Finished, "a reported failure is known not to be running");
    }

    #[test]
    fn an_interval_of_zero_means_at_once_at_any_attempt() {
        let policy = RetryPolicy { retries: u16::MAX, interval_ms: 0, factor: 10.0, ..policy() };
        assert_eq!(wait_ms(&policy, 60_000, 0.3), 0);
    }

    proptest! {
        #[test]
        fn no_policy_overflows_and_no_wait_exceeds_the_bound(
            interval_ms in any::<u64>(), max_interval_ms in any::<u64>(), factor in 1.0..10.0f64, jitter in 0.0..=1.0f64,
            attempt in 0..i32::from(u16::MAX), dice in 0.0..1.0f64,
        ) {
            let policy = RetryPolicy { retries: u16::MAX, interval_ms, factor, max_interval_ms, jitter, ..policy() };
            let NextAttempt::Again { at, .. } = next(&policy, RunState::Failed, attempt, dice) else {
                return Err(TestCaseError::fail("a retry was left"));
            };
            prop_assert!(at >= ended());
            if max_interval_ms <= 86_400_000 {
                prop_assert!((at - ended()).num_milliseconds() <= max_interval_ms as i64);
            }
        }
    }
}
