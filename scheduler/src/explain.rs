//! Why a job did, or did not, run at some moment: one verdict, and the facts it rests on.
//!
//! The ledger has a row for every occurrence, so most questions are answered by a row. The others (nothing was due; the
//! job was stopped; somebody cleared the row) are answered by the schedule that was in force at that moment and by what
//! people did. This file only judges; the store gathers the facts, and pages put the verdict into words.
//!
//! Limits: a moment means the second it lies in, because no two occurrences of a schedule are less than a second apart.
//! A fixed delay has no list of occurrences: without a row, all that can be said is what it counts from.

use crate::RunId;
use crate::run::{Reason, RunKind, RunState};
use crate::schedule::{Schedule, ScheduleKind};
use chrono::{DateTime, Utc};

mod moments;
#[cfg(test)]
mod tests;

pub use moments::{Moments, moments};

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The number of the entry in the operation log.
    pub operation: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub user: String,
    /// What, in the operation log's words: `create`, `update`, `start`, `stop`, `delete`, `clear`.
    pub action: String,
}

/// A clearing of runs that may have removed a row of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// Who did it, and when.
    pub act: Act,
    /// It removed runs due before this moment only; `None`: the moment did not matter to it.
    pub due_before: Option<DateTime<Utc>>,
}

/// How the job stood at the moment in question.
#[derive(Debug, Clone)]
pub enum Then {
    /// It was not created yet.
    NotYet,
    /// It was deleted already.
    Deleted,
    /// It was there.
    There(Definition),
}

/// The part of a job's definition that decides when it is due.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The schedule.
    pub schedule: Schedule,
    /// Whether the schedule was in force.
    pub enabled: bool,
    /// The moment since which it was.
    pub anchor: DateTime<Utc>,
}

/// One attempt at one fire, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub run: RunId,
    /// How it came to be.
    pub kind: RunKind,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// 0 for the first attempt.
    pub attempt: i32,
    /// Where it stands.
    pub state: RunState,
    /// Why.
    pub reason: Reason,
    /// When its trigger left.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Everything the verdict rests on.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The moment in question.
    pub at: DateTime<Utc>,
    /// The present.
    pub now: DateTime<Utc>,
    /// How the job stood then.
    pub then: Then,
    /// How it stands now; `None`: it is deleted.
    pub today: Option<Definition>,
    /// The last change up to the moment.
    pub before: Option<Act>,
    /// The first change after it.
    pub after: Option<Act>,
    /// The rows due within the second of the moment, the first attempt first.
    pub rows: Vec<Row>,
    /// A row that stands for many missed occurrences and covers the moment.
    pub shared: Option<Row>,
    /// The last occurrence that has, or had, a row.
    pub planned_until: Option<DateTime<Utc>>,
    /// Clearings after the moment that the job's rows may have fallen under.
    pub clearings: Vec<Clearing>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was due (or ordered by hand) and was sent to a node; how each attempt ended stands in the rows.
    Ran,
    /// It was due and ended without ever being sent, for this reason.
    NotSent(Reason),
    /// It was due and was skipped, for this reason.
    Skipped(Reason),
    /// It has a row that has not ended.
    Open(RunState),
    /// It was missed with so many others that one row stands for all of them.
    SharedRow,
    /// Nothing was due: the schedule has no occurrence at that moment.
    NotDue,
    /// The schedule counts from the end of the run before, so it has no list of occurrences.
    FollowsEnd,
    /// The job has no schedule: it runs by hand only.
    ByHandOnly,
    /// The job was not created yet.
    NotCreatedYet,
    /// The job had been deleted.
    Deleted,
    /// The job was stopped.
    Stopped,
    /// Today's schedule has this occurrence; the one in force then had not.
    ScheduleDiffered,
    /// The schedule has this occurrence, but it was put in force later.
    BeforeAnchor,
    /// It lies ahead and will be due.
    WillBeDue,
    /// It lies ahead, and nothing will be due.
    WillNotBeDue,
    /// It was due and has no row yet: the scheduler is behind, or was away.
    Backlog,
    /// It was due, and the job was stopped, changed or deleted before its row was written.
    Overtaken,
    /// It was due and had a row, which somebody cleared.
    Cleared,
    /// It was due and has no row, and nothing that is known says why.
    Unrecorded,
}

impl Verdict {
    /// The stable word of this verdict, for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Ran => "ran",
            Verdict::NotSent(_) => "not_sent",
            Verdict::Skipped(_) => "skipped",
            Verdict::Open(_) => "open",
            Verdict::SharedRow => "shared_row",
            Verdict::NotDue => "not_due",
            Verdict::FollowsEnd => "follows_end",
            Verdict::ByHandOnly => "by_hand_only",
            Verdict::NotCreatedYet => "not_created_yet",
            Verdict::Deleted => "deleted",
            Verdict::Stopped => "stopped",
            Verdict::ScheduleDiffered => "schedule_differed",
            Verdict::BeforeAnchor => "before_anchor",
            Verdict::WillBeDue => "will_be_due",
            Verdict::WillNotBeDue => "will_not_be_due",
            Verdict::Backlog => "backlog",
            Verdict::Overtaken => "overtaken",
            Verdict::Cleared => "cleared",
            Verdict::Unrecorded => "unrecorded",
        }
    }
}

