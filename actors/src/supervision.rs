//! What to do about a death: a pure decision over a policy and the deaths so far.
//!
//! actix's own `Supervisor` does not survive a panic, so each actor leaves an obituary (see `obituary.rs`) and its
//! parent asks here what to do.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How often and how fast an actor is restarted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RestartPolicy {
    /// More deaths than this within `withinMs` exhaust the policy. Default 5.
    pub max_restarts: u32,
    /// The time in which deaths are counted, in milliseconds. Default 60,000.
    pub within_ms: u32,
    /// How long to wait before a restart.
    pub backoff: Backoff,
    /// What to do when the policy is exhausted. Default `quarantine`.
    pub on_exhausted: OnExhausted,
}

/// A growing pause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Backoff {
    /// The first pause, in milliseconds. Default 100.
    pub initial_ms: u32,
    /// The longest pause, in milliseconds. Default 10,000.
    pub max_ms: u32,
    /// Each pause is so many times the one before. Default 2.
    pub factor: f64,
    /// Each pause is spread by so much of itself both ways, 0 to 1. Default 0.2.
    pub jitter: f64,
}

/// What to do with an actor that dies again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExhausted {
    /// Leave it dead, list it with its reason, restart it when somebody releases it.
    #[default]
    Quarantine,
    /// Restart its parent and with it all its siblings.
    RestartParent,
    /// End the process: whoever runs it starts it anew.
    Shutdown,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        RestartPolicy {
            max_restarts: 5,
            within_ms: 60_000,
            backoff: Backoff::default(),
            on_exhausted: OnExhausted::default(),
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { initial_ms: 100, max_ms: 10_000, factor: 2.0, jitter: 0.2 }
    }
}

impl RestartPolicy {
    /// What is wrong with these values, as (key, what to do).
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let backoff = &self.backoff;
        let checks = [
            ("withinMs", self.within_ms >= 1_000, "give at least 1000".to_owned()),
            ("backoff.initialMs", backoff.initial_ms >= 1, "give at least 1".to_owned()),
            ("backoff.maxMs", backoff.max_ms >= backoff.initial_ms, "give no less than backoff.initialMs".to_owned()),
            ("backoff.factor", (1.0..=100.0).contains(&backoff.factor), "give a number from 1 to 100".to_owned()),
            ("backoff.jitter", (0.0..=1.0).contains(&backoff.jitter), "give a number from 0 to 1".to_owned()),
        ];
        checks.into_iter().filter(|(_, right, _)| !right).map(|(key, _, text)| (key, text)).collect()
    }
}

/// What is to be done about a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Restart it after this pause.
    Restart(TimeDelta),
    /// It died too often.
    Exhausted(OnExhausted),
}

/// The deaths of one actor that still count.
#[derive(Debug, Clone, Default)]
pub struct Deaths {
    recent: VecDeque<DateTime<Utc>>,
    /// All of them since the process started.
    pub total: u32,
}

impl Deaths {
    /// Notes a death at `now` and decides; `dice` in `[0, 1)` spreads the pause.
    pub fn note(&mut self, policy: &RestartPolicy, now: DateTime<Utc>, dice: f64) -> Verdict {
        let since = now - TimeDelta::milliseconds(policy.within_ms.into());
        // One after `now` is left over from before the wall clock was set back.
        self.recent.retain(|at| *at > since && *at <= now);
        self.recent.push_back(now);
        self.total = self.total.saturating_add(1);
        let deaths = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        if deaths > policy.max_restarts {
            return Verdict::Exhausted(policy.on_exhausted);
        }
        Verdict::Restart(pause(&policy.backoff, deaths, dice))
    }

    /// Forgets what counted, when somebody released the actor.
    pub fn forgive(&mut self) {
        self.recent.clear();
    }
}

/// `initial * factor^(deaths - 1)`, at most `max`, spread by `jitter` both ways.
fn pause(backoff: &Backoff, deaths: u32, dice: f64) -> TimeDelta {
    let exponent = i32::try_from(deaths.saturating_sub(1)).unwrap_or(i32::MAX);
    let plain = (f64::from(backoff.initial_ms) * backoff.factor.powi(exponent)).min(f64::from(backoff.max_ms));
    let spread = plain * (1.0 + backoff.jitter * (2.0 * dice - 1.0));
    TimeDelta::milliseconds(spread.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn pauses_grow_by_the_factor_up_to_the_longest() {
        let backoff = Backoff { initial_ms: 100, max_ms: 1_000, factor: 2.0, jitter: 0.0 };
        let pauses: Vec<i64> = (1..=6).map(|deaths| pause(&backoff, deaths, 0.5).num_milliseconds()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_000, 1_000]);
    }

    #[test]
    fn jitter_spreads_a_pause_both_ways() {
        let backoff = Backoff { initial_ms: 1_000, max_ms: 1_000, factor: 1.0, jitter: 0.2 };
        assert_eq!(pause(&backoff, 1, 0.0).num_milliseconds(), 800);
        assert_eq!(pause(&backoff, 1, 0.5).num_milliseconds(), 1_000);
    }

    #[test]
    fn one_death_too_many_within_the_window_exhausts_the_policy() {
        let policy = RestartPolicy { max_restarts: 2, within_ms: 1_000, ..RestartPolicy::default() };
        let mut deaths = Deaths::default();
        assert!(matches!(deaths.note(&policy, at(0), 0.5), Verdict::Restart(_)));
        assert!(matches!(deaths.note(&policy, at(1), 0.5), Verdict::Restart(_)));
        assert_eq!(deaths.note(&policy, at(2), 0.5), Verdict::Exhausted(OnExhausted::Quarantine));
    }

    #[test]
    fn old_deaths_are_forgotten_and_released_ones_forgiven() {
        let policy = RestartPolicy { max_restarts: 1, within_ms: 1_000, ..RestartPolicy::default() };
        let mut deaths = Deaths::default();
        deaths.note(&policy, at(0), 0.5);
        assert!(matches!(deaths.note(&policy, at(1_500), 0.5), Verdict::Restart(_)));
        deaths.forgive();
        assert!(matches!(deaths.note(&policy, at(1_501), 0.5), Verdict::Restart(_)));
        assert_eq!(deaths.total, 3);
    }
}
