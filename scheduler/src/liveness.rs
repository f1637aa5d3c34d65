//! Beats and probes become a node's state: online, suspect, offline.
//!
//! A node of the original Go SDK registers once in its life and never again, so a node must never be forgotten: an
//! offline one is probed at a growing interval and its first answer brings it back. What happens to the runs of a node
//! that went offline is not decided here.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What is believed about a node. The numbers are what the store keeps; 0 and 1 are the original's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum NodeState {
    /// It did not answer often enough, or said goodbye.
    Offline = 0,
    /// It answered last time.
    Online = 1,
    /// It missed at least one beat, but too few to be given up.
    Suspect = 2,
}

impl NodeState {
    /// Every state.
    pub const ALL: [NodeState; 3] = [NodeState::Offline, NodeState::Online, NodeState::Suspect];

    /// The number stored for it.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored number; `None` for a number no version ever wrote.
    #[must_use]
    pub fn from_code(code: i16) -> Option<NodeState> {
        NodeState::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The word used in the API, in pages and in logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NodeState::Offline => "offline",
            NodeState::Online => "online",
            NodeState::Suspect => "suspect",
        }
    }

    /// Whether a run may be sent to such a node at all.
    ///
    /// A suspect node counts: one lost packet must not make a run fail with "no node". Whoever chooses takes the online
    /// ones first and turns to suspects when no online node is left.
    #[must_use]
    pub const fn is_dispatchable(self) -> bool {
        matches!(self, NodeState::Online | NodeState::Suspect)
    }
}

/// How patient the scheduler is with nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivenessRules {
    /// Time between two beats of a node that is online or suspect.
    pub beat_every: TimeDelta,
    /// So many beats missed in a row make a node offline; 0 counts as 1.
    pub offline_after: u32,
    /// The longest time between two probes of an offline node.
    pub slowest_probe: TimeDelta,
}

impl Default for LivenessRules {
    fn default() -> Self {
        LivenessRules { beat_every: TimeDelta::seconds(5), offline_after: 3, slowest_probe: TimeDelta::seconds(60) }
    }
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// What is believed about it.
    pub state: NodeState,
    /// Beats missed in a row.
    pub missed: u32,
    /// When it is to be asked next.
    pub next_probe: DateTime<Utc>,
}

/// What was heard of a node, or not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// It called in.
    Registered,
    /// It answered a probe.
    Answered,
    /// A probe brought no answer.
    Missed,
    /// It announced that it goes offline.
    SaidOffline,
}

/// The node's standing after `beat`, heard at `now`.
#[must_use]
pub fn observe(before: Liveness, rules: &LivenessRules, beat: Beat, now: DateTime<Utc>) -> Liveness {
    let patience = rules.offline_after.max(1);
    match beat {
        Beat::Registered | Beat::Answered => {
            Liveness { state: NodeState::Online, missed: 0, next_probe: later(now, rules.beat_every) }
        }
        Beat::Missed => {
            let missed = before.missed.saturating_add(1);
            let is_gone = before.state == NodeState::Offline || missed >= patience;
            let state = if is_gone { NodeState::Offline } else { NodeState::Suspect };
            let wait = if is_gone { offline_wait(rules, missed.saturating_sub(patience)) } else { rules.beat_every };
            Liveness { state, missed, next_probe: later(now, wait) }
        }
        // A node that says goodbye often still answers while it finishes its work; asking it at once would bring it back.
        Beat::SaidOffline => Liveness {
            state: NodeState::Offline,
            missed: before.missed.max(patience),
            next_probe: later(now, rules.slowest_probe),
        },
    }
}

/// The wait before an offline node is asked again: the beat, doubled `times` times, at most the slowest probe.
fn offline_wait(rules: &LivenessRules, times: u32) -> TimeDelta {
    let factor = 1_i32.checked_shl(times.min(30)).unwrap_or(i32::MAX);
    rules.beat_every.checked_mul(factor).map_or(rules.slowest_probe, |wait| wait.min(rules.slowest_probe))
}

