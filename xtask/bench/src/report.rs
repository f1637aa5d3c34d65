//! What is told: a table for people, and JSON for everything else.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hzm_job_test_rig::clock::now_ms;
use serde::{Deserialize, Serialize};

use crate::figures::{Figure, Sheet, medians};
use crate::machine::Machine;
use crate::options::Options;
use crate::text;
use hzm_job_test_rig::database::Database;

/// Everything about one scenario on one database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which scenario.
    pub scenario: String,
    /// On which database.
    pub database: String,
    /// Over which wire.
    pub wire: String,
    /// Fires a second, where that was asked for.
    pub rate: u32,
    /// Jobs, where that was asked for.
    pub jobs: Option<u32>,
    /// How long it was measured, in seconds.
    pub seconds: u32,
    /// Nodes of the load executor.
    pub nodes: u16,
    /// When it was over, in milliseconds since 1970.
    pub at_ms: i64,
    /// On which machine.
    pub machine: Machine,
    /// The median of each figure.
    pub medians: Vec<Figure>,
    /// The runs.
    pub runs: Vec<Sheet>,
}

impl Report {
    /// Of these runs.
    #[must_use]
    pub fn new(options: &Options, database: Database, machine: Machine, runs: Vec<Sheet>) -> Report {
        Report {
            scenario: options.scenario.name().to_owned(),
            database: database.name().to_owned(),
            wire: options.wire.name().to_owned(),
            rate: options.rate,
            jobs: options.jobs,
            seconds: options.seconds,
            nodes: options.nodes,
            at_ms: now_ms(),
            machine,
            medians: medians(&runs),
            runs,
        }
    }

    /// Whether every fire of every run was right, however slow.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.runs.iter().all(|run| run.wrong.is_empty())
    }

    /// A table with a column per run.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        let Report { scenario, database, wire, machine, .. } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{scenario} on {database}, wire {wire}; {} cores {}, {} MiB, Linux {}, {}, load before {}",
            machine.cores, machine.model, machine.memory_mib, machine.kernel, machine.file_system, machine.load_before
        );
        let heads = (1..=self.runs.len()).map(|run| format!("run {run}")).chain(["median".to_owned()]);
        let _ = writeln!(out, "{:40}{}", "", heads.map(|head| format!("{head:>12}")).collect::<String>());
        for figure in &self.medians {
            let name = [figure.name.as_str(), figure.unit.as_str()].join(" ");
            let cells = self.runs.iter().map(|run| run.get(&figure.name)).chain([Some(figure.value)]);
            let _ = writeln!(out, "{name:40}{}", cells.map(cell).collect::<String>());
        }
        for (number, run) in self.runs.iter().enumerate() {
            for wrong in &run.wrong {
                let _ = writeln!(out, "WRONG in run {}: {wrong}", number + 1);
            }
        }
        out
    }

    /// Writes it as JSON into a folder, over the one of the same scenario, database, wire, rate and jobs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        fs::create_dir_all(folder).map_err(text)?;
        let jobs = self.jobs.map_or_else(String::new, |jobs| format!("-{jobs}-jobs"));
        let name = format!("{}-{}-{}-{}{jobs}.json", self.scenario, self.database, self.wire, self.rate);
        let path = folder.join(name);
        fs::write(&path, serde_json::to_vec_pretty(self).map_err(text)?).map_err(text)?;
        Ok(path)
    }
}

fn cell(value: Option<f64>) -> String {
    format!("{:>12}", value.map_or_else(|| "-".to_owned(), shown))
}

/// A figure with as many digits as mean something.
#[must_use]
pub fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn a_table_has_a_column_per_run_and_one_for_the_median() {
        let sheet = |late: f64| {
            let mut sheet = Sheet::default();
            sheet.add("lateness p50", late, "ms");
            sheet
        };
        let mut runs = vec![sheet(1.25), sheet(3.0), sheet(2_000.4)];
        runs[1].wrong.push("1 fires have no row".to_owned());
        let options = Options::parse_from(["bench"]);
        let report = Report::new(&options, Database::Sqlite, Machine::default(), runs);
        let table = report.table();
        let figures: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(figures, ["lateness", "p50", "ms", "1.2", "3", "2000", "3"]);
        assert!(table.contains("WRONG in run 2: 1 fires have no row") && !report.is_right());
    }
}
