//! The life of a run: the only list of states and of legal transitions.
//!
//! `docs/run-states.md` draws the same as a picture. The store writes a transition only over the state it names as its
//! origin, so whoever comes second (a repeated callback, a timeout that meets a result) changes nothing.

use serde::{Deserialize, Serialize};

/// Where a run stands. The numbers are what the ledger stores; they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum RunState {
    /// Written ahead of its moment, with its node: when the moment has come the trigger leaves without another write, so from
    /// then on nobody can tell from the row whether it has left. Before, it surely has not.
    Planned = 0,
    /// Due, or a retry that waits for its time; surely not sent to any node.
    Waiting = 1,
    /// A node is chosen and written down; the trigger may have left.
    Dispatched = 2,
    /// The node accepted the trigger.
    Running = 3,
    /// The node reported success.
    Succeeded = 10,
    /// The node reported a failure, or no node could be reached.
    Failed = 11,
    /// The scheduler ended it because its time was up.
    TimedOut = 12,
    /// A user (or the overlap policy `replace`) ended it.
    Cancelled = 13,
    /// Nobody can tell any more how it ended: its node is gone.
    Lost = 14,
    /// It was due and was not executed; the reason says why.
    Skipped = 15,
}

impl RunState {
    /// Every state, in the order of a run's life.
    pub const ALL: [RunState; 10] = [
        RunState::Planned,
        RunState::Waiting,
        RunState::Dispatched,
        RunState::Running,
        RunState::Succeeded,
        RunState::Failed,
        RunState::TimedOut,
        RunState::Cancelled,
        RunState::Lost,
        RunState::Skipped,
    ];

    /// The number stored in the ledger.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored number; `None` for a number no version ever wrote.
    #[must_use]
    pub fn from_code(code: i16) -> Option<RunState> {
        RunState::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether this is an outcome: a run in a terminal state never changes again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        self.code() >= RunState::Succeeded.code()
    }

    /// The word used in the API, in pages and in logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            RunState::Planned => "planned",
            RunState::Waiting => "waiting",
            RunState::Dispatched => "dispatched",
            RunState::Running => "running",
            RunState::Succeeded => "succeeded",
            RunState::Failed => "failed",
            RunState::TimedOut => "timed_out",
            RunState::Cancelled => "cancelled",
            RunState::Lost => "lost",
            RunState::Skipped => "skipped",
        }
    }
}

/// Why a run is in its state; stored as a number beside it, explained in words by pages and API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum Reason {
    /// Nothing to add: the state says it all.
    None = 0,
    /// Skipped: an earlier run of the job was still going (overlap policy `skip`).
    Overlap = 1,
    /// Skipped: it came later than the misfire threshold (misfire policy).
    Misfire = 2,
    /// Skipped: the queue of waiting fires was full (overlap policy `queue`).
    QueueFull = 3,
    /// Skipped: the job was stopped before it could be sent.
    Stopped = 4,
    /// Failed: the executor had no node online.
    NoNode = 5,
    /// Failed: every node refused the trigger or could not be reached.
    Refused = 6,
    /// Failed: the executor's own code reported it.
    Reported = 7,
    /// Timed out: the job's timeout passed.
    Timeout = 8,
    /// Cancelled: by a user.
    ByUser = 9,
    /// Cancelled: a newer fire took its place (overlap policy `replace`).
    Replaced = 10,
    /// Lost: its node went offline.
    NodeOffline = 11,
    /// Lost: its node came back as another process, which does not know the run.
    NodeRestarted = 12,
    /// Lost: the scheduler died while sending and the job is `at_most_once`.
    CrashWhileSending = 13,
    /// Lost: nothing was heard of it for as long as the configuration allows.
    Silence = 14,
    /// Failed: the node said it was going offline and ended its runs.
    NodeShutdown = 15,
    /// Cancelled: the job was deleted.
    Deleted = 16,
    /// Skipped: more occurrences were missed than are recorded one by one; this row stands for the older ones.
    MisfireMany = 17,
    /// Skipped: of the late occurrences of its job more were newer than its limit lets be made up for (`fire_all`).
    MisfireLimit = 18,
    /// Skipped: it is later than its job's catch-up window reaches.
    MisfireWindow = 19,
    /// Failed: the node of the attempt before, which alone may get this one, is offline (retry policy `same`).
    SameNodeOffline = 20,
    /// Failed: the database refuses what is in its row, so the row was written without the user's texts.
    Unstorable = 21,
    /// Skipped: its job was stopped, edited or deleted before it had a row, because the job's actor was dead or the database
    /// away.
    Superseded = 22,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 23] = [
        Reason::None,
        Reason::Overlap,
        Reason::Misfire,
        Reason::QueueFull,
        Reason::Stopped,
        Reason::NoNode,
        Reason::Refused,
        Reason::Reported,
        Reason::Timeout,
        Reason::ByUser,
        Reason::Replaced,
        Reason::NodeOffline,
        Reason::NodeRestarted,
        Reason::CrashWhileSending,
        Reason::Silence,
        Reason::NodeShutdown,
        Reason::Deleted,
        Reason::MisfireMany,
        Reason::MisfireLimit,
        Reason::MisfireWindow,
        Reason::SameNodeOffline,
        Reason::Unstorable,
        Reason::Superseded,
    ];

    /// The number stored in the ledger.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The reason of a stored number; `None` for a number no version ever wrote.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// How a run came to be; part of the ledger's unique key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum RunKind {
    /// An occurrence of the job's schedule.
    Scheduled = 0,
    /// Somebody pressed "run now".
    Manual = 1,
}

