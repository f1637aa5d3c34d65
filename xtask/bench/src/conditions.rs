//! Under which conditions a report was measured: what tells its file and its column from others of the same scenario.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::options::{JobsBy, Options};
use crate::report::Report;

/// What was asked for besides scenario, database, wire, rate, jobs, time and nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Connections on which the load executor reports.
    pub connections: u16,
    /// How long a run works, in milliseconds.
    pub work_ms: u64,
    /// How long everything ran before it was measured, in seconds.
    pub warm_up: u32,
    /// Settings of the admin, in the order in which they were said.
    pub settings: Vec<(String, Value)>,
    /// Whether jobs were made through the API.
    pub jobs_by_api: bool,
    /// Minutes between two instants.
    pub minutes_between: u32,
    /// Instants that were measured.
    pub instants: u32,
    /// A command that ran meanwhile.
    pub during: Option<String>,
}

/// Scenarios in which no run ends at the load executor.
const WITHOUT_RUNS: [&str; 4] = ["floor", "idle", "dormant", "create"];

/// Whether runs end in this scenario, so that connections, work and wire mean something.
#[must_use]
pub fn has_runs(scenario: &str) -> bool {
    !WITHOUT_RUNS.contains(&scenario)
}

impl Conditions {
    /// Those of these options.
    #[must_use]
    pub fn of(options: &Options) -> Conditions {
        Conditions {
            connections: options.connections,
            work_ms: options.work_ms,
            warm_up: options.warm_up,
            settings: options.settings.clone(),
            jobs_by_api: options.jobs_by == JobsBy::Api,
            minutes_between: options.minutes_between,
            instants: options.instants,
            during: options.during.clone(),
        }
    }

    fn settings_text(&self) -> Vec<String> {
        self.settings.iter().map(|(key, value)| format!("{key}={}", bare(value))).collect()
    }

    /// What differs from the options' defaults, as parts of a file name.
    fn suffixes(&self, usual: &Conditions) -> Vec<String> {
        let differs = |is: bool, words: String| is.then_some(words);
        let parts = [
            differs(self.warm_up != usual.warm_up, format!("{}s-before", self.warm_up)),
            differs(self.connections != usual.connections, format!("{}-connections", self.connections)),
            differs(self.work_ms != usual.work_ms, format!("{}ms-work", self.work_ms)),
            differs(self.jobs_by_api, "by-api".to_owned()),
            differs(self.minutes_between != usual.minutes_between, format!("every-{}-minutes", self.minutes_between)),
            differs(self.instants != usual.instants, format!("{}-instants", self.instants)),
        ];
        let settings = self.settings_text().into_iter().map(|setting| format!("set-{}", word(&setting)));
        let during = self.during.iter().map(|command| format!("during-{:08x}", hash(command)));
        parts.into_iter().flatten().chain(settings).chain(during).collect()
    }
}

/// What differs from the options' defaults in a report, as the end of a file name: other conditions, another file.
#[must_use]
pub fn suffix(report: &Report, usual: &Options) -> String {
    let many = u32::try_from(report.told_runs()).unwrap_or(u32::MAX);
    let own = [
        (report.seconds != usual.seconds, format!("{}s", report.seconds)),
        (report.nodes != usual.nodes, format!("{}-nodes", report.nodes)),
        (many != usual.runs, format!("{many}-runs")),
    ];
    let own = own.into_iter().filter(|(differs, _)| *differs).map(|(_, words)| words);
    let more = report.conditions.iter().flat_map(|conditions| conditions.suffixes(&Conditions::of(usual)));
    own.chain(more).map(|part| format!("-{part}")).collect()
}

