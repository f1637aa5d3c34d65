//! `docs/benchmarks.md` and its plots, made of the results in a folder.

mod sections;

use std::fs;
use std::path::Path;

use crate::plot::{Line, Plot};
use crate::report::{Report, put};
use crate::text;

/// The folder of the plots, beside the page.
const PLOTS: &str = "benchmarks";
/// What the page begins with.
const HEAD: &str = include_str!("page/head.md");

/// Writes the page and its plots into `docs`, of all results in `results`; how many there were.
///
/// # Errors
/// When a result cannot be read, or a file cannot be written.
pub fn write(results: &Path, docs: &Path) -> Result<usize, String> {
    let reports = read(results)?;
    let plots = plots(&reports);
    for (name, plot) in &plots {
        put(&docs.join(PLOTS).join(name), plot.svg().as_bytes())?;
    }
    put(&docs.join("benchmarks.md"), page(&reports, &plots).as_bytes())?;
    Ok(reports.len())
}

/// All results of a folder, by scenario, rate, jobs, database and wire.
fn read(results: &Path) -> Result<Vec<Report>, String> {
    let mut reports: Vec<Report> = Vec::new();
    for entry in fs::read_dir(results).map_err(|error| format!("{}: {error}", results.display()))? {
        let path = entry.map_err(text)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let report = serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
            reports.push(report);
        }
    }
    // The name of the file last: it holds what else differs.
    reports.sort_by_cached_key(|one| {
        let named = (one.database.clone(), one.wire.clone(), one.file_name());
        (one.scenario.clone(), one.rate, one.jobs, named)
    });
    Ok(reports)
}

fn page(reports: &[Report], plots: &[(String, Plot)]) -> String {
    if reports.is_empty() {
        return format!("{HEAD}\nNothing has been measured for this page yet.\n");
    }
    [HEAD.to_owned(), sections::conditions(reports)]
        .into_iter()
        .chain(sections::scenarios(reports, plots, PLOTS))
        .collect()
}

/// A plot for each kind of series of each scenario and rate, with a line per database and wire: its file and itself.
fn plots(reports: &[Report]) -> Vec<(String, Plot)> {
    let mut plots: Vec<(String, Plot)> = Vec::new();
    for (report, name) in sections::lines(reports) {
        // One run stands for all: a median of curves is none.
        for series in report.runs.first().map(|run| run.series.as_slice()).unwrap_or_default() {
            let file = format!("{}-{}.svg", sections::key(report), words_of_a_file(&series.name));
            let line = Line { name: name.clone(), points: series.points.clone() };
            match plots.iter_mut().find(|(known, _)| *known == file) {
                Some((_, plot)) => plot.lines.push(line),
                None => plots
                    .push((file, Plot { title: sections::title(report), axes: axes(&series.name), lines: vec![line] })),
            }
        }
    }
    plots
}

/// What the axes of a series are.
fn axes(series: &str) -> (String, String) {
    let (x, y) = match series {
        "share of fires not later than" => ("lateness, ms", "share of fires not later, %"),
        "lateness p99 by fires a second" => ("fires a second", "lateness p99, ms"),
        other => ("", other),
    };
    (x.to_owned(), y.to_owned())
}

fn words_of_a_file(name: &str) -> String {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Series, Sheet};
    use crate::machine::Machine;
    use crate::options::Options;
    use crate::product::Product;
    use clap::Parser;
    use hzm_job_test_rig::database::Database;

    fn product() -> Product {
        Product { version: "0.0.7".to_owned(), commit: "abc".to_owned() }
    }

    fn report(database: Database, line: &str, p99: f64) -> Report {
        let mut sheet = Sheet::default();
        sheet.add("lateness p99", p99, "ms");
        sheet.series.push(Series { name: "share of fires not later than".to_owned(), points: vec![(1.0, 100.0)] });
        Report::new(&Options::parse_from(line.split(' ')), database, product(), Machine::default(), vec![sheet])
    }

    #[test]
    fn results_that_were_written_become_a_page_with_a_column_per_database_and_one_plot() {
        let folder = std::env::temp_dir().join(format!("hzm-job-bench-page-{}", std::process::id()));
        for (database, p99) in [(Database::Sqlite, 12.5), (Database::Postgres, 20.0)] {
            report(database, "bench steady --rate 700", p99).write(&folder.join("results")).unwrap();
        }
        let many = write(&folder.join("results"), &folder).unwrap();
        let page = fs::read_to_string(folder.join("benchmarks.md")).unwrap();
        let plot = fs::read_to_string(folder.join("benchmarks/steady-700-share-of-fires-not-later-than.svg")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((many, plot.matches("<polyline").count()), (2, 2));
        assert!(page.contains("| lateness p99, ms | 20 | 12.5 |"), "{page}");
        assert!(page.contains("(benchmarks/steady-700-share-of-fires-not-later-than.svg)"), "{page}");
    }

    /// The page of these results.
    fn page_of(reports: &[Report]) -> String {
        page(reports, &plots(reports))
    }

    #[test]
    fn conditions_that_differ_are_told_in_each_column_and_on_each_line_and_the_others_once() {
        let lines = ["bench --rate 700 --seconds 20", "bench --rate 700 --connections 16 --set threads=2 --seconds 20"];
        let reports = lines.map(|line| report(Database::Sqlite, line, 1.0));
        let (page, plots) = (page_of(&reports), plots(&reports));
        assert!(page.contains("seconds measured 20, seconds of warm-up 5"), "{page}");
        assert!(page.contains("| connections for results | 128 | 16 |"), "{page}");
        assert!(page.contains("| settings | none | `threads=2` |"), "{page}");
        let names: Vec<&str> = plots[0].1.lines.iter().map(|line| line.name.as_str()).collect();
        assert_ne!(names[0], names[1]);
        assert!(names[1].contains("threads=2"), "{names:?}");
    }

    #[test]
    fn connections_are_in_each_table_also_where_they_are_alike() {
        let page = page_of(&[report(Database::Sqlite, "bench --rate 700", 1.0)]);
        assert!(page.contains("| connections for results | 128 |"), "{page}");
    }

    #[test]
    fn the_page_tells_version_commit_and_date_of_its_figures() {
        let mut measured = report(Database::Sqlite, "bench --rate 700", 1.0);
        measured.at_ms = 1_785_542_400_000;
        let page = page_of(&[measured]);
        assert!(page.contains("- version 0.0.7, commit abc\n- measured on 2026-08-01 (UTC)\n"), "{page}");
    }

    #[test]
    fn a_result_of_before_is_read_and_what_it_does_not_hold_is_unknown() {
        let mut old = serde_json::to_value(report(Database::Sqlite, "bench --rate 700", 1.0)).unwrap();
        for name in ["conditions", "asked_runs", "product"] {
            old.as_object_mut().unwrap().remove(name).unwrap();
        }
        let old: Report = serde_json::from_value(old).unwrap();
        let page = page_of(&[old, report(Database::Postgres, "bench --rate 700", 1.0)]);
        assert!(page.contains("| connections for results | unknown | 128 |"), "{page}");
        assert!(page.contains("- version unknown, commit unknown\n"), "{page}");
    }

    #[test]
    fn a_page_of_nothing_says_so() {
        assert!(page(&[], &[]).contains("Nothing has been measured"));
    }
}
