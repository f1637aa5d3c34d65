//! What can be asked of the benchmark.

use std::path::PathBuf;

use clap::Parser;
use hzm_job_test_rig::database::{Databases, databases};
use serde_json::Value;

use crate::node::wire::Wire;
use crate::own_settings::refuse_setting;

/// Starts an admin, a database and a load executor, lets jobs fire, and tells how much, how punctual and at which cost, after
/// reading from the ledger that every fire was right.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
pub struct Options {
    /// What is measured.
    #[arg(value_enum, default_value_t = Scenario::Steady)]
    pub scenario: Scenario,
    /// `sqlite`, `mysql`, `postgres`, or `all` of them, one after another.
    #[arg(long, default_value = "sqlite", value_parser = databases)]
    pub database: Databases,
    /// Fires a second; maximum: where the search begins.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// How long is measured.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// How long everything runs before that, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=3_600))]
    pub warm_up: u32,
    /// The number of jobs where it is not the rate; floor: of rows; retention: of old runs.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// How jobs that fire are made.
    #[arg(long, value_enum, default_value_t = JobsBy::Sql)]
    pub jobs_by: JobsBy,
    /// instant: the minutes between two instants, and so how long jobs sleep in between.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub minutes_between: u32,
    /// instant: how many instants are measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub instants: u32,
    /// The language between the admin and the load executor.
    #[arg(long, value_enum, default_value_t = Speech::Hzm)]
    pub wire: Speech,
    /// Nodes of the load executor; all of them live in one process.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub nodes: u16,
    /// Connections on which the load executor reports results. A result is answered once it is on disk, so on a server few
    /// connections measure how often it commits; many compete with the triggers for the processors.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub connections: u16,
    /// How long a run works, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub work_ms: u64,
    /// How often it is measured, each time from nothing; medians are told.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: u32,
    /// The admin's program; without it the one beside this program, which is built when it is missing.
    #[arg(long, value_name = "PATH")]
    pub admin_binary: Option<PathBuf>,
    /// A setting of the admin below `hzm.job.admin`, such as `threads=2` or `scheduling.wakeAheadMs=1000`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, Value)>,
    /// A shell command that runs while it is measured; it finds ADMIN_PID, NODE_PID, DATABASE_PID (where there is one) and
    /// MEASURED_SECONDS in its environment.
    #[arg(long, value_name = "COMMAND")]
    pub during: Option<String>,
    /// The folder of the results, one JSON file per scenario, database, wire, rate and whatever else is not as usual; none is written without it.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Measure nothing, and write benchmarks.md with its plots into this folder, of all results in --out.
    #[arg(long, value_name = "FOLDER", requires = "out")]
    pub page: Option<PathBuf>,
    /// Keep the folder with logs, ledger and records.
    #[arg(long)]
    pub keep: bool,
}

/// The language between the admin and the load executor, and with it which load executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Speech {
    /// hzm-job's own, one request per result, spoken by a program that does next to nothing.
    Hzm,
    /// xxl-job's up to 3.4, spoken by the same program; refused as long as the admin does not serve it.
    #[value(hide = true)]
    Xxl,
    /// Whatever our own SDK and the admin agree on, spoken by a program written with the SDK.
    Sdk,
}

impl Speech {
    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.wire().map_or("sdk", Wire::name)
    }

    /// What the load executor without an SDK is to speak, if it is that one.
    #[must_use]
    pub fn wire(self) -> Option<Wire> {
        match self {
            Self::Hzm => Some(Wire::Hzm),
            Self::Xxl => Some(Wire::Xxl),
            Self::Sdk => None,
        }
    }
}

/// How jobs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum JobsBy {
    /// Rows written past the admin, which is started again then: fast.
    Sql,
    /// In batches, as a user's program would.
    Api,
}

/// Splits a setting; a value that is no JSON is text.
fn setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    refuse_setting(key)?;
    Ok((key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// So many jobs, each due on every whole second.
    Steady,
    /// So many jobs, each due once in every second, spread over its milliseconds.
    Spread,
    /// The highest rate at which `steady` is sustained, searched from --rate.
    Maximum,
    /// Many jobs due in one instant, and nothing in between.
    Instant,
    /// What the parts of a fire cost at the least on this machine, without any scheduler.
    Floor,
    /// A million jobs that are never due: memory, start, idle processor time.
    Dormant,
    /// Back after an orderly end and after a kill, with a thousand, a hundred thousand and a million jobs.
    Restart,
    /// The admin as a newcomer starts it: memory and idle processor time.
    Idle,
    /// A hundred thousand jobs created through the API.
    Create,
    /// Lists and edits through the API while jobs fire.
    Api,
    /// Ten million old runs cleared while jobs fire.
    Retention,
}

impl Scenario {
    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Spread => "spread",
            Self::Maximum => "maximum",
            Self::Instant => "instant",
            Self::Floor => "floor",
            Self::Dormant => "dormant",
            Self::Restart => "restart",
            Self::Idle => "idle",
            Self::Create => "create",
            Self::Api => "api",
            Self::Retention => "retention",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_mistakes_are_named() {
        let read = |line: &str| Options::try_parse_from(line.split(' '));
        let options = read("bench instant --database all --jobs 10000 --wire sdk").unwrap();
        assert_eq!((options.scenario, options.database.0.len(), options.wire), (Scenario::Instant, 3, Speech::Sdk));
        let set = read("bench --set threads=2 --set log.level=warn").unwrap().settings;
        assert_eq!((&set[0].1, &set[1].1), (&Value::from(2), &Value::from("warn")));
        assert!(
            read("bench --rate 0").is_err()
                && read("bench create --jobs 0").is_err()
                && read("bench --set threads").is_err()
        );
        assert!(read("bench earthquake").unwrap_err().to_string().contains("steady"));
    }
}