/// A verdict, the act of a person it rests on, and what was due around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The answer.
    pub verdict: Verdict,
    /// What somebody did that made it so, where somebody did.
    pub act: Option<Act>,
    /// What the schedule says about the moment and its neighbours.
    pub moments: Moments,
    /// By how many milliseconds the first attempt left after it was due.
    pub late_ms: Option<i64>,
}

/// Judges.
#[must_use]
pub fn explain(facts: &Facts) -> Explanation {
    let moments = moments(&facts.then, facts.at);
    let (verdict, act) = by_rows(facts).map_or_else(|| without_row(facts, &moments), |verdict| (verdict, None));
    Explanation { verdict, act, moments, late_ms: late_ms(&facts.rows) }
}

/// What the rows of the second say; a row of the schedule counts for more than one by hand.
fn by_rows(facts: &Facts) -> Option<Verdict> {
    let of_kind = |kind: RunKind| facts.rows.iter().filter(|row| row.kind == kind).collect::<Vec<_>>();
    let scheduled = of_kind(RunKind::Scheduled);
    if !scheduled.is_empty() {
        return by_attempts(&scheduled);
    }
    if facts.shared.is_some() {
        return Some(Verdict::SharedRow);
    }
    by_attempts(&of_kind(RunKind::Manual))
}

fn by_attempts(attempts: &[&Row]) -> Option<Verdict> {
    let last = attempts.iter().max_by_key(|row| row.attempt)?;
    Some(match last.state {
        state if !state.is_terminal() => Verdict::Open(state),
        _ if attempts.iter().any(|row| row.sent_at.is_some()) => Verdict::Ran,
        RunState::Skipped if last.reason == Reason::MisfireMany => Verdict::SharedRow,
        RunState::Skipped => Verdict::Skipped(last.reason),
        RunState::Succeeded => Verdict::Ran,
        _ => Verdict::NotSent(last.reason),
    })
}

/// What the schedule and the people say where there is no row.
fn without_row(facts: &Facts, moments: &Moments) -> (Verdict, Option<Act>) {
    let definition = match &facts.then {
        Then::NotYet => return (Verdict::NotCreatedYet, facts.after.clone()),
        Then::Deleted => return (Verdict::Deleted, facts.before.clone()),
        Then::There(definition) => definition,
    };
    let is_ahead = moments.second > facts.now;
    match definition.schedule.kind() {
        ScheduleKind::Manual => return (Verdict::ByHandOnly, None),
        _ if !definition.enabled => return (Verdict::Stopped, facts.before.clone()),
        ScheduleKind::FixedDelay => return (Verdict::FollowsEnd, None),
        _ => {}
    }
    match moments.occurrence {
        Some(_) if is_ahead => (Verdict::WillBeDue, None),
        Some(due) => unwritten(facts, due),
        None if is_ahead => (Verdict::WillNotBeDue, None),
        None => not_due(facts, definition, moments),
    }
}

/// Why nothing was due at a moment that has passed.
fn not_due(facts: &Facts, then: &Definition, moments: &Moments) -> (Verdict, Option<Act>) {
    if moments.has_occurrence(&then.schedule) {
        return (Verdict::BeforeAnchor, facts.before.clone());
    }
    match &facts.today {
        Some(today) if moments.has_occurrence(&today.schedule) => (Verdict::ScheduleDiffered, facts.after.clone()),
        _ => (Verdict::NotDue, None),
    }
}

/// Why an occurrence that has passed has no row.
fn unwritten(facts: &Facts, due: DateTime<Utc>) -> (Verdict, Option<Act>) {
    let took = |clearing: &&Clearing| clearing.act.at > due && clearing.due_before.is_none_or(|before| due < before);
    let was_written = facts.planned_until.is_some_and(|planned| due <= planned);
    let is_in_force = facts.today.as_ref().is_some_and(|today| today.enabled && today.anchor < due);
    match (was_written, facts.clearings.iter().find(took)) {
        (true, Some(clearing)) => (Verdict::Cleared, Some(clearing.act.clone())),
        (false, _) if is_in_force => (Verdict::Backlog, None),
        _ if !is_in_force => (Verdict::Overtaken, facts.after.clone()),
        _ => (Verdict::Unrecorded, None),
    }
}

fn late_ms(rows: &[Row]) -> Option<i64> {
    let first = rows.iter().filter(|row| row.sent_at.is_some()).min_by_key(|row| (row.kind.code(), row.attempt))?;
    Some(first.sent_at?.signed_duration_since(first.due).num_milliseconds())
}
