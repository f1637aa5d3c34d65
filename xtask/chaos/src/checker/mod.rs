//! The independent checker: what had to happen, by plain arithmetic, against what the ledger says and what the executors
//! saw.
//!
//! It knows the jobs because the breaker made them, and the causes because the breaker caused them. It uses no code of the
//! scheduler, because a mistake there would be made twice and found never. It decides nothing about lateness: a slow machine
//! is late and right.

mod attempts;
mod by_hand;
mod evidence;
mod executions;
mod meddled;
mod occurrences;
mod overlap;
mod reasons;
mod results;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Ordered};

use evidence::Index;

use std::fmt;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// A moment has no row.
    Missing,
    /// A moment has a row more than once.
    Double,
    /// There is a row for a moment at which nothing was due.
    Invented,
    /// Something happened before its time.
    Early,
    /// A row has no outcome.
    Open,
    /// Attempts have gaps, or come or do not come against the retry policy.
    Attempts,
    /// A run was executed that has no row, or one that says it was not executed.
    Unrecorded,
    /// A run was executed more than once without a cause that allows it.
    Twice,
    /// Two executions of a job went on side by side against its policy.
    SideBySide,
    /// The ledger tells another end than the executor.
    Result,
    /// The reason of an outcome is not one that the job's policies allow.
    Reason,
    /// Something that the breaker itself asked for was not done, such as becoming ready again.
    Stuck,
    /// The admin ended by itself.
    Ended,
}

impl Flaw {
    /// Every flaw with the words of the report.
    pub const ALL: [(Flaw, &'static str); 13] = [
        (Flaw::Missing, "missing"),
        (Flaw::Double, "double"),
        (Flaw::Invented, "at moments when nothing was due"),
        (Flaw::Early, "early"),
        (Flaw::Open, "still open"),
        (Flaw::Attempts, "attempts against the retry policy"),
        (Flaw::Unrecorded, "executed without a row that says so"),
        (Flaw::Twice, "executed twice without a cause"),
        (Flaw::SideBySide, "side by side against the overlap policy"),
        (Flaw::Result, "results that differ"),
        (Flaw::Reason, "reasons that no policy allows"),
        (Flaw::Stuck, "not done at all"),
        (Flaw::Ended, "the admin ended by itself"),
    ];
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub flaw: Flaw,
    /// The job; 0 where there is none.
    pub job: i64,
    /// The moment that was due, or the nearest that says something; milliseconds.
    pub moment: i64,
    /// What was found, with the rows.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: job {} at {}: {}", self.flaw, self.job, self.moment, self.text)
    }
}

/// What was counted, and what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Moments that had to have a row.
    pub expected: usize,
    /// Rows.
    pub rows: usize,
    /// Executions that the nodes told of.
    pub executions: usize,
    /// Repeated executions that a kill of the first one's process explains.
    pub repeated_with_cause: usize,
    /// Executions whose trigger reached the node after the scheduler had given the run up; the ledger's word stands.
    pub started_after_given_up: usize,
    /// Changes of jobs that were answered 2xx.
    pub changes: usize,
    /// Changes of jobs after which nobody knew whether they were done.
    pub unclear_changes: usize,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Adds what is wrong.
    pub fn found(&mut self, flaw: Flaw, job: i64, moment: i64, text: impl Into<String>) {
        self.findings.push(Finding { flaw, job, moment, text: text.into() });
    }

    /// How often this is wrong.
    #[must_use]
    pub fn count(&self, flaw: Flaw) -> usize {
        self.findings.iter().filter(|finding| finding.flaw == flaw).count()
    }
}

/// Checks everything.
#[must_use]
pub fn check(evidence: &Evidence) -> Verdict {
    let index = Index::of(evidence);
    let mut verdict =
        Verdict { rows: evidence.rows.len(), executions: evidence.executions.len(), ..Verdict::default() };
    occurrences::check(&index, &mut verdict);
    attempts::check(&index, &mut verdict);
    executions::check(&index, &mut verdict);
    overlap::check(&index, &mut verdict);
    results::check(&index, &mut verdict);
    reasons::check(&index, &mut verdict);
    by_hand::check(&index, &mut verdict);
    meddled::check(&index, &mut verdict);
    verdict
}
