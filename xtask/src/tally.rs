//! Reads what the Rust test harness prints.
//!
//! Understood are the lines `test NAME ... FAILED` and `test result: ...`, and one of our own: a test that cannot run
//! here writes `skipped: NAME: WHY` straight to standard output (past the harness's capturing) and returns. The harness
//! counts such a test as passed; we count it as skipped.

/// Counts of tests, with the names of those that did not simply pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that ran and held.
    pub(crate) passed: usize,
    /// Tests that ran and did not hold.
    pub(crate) failed: usize,
    /// Tests that could not run here, and those marked `#[ignore]`.
    pub(crate) skipped: usize,
    /// One line for each failure.
    pub(crate) failures: Vec<String>,
    /// One line for each reason to skip.
    pub(crate) skips: Vec<String>,
}

/// What begins a line by which a test says that it cannot run here.
const SKIP_MARK: &str = "skipped: ";

impl Tally {
    /// Takes in one line of a test program's output.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.read_counts(counts);
        } else if let Some(name) = failed_test(line) {
            self.failures.push(name.to_owned());
        } else if let Some(reason) = skip_reason(line) {
            self.skips.push(reason.to_owned());
            self.skipped += 1;
        }
    }

    fn read_counts(&mut self, counts: &str) {
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// Ends the reading: takes the tests that skipped themselves off the passed ones, where the harness put them.
    pub(crate) fn settled(mut self) -> Self {
        self.passed = self.passed.saturating_sub(self.skips.len());
        self
    }

    /// Adds another tally to this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
    }

    /// `3 passed, 0 failed, 1 skipped`.
    pub(crate) fn counts(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }

    /// One word where one word says it, else the counts.
    pub(crate) fn verdict(&self) -> String {
        match (self.passed, self.failed, self.skipped) {
            (1, 0, 0) => "ok".to_owned(),
            (0, 1, 0) => "FAILED".to_owned(),
            (0, 0, 1) => "skipped".to_owned(),
            _ => self.counts(),
        }
    }
}

fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// With one test thread the harness has already printed `test NAME ... ` on the same line.
fn skip_reason(line: &str) -> Option<&str> {
    let said = match line.split_once(" ... ") {
        Some((test, said)) if test.starts_with("test ") => said,
        _ => line,
    };
    said.strip_prefix(SKIP_MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tally {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.read(line));
        tally.settled()
    }

    #[test]
    fn results_of_several_programs_add_up() {
        let tally = read(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.20s",
        );
        assert_eq!((tally.passed, tally.failed, tally.skipped), (7, 3, 1));
    }

    #[test]
    fn failed_tests_are_named() {
        let tally = read("test cron::a_leap_day ... FAILED\ntest cron::plain ... ok");
        assert_eq!(tally.failures, ["cron::a_leap_day"]);
    }

    #[test]
    fn a_test_that_skips_itself_counts_as_skipped_and_not_as_passed() {
        let tally = read(
            "running 2 tests\nskipped: browser journey: chromium not found\ntest journey ... ok\ntest other ... ok\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 0, 1));
        assert_eq!(tally.skips, ["browser journey: chromium not found"]);
    }

    #[test]
    fn a_skip_on_the_line_of_its_test_is_seen() {
        let tally = read("test journey ... skipped: browser journey: chromium not found");
        assert_eq!(tally.skips, ["browser journey: chromium not found"]);
    }

    #[test]
    fn a_log_line_that_mentions_the_word_is_not_a_skip() {
        assert_eq!(read("the run was skipped: overlap"), Tally::default());
    }
}