impl RunKind {
    /// The number stored in the ledger.
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind of a stored number; `None` for a number no version ever wrote.
    #[must_use]
    pub fn from_code(code: i16) -> Option<RunKind> {
        [RunKind::Scheduled, RunKind::Manual].into_iter().find(|kind| kind.code() == code)
    }
}

/// What can happen to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEvent {
    /// A node was chosen and written down.
    Assigned,
    /// The node accepted the trigger.
    Accepted,
    /// The node surely did not take it: connection refused, or an answer that says no. It waits for another node.
    Returned,
    /// The executor called back with success.
    ReportedSuccess,
    /// The executor called back with a failure, or no node took it.
    ReportedFailure,
    /// Its timeout passed.
    Expired,
    /// A user or a newer fire ended it.
    Cancelled,
    /// Its node is gone, or the scheduler cannot know whether it was sent.
    Lost,
    /// It will not be executed.
    Skipped,
}

/// The state after `event`, or `None` where the event is not legal in `state` (then nothing changes and whoever asked is
/// told that somebody was first).
#[must_use]
pub const fn apply(state: RunState, event: RunEvent) -> Option<RunState> {
    use RunEvent as E;
    use RunState as S;
    match (state, event) {
        (S::Planned | S::Waiting | S::Dispatched, E::Assigned) => Some(S::Dispatched),
        (S::Planned | S::Dispatched, E::Accepted) => Some(S::Running),
        (S::Planned | S::Dispatched, E::Returned) => Some(S::Waiting),
        // A result may overtake the answer to its trigger (seen in recorded traffic), hence also from Dispatched.
        (S::Planned | S::Dispatched | S::Running, E::ReportedSuccess) => Some(S::Succeeded),
        (S::Planned | S::Waiting | S::Dispatched | S::Running, E::ReportedFailure) => Some(S::Failed),
        (S::Planned | S::Waiting | S::Dispatched | S::Running, E::Expired) => Some(S::TimedOut),
        (S::Planned | S::Waiting | S::Dispatched | S::Running, E::Cancelled) => Some(S::Cancelled),
        (S::Planned | S::Dispatched | S::Running, E::Lost) => Some(S::Lost),
        (S::Planned | S::Waiting, E::Skipped) => Some(S::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [RunEvent; 9] = [
        RunEvent::Assigned,
        RunEvent::Accepted,
        RunEvent::Returned,
        RunEvent::ReportedSuccess,
        RunEvent::ReportedFailure,
        RunEvent::Expired,
        RunEvent::Cancelled,
        RunEvent::Lost,
        RunEvent::Skipped,
    ];

    #[test]
    fn a_terminal_state_is_never_left() {
        for state in RunState::ALL.into_iter().filter(|state| state.is_terminal()) {
            for event in EVENTS {
                assert_eq!(apply(state, event), None, "{state:?} must ignore {event:?}");
            }
        }
    }

    #[test]
    fn every_open_state_can_be_cancelled_and_can_reach_an_outcome() {
        for state in RunState::ALL.into_iter().filter(|state| !state.is_terminal()) {
            assert_eq!(apply(state, RunEvent::Cancelled), Some(RunState::Cancelled));
            assert!(EVENTS.into_iter().filter_map(|event| apply(state, event)).any(RunState::is_terminal));
        }
    }

    #[test]
    fn no_event_leads_back_to_planned() {
        for state in RunState::ALL {
            for event in EVENTS {
                assert_ne!(apply(state, event), Some(RunState::Planned));
            }
        }
    }

    #[test]
    fn a_run_that_surely_was_not_sent_cannot_be_lost() {
        assert_eq!(apply(RunState::Waiting, RunEvent::Lost), None);
    }

    #[test]
    fn a_run_written_ahead_of_its_moment_can_take_every_way_that_a_dispatched_one_can() {
        for event in EVENTS {
            if let Some(after) = apply(RunState::Dispatched, event) {
                assert_eq!(apply(RunState::Planned, event), Some(after), "{event:?}");
            }
        }
    }

    #[test]
    fn a_result_may_overtake_the_answer_to_its_trigger() {
        assert_eq!(apply(RunState::Dispatched, RunEvent::ReportedSuccess), Some(RunState::Succeeded));
        assert_eq!(apply(RunState::Succeeded, RunEvent::Accepted), None);
    }

    #[test]
    fn stored_numbers_name_one_state_reason_and_kind_each() {
        for state in RunState::ALL {
            assert_eq!(RunState::from_code(state.code()), Some(state));
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(RunState::from_code(9), None);
        assert_eq!(Reason::from_code(999), None);
        assert_eq!(RunKind::from_code(2), None);
    }
}