/// The conditions of a report that mean something in its scenario, with their names; the same names in the same order for
/// every report of a scenario. What an older report does not hold is unknown.
#[must_use]
pub fn told(report: &Report) -> Vec<(&'static str, String)> {
    let known = report.conditions.as_ref();
    let of = |tell: &dyn Fn(&Conditions) -> String| known.map_or_else(|| "unknown".to_owned(), tell);
    let scenario = report.scenario.as_str();
    let (runs, instant) = (has_runs(scenario), scenario == "instant");
    let timed = !["floor", "restart", "create", "instant"].contains(&scenario);
    let waits = !["floor", "create", "instant"].contains(&scenario);
    let is_made = ["steady", "maximum", "instant"].contains(&scenario);
    let all = [
        (true, "runs", report.told_runs().to_string()),
        (timed, "seconds measured", report.seconds.to_string()),
        (waits, "seconds of warm-up", of(&|known| known.warm_up.to_string())),
        (instant, "instants", of(&|known| known.instants.to_string())),
        (instant, "minutes between instants", of(&|known| known.minutes_between.to_string())),
        (runs, "nodes", report.nodes.to_string()),
        (runs, CONNECTIONS, connections(report)),
        (runs, "milliseconds a run works", of(&|known| known.work_ms.to_string())),
        (is_made, "jobs made by", of(&|known| if known.jobs_by_api { "api" } else { "sql" }.to_owned())),
        (scenario != "floor", "settings", of(&|known| code(&known.settings_text()))),
        (true, "command meanwhile", of(&|known| code(known.during.as_slice()))),
        (true, "product", report.product.to_string()),
    ];
    all.into_iter().filter(|(matters, ..)| *matters).map(|(_, name, value)| (name, value)).collect()
}

/// The condition that is in each table.
pub const CONNECTIONS: &str = "connections for results";

/// The value of a condition that is not at work.
pub const NONE: &str = "none";

/// The SDK has a say of its own about its connections.
fn connections(report: &Report) -> String {
    match &report.conditions {
        _ if report.wire == "sdk" => "the SDK's".to_owned(),
        Some(known) => known.connections.to_string(),
        None => "unknown".to_owned(),
    }
}

/// As code of the page, within one cell of a table.
fn code(parts: &[String]) -> String {
    if parts.is_empty() {
        return NONE.to_owned();
    }
    let safe = |part: &String| format!("`{}`", part.replace(['\n', '\r', '`'], " ").replace('|', "\\|"));
    parts.iter().map(safe).collect::<Vec<_>>().join(", ")
}

/// A value as it was said: text without quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text itself where a file name can hold it and nothing else is written alike, else a number made of it.
fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "=._".contains(letter);
    if text.len() <= 40 && text.chars().all(plain) { text.to_owned() } else { format!("{:08x}", hash(text)) }
}

/// FNV-1a in 32 bits: the same for ever, unlike the standard library's, and two commands of one folder rarely meet.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::machine::Machine;
    use crate::product::Product;
    use clap::Parser;
    use hzm_job_test_rig::database::Database;

    fn report(more: &str) -> Report {
        let line = ["bench", "steady"].into_iter().chain(more.split(' ').filter(|word| !word.is_empty()));
        Report::new(&Options::parse_from(line), Database::Sqlite, Product::default(), Machine::default(), Vec::new())
    }

    #[test]
    fn every_condition_gives_a_file_of_its_own() {
        let lines = [
            "",
            "--connections 16",
            "--set threads=2",
            "--set threads=4",
            "--set threads=2 --set scheduling.wakeAheadMs=1",
            "--set threads=2-set-scheduling.wakeAheadMs=1",
            "--work-ms 50",
            "--nodes 4",
            "--seconds 20",
            "--warm-up 0",
            "--runs 1",
            "--jobs-by api",
            "--jobs 9",
            "--during true",
            "--during false",
            "--instants 9",
            "--minutes-between 2",
        ];
        let names: BTreeSet<String> = lines.iter().map(|line| report(line).file_name()).collect();
        assert_eq!(names.len(), lines.len(), "{names:?}");
        assert!(names.contains("steady-sqlite-hzm-1000.json"), "what is usual has a short name: {names:?}");
        assert!(names.contains("steady-sqlite-hzm-1000-set-threads=2.json"), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['/', ' '])));
    }

    #[test]
    fn what_a_setting_or_a_command_holds_does_not_break_a_table() {
        let told = told(&report("--set x=a|b"));
        let settings = told.iter().find(|(name, _)| *name == "settings").map(|(_, value)| value.as_str());
        assert_eq!(settings, Some("`x=a\\|b`"));
    }
}
