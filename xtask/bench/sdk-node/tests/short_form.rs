//! The benchmark over the SDK in short: every fire has a row and came once, however slow the machine is.

// Helpers outside of tests count as test code for clippy only below this.
#![cfg(test)]

use clap::Parser;
use hzm_job_bench::options::Options;
use hzm_job_bench::scenario;
use hzm_job_bench::stage::Programs;
use hzm_job_test_rig::database::Database;
use hzm_job_test_rig::programs;

#[test]
fn fires_that_go_to_the_sdk_have_a_row_each_and_come_once() {
    let line = "bench --wire sdk --rate 50 --seconds 3 --warm-up 0 --runs 1 --set scheduling.answerWithinMs=120000 \
         --set scheduling.misfireThresholdMs=300000";
    let options = Options::parse_from(line.split_whitespace());
    let programs = Programs::with_admin(programs::admin().unwrap()).unwrap();
    let (_, sheet) = scenario::measure(&options, Database::Sqlite, &programs).unwrap();
    assert_eq!(sheet.wrong, Vec::<String>::new());
    let counts = ["fires expected", "missing", "double"].map(|name| sheet.get(name));
    assert_eq!(counts, [Some(150.0), Some(0.0), Some(0.0)]);
}
