//! What the steps of a run came to, and the lines that say so.
//!
//! Only adding up and printing; which steps there are is the business of `suite`.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::tally::Tally;

/// How one step ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A check without parts of its own (formatting, clippy) held.
    Held,
    /// A check without parts of its own did not hold; the text says what to look at.
    Broken(String),
    /// Not run, and why.
    Skipped(String),
    /// A step made of many tests.
    Tests(Tally),
}

impl Outcome {
    /// The share of this step in the closing line.
    fn tally(&self, step: &str) -> Tally {
        match self {
            Self::Held => Tally { passed: 1, ..Tally::default() },
            Self::Broken(why) => Tally { failed: 1, failures: vec![format!("{step}: {why}")], ..Tally::default() },
            Self::Skipped(why) => Tally { skipped: 1, skips: vec![format!("{step}: {why}")], ..Tally::default() },
            Self::Tests(tally) => tally.clone(),
        }
    }
}

/// All steps so far.
#[derive(Default, Debug)]
pub(crate) struct Report {
    total: Tally,
}

impl Report {
    /// Announces a step, runs it and prints how it ended and how long it took.
    pub(crate) fn step(
        &mut self,
        out: &mut dyn Write,
        name: &str,
        work: impl FnOnce(&mut dyn Write) -> io::Result<Outcome>,
    ) -> io::Result<()> {
        writeln!(out, "==> {name}")?;
        let began = Instant::now();
        let tally = work(out)?.tally(name);
        writeln!(out, "<== {name}: {} in {}", tally.verdict(), seconds(began.elapsed()))?;
        self.total.add(tally);
        Ok(())
    }

    /// Whether nothing failed.
    pub(crate) fn passed(&self) -> bool {
        self.total.failed == 0
    }

    /// Names what was skipped and what failed, then the one line that sums up.
    pub(crate) fn close(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)?;
        for skip in &self.total.skips {
            writeln!(out, "skipped: {skip}")?;
        }
        for failure in &self.total.failures {
            writeln!(out, "failed: {failure}")?;
        }
        writeln!(out, "{}", self.total.counts())
    }
}

/// Tenths of a second are exact enough for a build and steady enough to read.
fn seconds(span: Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(outcomes: Vec<Outcome>) -> (bool, String) {
        let mut report = Report::default();
        let mut out = Vec::new();
        for outcome in outcomes {
            report.step(&mut io::sink(), "step", |_| Ok(outcome)).unwrap();
        }
        report.close(&mut out).unwrap();
        (report.passed(), String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_closing_line_sums_steps_and_tests() {
        let tests =
            Tally { passed: 7, skipped: 1, skips: vec!["browser journey: no browser".into()], ..Tally::default() };
        let (passed, text) = closing(vec![Outcome::Held, Outcome::Tests(tests)]);
        assert!(passed);
        assert!(text.contains("skipped: browser journey: no browser\n"), "{text}");
        assert!(text.ends_with("8 passed, 0 failed, 1 skipped\n"), "{text}");
    }

    #[test]
    fn a_failure_is_named_with_its_step_and_fails_the_run() {
        let (passed, text) = closing(vec![Outcome::Broken("see above".into()), Outcome::Held]);
        assert!(!passed);
        assert!(text.contains("failed: step: see above\n"), "{text}");
        assert!(text.ends_with("1 passed, 1 failed, 0 skipped\n"), "{text}");
    }

    #[test]
    fn a_skipped_step_does_not_fail_the_run() {
        let (passed, text) = closing(vec![Outcome::Skipped("rustfmt is not installed".into())]);
        assert!(passed);
        assert!(text.contains("skipped: step: rustfmt is not installed\n"), "{text}");
    }
}
