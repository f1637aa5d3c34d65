//! The parts of the page that depend on results.

use std::fmt::Write as _;

use chrono::DateTime;

use crate::conditions::has_runs;
use crate::figures::Figure;
use crate::plot::Plot;
use crate::report::{Report, shown};
use crate::told::{CONNECTIONS, NONE, told};

/// What reports of one section have in common, as a file name can hold it.
pub(super) fn key(report: &Report) -> String {
    let jobs = report.jobs.map_or_else(String::new, |jobs| format!("-{jobs}-jobs"));
    match rate(report) {
        Some(rate) => format!("{}-{rate}{jobs}", report.scenario),
        None => format!("{}{jobs}", report.scenario),
    }
}

/// The heading of a section.
pub(super) fn title(report: &Report) -> String {
    let rate = rate(report).map_or_else(String::new, |rate| format!(", {rate} fires a second"));
    let jobs = report.jobs.map_or_else(String::new, |jobs| format!(", --jobs {jobs}"));
    format!("{}{rate}{jobs}", report.scenario)
}

/// What tells reports of one section apart; where nothing fires the wire does not matter.
fn column(report: &Report) -> String {
    if has_runs(&report.scenario) {
        return format!("{}, {}", report.database, report.wire);
    }
    report.database.clone()
}

/// Whether two reports are of one section.
fn together(one: &Report, other: &Report) -> bool {
    key(one) == key(other)
}

/// The names of lines in a plot: the column, and what of its conditions is not the same in the whole section.
pub(super) fn lines(reports: &[Report]) -> Vec<(&Report, String)> {
    let mut lines = Vec::new();
    for section in reports.chunk_by(together) {
        let differing = conditions_of(section).1;
        for (place, report) in section.iter().enumerate() {
            let own = differing.iter().filter_map(|(name, values)| Some(format!(", {name} {}", values.get(place)?)));
            lines.push((report, column(report) + &own.collect::<String>()));
        }
    }
    lines
}

/// A condition, and its value in each report of a section.
type Row = (&'static str, Vec<String>);

/// The conditions that are the same in all reports of a section, and those that are not.
fn conditions_of(section: &[Report]) -> (Vec<Row>, Vec<Row>) {
    let mut rows: Vec<Row> = Vec::new();
    for (name, value) in section.iter().flat_map(told) {
        match rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => rows.push((name, vec![value])),
        }
    }
    rows.into_iter().partition(|(_, values)| values.iter().all(|value| Some(value) == values.first()))
}

/// The rate, where it means something.
fn rate(report: &Report) -> Option<u32> {
    ["steady", "spread", "api", "retention"].contains(&report.scenario.as_str()).then_some(report.rate)
}

/// The machines that were measured on, what was measured, and when.
pub(super) fn conditions(reports: &[Report]) -> String {
    let mut out = "\n## Conditions of these figures\n\n".to_owned();
    let mut told: Vec<String> = Vec::new();
    for machine in reports.iter().map(|report| &report.machine) {
        let line = format!(
            "- {} cores of {}, {} MiB of memory, Linux {}, {} under the data\n",
            machine.cores, machine.model, machine.memory_mib, machine.kernel, machine.file_system
        );
        if !told.contains(&line) {
            told.push(line);
        }
    }
    for product in reports.iter().map(|report| &report.product) {
        let line = format!("- {product}\n");
        if !told.contains(&line) {
            told.push(line);
        }
    }
    out.extend(told);
    let days =
        || reports.iter().filter_map(|report| DateTime::from_timestamp_millis(report.at_ms)).map(|at| at.date_naive());
    if let (Some(first), Some(last)) = (days().min(), days().max()) {
        let span = if first == last { format!("on {first}") } else { format!("from {first} to {last}") };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "- measured {span} (UTC)");
    }
    let loads = reports.iter().map(|report| report.machine.load_before);
    let (least, most) = loads.fold((f64::MAX, 0.0_f64), |(least, most), load| (least.min(load), most.max(load)));
    let _ = writeln!(out, "- load of the minute before a start: {least} to {most}");
    out
}

/// A section per scenario and rate, with a table and its plots.
pub(super) fn scenarios(reports: &[Report], plots: &[(String, Plot)], folder: &str) -> Vec<String> {
    reports.chunk_by(together).map(|reports| section(reports, plots, folder)).collect()
}

fn section(reports: &[Report], plots: &[(String, Plot)], folder: &str) -> String {
    let Some(first) = reports.first() else { return String::new() };
    let (alike, mut differing) = conditions_of(reports);
    let (in_table, alike) = alike.into_iter().partition::<Vec<Row>, _>(|(name, _)| *name == CONNECTIONS);
    differing.splice(0..0, in_table);
    // What is at work in none of the columns goes without saying.
    let alike = alike.iter().filter(|(_, values)| values.iter().any(|value| value != NONE));
    let alike: Vec<String> = alike.filter_map(|(name, values)| Some(format!("{name} {}", values.first()?))).collect();
    let mut out = format!("\n## {}\n\nMedians. In each column: {}.\n\n", title(first), alike.join(", "));
    let heads: Vec<String> = reports.iter().map(column).collect();
    let _ = writeln!(out, "| | {} |\n| --- |{}", heads.join(" | "), " ---: |".repeat(heads.len()));
    for (name, values) in &differing {
        let _ = writeln!(out, "| {name} | {} |", values.join(" | "));
    }
    for figure in every_figure(reports) {
        let cells = reports.iter().map(|report| {
            let mine = report.medians.iter().find(|mine| mine.name == figure.name);
            mine.map_or_else(|| "–".to_owned(), |mine| shown(mine.value))
        });
        let unit = if figure.unit.is_empty() { String::new() } else { format!(", {}", figure.unit) };
        let _ = writeln!(out, "| {}{unit} | {} |", figure.name, cells.collect::<Vec<_>>().join(" | "));
    }
    for wrong in reports.iter().flat_map(|report| report.runs.iter().flat_map(|run| &run.wrong)) {
        let _ = writeln!(out, "\n**Wrong:** {wrong}.");
    }
    for (file, plot) in plots.iter().filter(|(file, _)| file.starts_with(&format!("{}-", key(first)))) {
        if plot.title == title(first) {
            let _ = writeln!(out, "\n![{}: {}]({folder}/{file})", plot.title, plot.axes.1);
        }
    }
    out
}

/// The figures that occur in any of these reports, in the order of the first that has them.
fn every_figure(reports: &[Report]) -> Vec<&Figure> {
    let mut found: Vec<&Figure> = Vec::new();
    for figure in reports.iter().flat_map(|report| &report.medians) {
        if found.iter().all(|known| known.name != figure.name) {
            found.push(figure);
        }
    }
    found
}