/// `now` plus `wait`, at most the last moment there is.
fn later(now: DateTime<Utc>, wait: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn online() -> Liveness {
        Liveness { state: NodeState::Online, missed: 0, next_probe: now() }
    }

    /// States and waits, in seconds, while `beats` are heard one after the other.
    fn story(mut liveness: Liveness, beats: &[Beat]) -> Vec<(NodeState, i64)> {
        let rules = LivenessRules::default();
        let step = |beat: &Beat| {
            liveness = observe(liveness, &rules, *beat, now());
            (liveness.state, (liveness.next_probe - now()).num_seconds())
        };
        beats.iter().map(step).collect()
    }

    #[test]
    fn a_silent_node_is_suspected_then_offline_then_asked_ever_more_slowly() {
        use NodeState::{Offline, Suspect};
        let expected = [
            (Suspect, 5),
            (Suspect, 5),
            (Offline, 5),
            (Offline, 10),
            (Offline, 20),
            (Offline, 40),
            (Offline, 60),
            (Offline, 60),
        ];
        assert_eq!(story(online(), &[Beat::Missed; 8]), expected);
    }

    #[test]
    fn the_first_answer_brings_an_offline_node_back() {
        let gone = Liveness { state: NodeState::Offline, missed: 400, next_probe: now() };
        for beat in [Beat::Answered, Beat::Registered] {
            let back = observe(gone, &LivenessRules::default(), beat, now());
            assert_eq!(back, Liveness { missed: 0, next_probe: now() + TimeDelta::seconds(5), ..online() });
        }
    }

    #[test]
    fn an_answer_between_misses_starts_the_count_again() {
        use NodeState::{Online, Suspect};
        let beats = [Beat::Missed, Beat::Missed, Beat::Answered, Beat::Missed, Beat::Missed];
        let states: Vec<_> = story(online(), &beats).into_iter().map(|(state, _)| state).collect();
        assert_eq!(states, [Suspect, Suspect, Online, Suspect, Suspect]);
    }

    #[test]
    fn a_node_that_said_goodbye_is_left_alone_for_the_longest_wait_but_not_forgotten() {
        assert_eq!(
            story(online(), &[Beat::SaidOffline, Beat::Missed]),
            [(NodeState::Offline, 60), (NodeState::Offline, 10)]
        );
    }

    #[test]
    fn an_offline_node_whose_count_was_forgotten_does_not_come_back_by_missing_a_beat() {
        // After a restart of the scheduler the state comes from the store and the count begins anew.
        let gone = Liveness { state: NodeState::Offline, missed: 0, next_probe: now() };
        assert_eq!(story(gone, &[Beat::Missed]), [(NodeState::Offline, 5)]);
    }

    #[test]
    fn extreme_rules_neither_overflow_nor_forget_the_node() {
        let rules = LivenessRules { beat_every: TimeDelta::MAX, offline_after: 0, slowest_probe: TimeDelta::MAX };
        let silent = Liveness { state: NodeState::Offline, missed: u32::MAX, next_probe: now() };
        let after = observe(silent, &rules, Beat::Missed, now());
        assert_eq!(
            (after.state, after.missed, after.next_probe),
            (NodeState::Offline, u32::MAX, DateTime::<Utc>::MAX_UTC)
        );
    }

    #[test]
    fn stored_numbers_and_words_name_one_state_each() {
        for state in NodeState::ALL {
            assert_eq!(NodeState::from_code(state.code()), Some(state));
        }
        assert_eq!(NodeState::from_code(3), None);
        assert_eq!(NodeState::ALL.map(NodeState::word), ["offline", "online", "suspect"]);
        assert_eq!(NodeState::ALL.map(NodeState::is_dispatchable), [false, true, true]);
    }
}
