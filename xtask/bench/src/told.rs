//! The conditions of a report as the page tells them.

use crate::conditions::{Conditions, has_runs};
use crate::report::Report;

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::machine::Machine;
    use crate::options::Options;
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
