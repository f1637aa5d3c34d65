//! The benchmark in short, for what it says about being right: nothing here depends on how fast the machine is.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

use clap::Parser;
use hzm_job_bench::figures::{Figure, Sheet};
use hzm_job_bench::options::{Options, Scenario};
use hzm_job_bench::scenario::{self, OTHERWISE};
use hzm_job_bench::stage::{NoStage, Programs};
use hzm_job_test_rig::database::Database;
use hzm_job_test_rig::programs;

/// Measures three seconds of fifty jobs; nothing may be wrong, however slow it was.
fn three_seconds_of(scenario: Scenario, more: &[&str]) {
    // On a machine that stands still for a while nothing is sent twice.
    let patient = ["--set", "scheduling.answerWithinMs=120000", "--set", "scheduling.misfireThresholdMs=300000"];
    let short = ["bench", "--rate", "50", "--seconds", "3", "--warm-up", "0", "--runs", "1"];
    let said = Options::parse_from([&short[..], &patient[..], more].concat());
    let options = Options { scenario, ..said };
    let programs = Programs::with_admin(programs::admin().unwrap()).unwrap();
    let (_, sheet) = scenario::measure(&options, Database::Sqlite, &programs).unwrap();
    assert_eq!(sheet.wrong, Vec::<String>::new());
    let counts = ["fires expected", "missing", "double"].map(|name| sheet.get(name));
    assert_eq!(counts, [Some(150.0), Some(0.0), Some(0.0)]);
    // A fire that was skipped because the machine was slow is right, too.
    let ended = |figure: &&Figure| figure.name == "succeeded" || figure.name.starts_with(OTHERWISE);
    assert_eq!(sheet.figures.iter().filter(ended).map(|figure| figure.value).sum::<f64>(), 150.0);
    assert!(sheet.get("admin RSS peak").unwrap() > 0.0);
}

#[test]
fn fires_of_jobs_made_through_the_api_have_a_row_each() {
    three_seconds_of(Scenario::Steady, &["--jobs-by", "api"]);
}

#[test]
fn fires_of_jobs_written_past_the_admin_have_a_row_each() {
    three_seconds_of(Scenario::Steady, &["--jobs-by", "sql"]);
}

#[test]
fn fires_that_are_spread_over_the_second_have_a_row_each() {
    three_seconds_of(Scenario::Spread, &[]);
}

/// What a run of three seconds says, with a command meanwhile.
fn measured_with(command: &str) -> Result<Sheet, String> {
    let short = ["bench", "--rate", "5", "--seconds", "3", "--warm-up", "0", "--during", command];
    let programs = Programs::with_admin(programs::admin().unwrap()).unwrap();
    match scenario::measure(&Options::parse_from(short), Database::Sqlite, &programs) {
        Ok((_, sheet)) => Ok(sheet),
        Err(NoStage::Failed(why) | NoStage::Missing(why)) => Err(why),
    }
}

#[test]
fn an_admin_that_ends_while_it_is_measured_is_told_and_not_waited_for() {
    let problem = measured_with("kill -9 $ADMIN_PID").unwrap_err();
    assert!(problem.contains("the admin ended with signal: 9"), "{problem}");
}

#[test]
fn a_command_that_fails_meanwhile_is_told() {
    assert_eq!(measured_with("exit 3").unwrap().wrong, ["the command of --during ended with exit status: 3"]);
}
