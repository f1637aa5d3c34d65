//! The breaker in short: everything that can be killed is killed a few times, on every database, and the checker finds
//! nothing wrong. Nothing here depends on how fast the machine is.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

use std::io::{Write, stdout};

use hzm_job_chaos::faults::{Database, Fault};
use hzm_job_chaos::options::Order;
use hzm_job_chaos::plan::Amount;
use hzm_job_chaos::programs;
use hzm_job_chaos::run::{NoRun, run};

/// One seed for ever: a failure comes again with `cargo xtask chaos --seed 11 --kills 6 --database ...`.
const SEED: u64 = 11;

fn order(database: Database, amount: Amount, faults: &[Fault]) -> Order {
    Order {
        seed: SEED,
        amount,
        database,
        rate: 20,
        faults: faults.to_vec(),
        jump_ms: 0,
        admin: programs::admin().unwrap(),
        node: env!("CARGO_BIN_EXE_hzm-job-chaos-node").into(),
        keep: false,
    }
}

fn survives_a_few_kills_of_everything(database: Database) {
    let mut said = Vec::new();
    match run(&order(database, Amount::Kills(6), Fault::ALL), &mut said) {
        Ok(summary) => {
            assert!(summary.is_clean(), "{}{summary}", String::from_utf8_lossy(&said));
            assert!(summary.verdict.expected > 0 && summary.verdict.executions > 0, "{summary}");
        }
        // Past the harness's capturing: the suite counts this line.
        Err(NoRun::Missing(what)) => writeln!(stdout(), "skipped: kills on {}: {what}", database.name()).unwrap(),
        Err(NoRun::Failed(why) | NoRun::Nothing(why)) => panic!("{}{why}", String::from_utf8_lossy(&said)),
    }
}

#[test]
fn a_few_kills_of_everything_lose_nothing_on_sqlite() {
    survives_a_few_kills_of_everything(Database::Sqlite);
}

#[test]
fn a_few_kills_of_everything_lose_nothing_on_mariadb() {
    survives_a_few_kills_of_everything(Database::Mysql);
}

#[test]
fn a_few_kills_of_everything_lose_nothing_on_postgresql() {
    survives_a_few_kills_of_everything(Database::Postgres);
}

/// Why a run breaks nothing.
fn nothing(amount: Amount, faults: &[Fault]) -> String {
    match run(&order(Database::Sqlite, amount, faults), &mut Vec::new()) {
        Err(NoRun::Nothing(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(summary) => panic!("{summary}"),
    }
}

#[test]
fn a_run_that_breaks_nothing_is_no_success() {
    let kills_nothing = nothing(Amount::Kills(1), &[Fault::TriggerSlow]);
    assert!(kills_nothing.contains("nothing to break: give it more --minutes"), "{kills_nothing}");
    let too_short = nothing(Amount::Millis(1), Fault::ALL);
    assert!(too_short.contains("nothing to break: give it more --minutes"), "{too_short}");
    let foreign = nothing(Amount::Millis(60_000), &[Fault::DatabaseKill]);
    assert!(foreign.contains("none of these faults exists with this database"), "{foreign}");
}

#[test]
fn a_fault_that_cannot_be_had_is_named_with_its_reason() {
    // An admin that was built for it can have this fault: then there is nothing to see here.
    if !hzm_job_chaos::has_fault_points(&programs::admin().unwrap()) {
        let why = nothing(Amount::Millis(60_000), &[Fault::ClockForward]);
        assert!(why.contains("clock-forward: the admin was built without the feature `faults`"), "{why}");
    }
}
