//! What a run of the breaker came to, as a table for people.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::checker::{Flaw, Verdict};
use crate::faults::{Database, Fault};
use crate::history::History;
use crate::options::Order;

/// Findings of one kind that are shown; the folder has the rest.
const SHOWN: usize = 10;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Summary {
    database: Database,
    seed: u64,
    /// How often each fault was done.
    times: BTreeMap<Fault, usize>,
    left_out: Vec<(Fault, &'static str)>,
    /// What the checker says.
    pub verdict: Verdict,
    folder: PathBuf,
}

impl Summary {
    /// The summary of what was done and found.
    #[must_use]
    pub fn new(
        order: &Order,
        history: &History,
        left_out: Vec<(Fault, &'static str)>,
        verdict: Verdict,
        folder: &Path,
    ) -> Summary {
        let mut times = BTreeMap::new();
        for happening in &history.happenings {
            *times.entry(happening.fault).or_insert(0) += 1;
        }
        let (database, seed) = (order.database, order.seed);
        Summary { database, seed, times, left_out, verdict, folder: folder.to_owned() }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.verdict.findings.is_empty()
    }

    fn write_faults(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let survived = if self.is_clean() { "yes" } else { "see below" };
        writeln!(out, "{:18} {:>6}  survived", "fault", "times")?;
        for (fault, times) in &self.times {
            writeln!(out, "{:18} {times:>6}  {survived}", fault.name())?;
        }
        for (fault, why) in &self.left_out {
            writeln!(out, "{:18} skipped: {why}", fault.name())?;
        }
        Ok(())
    }

    fn write_counts(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = &self.verdict;
        let mut line = |words: &str, count: usize| writeln!(out, "{words:44} {count:>8}");
        line("occurrences expected", verdict.expected)?;
        line("rows", verdict.rows)?;
        line("executions seen", verdict.executions)?;
        line("executed again, its first process was killed", verdict.repeated_with_cause)?;
        line("started after the scheduler gave it up", verdict.started_after_given_up)?;
        line("changes of jobs", verdict.changes)?;
        line("changes of jobs without a clear answer", verdict.unclear_changes)?;
        for (flaw, words) in Flaw::ALL {
            line(words, verdict.count(flaw))?;
        }
        Ok(())
    }

    fn write_findings(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flaw, _) in Flaw::ALL {
            let findings = || self.verdict.findings.iter().filter(|finding| finding.flaw == flaw);
            for finding in findings().take(SHOWN) {
                writeln!(out, "{finding}")?;
            }
            let more = findings().count().saturating_sub(SHOWN);
            if more > 0 {
                writeln!(out, "... and {more} more of this kind")?;
            }
        }
        if !self.is_clean() {
            writeln!(out, "logs, ledger and traces are in {}", self.folder.display())?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\n{} with seed {}", self.database.name(), self.seed)?;
        self.write_faults(out)?;
        writeln!(out)?;
        self.write_counts(out)?;
        self.write_findings(out)
    }
}
