//! What is told: a table for people, and JSON for everything else.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use hzm_job_test_rig::clock::now_ms;
use serde::{Deserialize, Serialize};

use crate::conditions::{self, Asked, Conditions};
use crate::figures::{Figure, Sheet, medians};
use crate::machine::Machine;
use crate::options::Options;
use crate::product::Product;
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
    /// What else it depends on; reports of earlier versions do not tell.
    #[serde(default)]
    pub conditions: Option<Conditions>,
    /// How often it was to be measured; 0 in reports of earlier versions.
    #[serde(default)]
    pub asked_runs: u32,
    /// Which product.
    #[serde(default)]
    pub product: Product,
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
    pub fn new(options: &Options, database: Database, product: Product, machine: Machine, runs: Vec<Sheet>) -> Report {
        Report {
            scenario: options.scenario.name().to_owned(),
            database: database.name().to_owned(),
            wire: options.wire.name().to_owned(),
            rate: options.rate,
            jobs: options.jobs,
            seconds: options.seconds,
            nodes: options.nodes,
            conditions: Some(Conditions::of(options)),
            asked_runs: options.runs,
            product,
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

    /// How often it was measured.
    #[must_use]
    pub fn told_runs(&self) -> usize {
        self.runs.len().max(usize::try_from(self.asked_runs).unwrap_or_default())
    }

    /// The name of its file: other conditions have another one.
    #[must_use]
    pub fn file_name(&self) -> String {
        let Report { scenario, database, wire, rate, .. } = self;
        let jobs = self.jobs.map_or_else(String::new, |jobs| format!("-{jobs}-jobs"));
        let runs = u32::try_from(self.told_runs()).unwrap_or(u32::MAX);
        let asked = Asked { seconds: self.seconds, nodes: self.nodes, runs };
        let suffix = conditions::suffix(&asked, self.conditions.as_ref(), &Options::parse_from(["bench"]));
        format!("{scenario}-{database}-{wire}-{rate}{jobs}{suffix}.json")
    }

    /// Writes it as JSON into a folder, over the one that was measured under the same conditions.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        let path = folder.join(self.file_name());
        put(&path, &serde_json::to_vec_pretty(self).map_err(text)?)?;
        Ok(path)
    }

    /// Makes the folder and a file beside that of this report, and removes that file again: better before an hour of
    /// measuring than after it.
    ///
    /// # Errors
    /// When the report could not be written.
    pub fn try_to_write(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join(format!("{}.try", self.file_name()));
        put(&path, b"")?;
        fs::remove_file(&path).map_err(|error| format!("cannot remove {}: {error}", path.display()))
    }
}

/// Writes a file and the folder it is in; errors name the path.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let wrong = |path: &Path, error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| wrong(folder, error))?;
    }
    fs::write(path, bytes).map_err(|error| wrong(path, error))
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

    #[test]
    fn a_folder_that_cannot_be_is_told_by_its_path_before_anything_is_measured() {
        let file = std::env::temp_dir().join(format!("hzm-job-bench-out-{}", std::process::id()));
        let options = Options::parse_from(["bench"]);
        let report = Report::new(&options, Database::Sqlite, Product::default(), Machine::default(), Vec::new());
        report.try_to_write(&file).unwrap();
        assert_eq!(fs::read_dir(&file).unwrap().count(), 0, "nothing is left of the try");
        fs::remove_dir(&file).unwrap();
        fs::write(&file, "in the way").unwrap();
        let problem = report.try_to_write(&file.join("results")).unwrap_err();
        fs::remove_file(&file).unwrap();
        assert!(problem.contains(&file.join("results").display().to_string()), "{problem}");
    }

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
        let report = Report::new(&options, Database::Sqlite, Product::default(), Machine::default(), runs);
        let table = report.table();
        let figures: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(figures, ["lateness", "p50", "ms", "1.2", "3", "2000", "3"]);
        assert!(table.contains("WRONG in run 2: 1 fires have no row") && !report.is_right());
    }
}
