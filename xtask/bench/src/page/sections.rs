//! The parts of the page that depend on results.

use std::fmt::Write as _;

use crate::figures::Figure;
use crate::plot::Plot;
use crate::report::{Report, shown};

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
pub(super) fn column(report: &Report) -> String {
    if ["floor", "idle", "dormant", "create"].contains(&report.scenario.as_str()) {
        return report.database.clone();
    }
    format!("{}, {}", report.database, report.wire)
}

/// The rate, where it means something.
fn rate(report: &Report) -> Option<u32> {
    ["steady", "spread", "api", "retention"].contains(&report.scenario.as_str()).then_some(report.rate)
}

/// The machines that were measured on.
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
    out.extend(told);
    let loads = reports.iter().map(|report| report.machine.load_before);
    let (least, most) = loads.fold((f64::MAX, 0.0_f64), |(least, most), load| (least.min(load), most.max(load)));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "- load of the minute before a start: {least} to {most}");
    out
}

/// A section per scenario and rate, with a table and its plots.
pub(super) fn scenarios(reports: &[Report], plots: &[(String, Plot)], folder: &str) -> Vec<String> {
    let together = |one: &Report, other: &Report| key(one) == key(other);
    reports.chunk_by(together).map(|reports| section(reports, plots, folder)).collect()
}

fn section(reports: &[Report], plots: &[(String, Plot)], folder: &str) -> String {
    let Some(first) = reports.first() else { return String::new() };
    let runs: Vec<String> = reports.iter().map(|report| report.runs.len().to_string()).collect();
    let mut out = format!(
        "\n## {}\n\nMedians of {} runs, {} s measured in each, {} nodes.\n\n",
        title(first),
        if runs.windows(2).all(|pair| pair.first() == pair.last()) {
            runs.first().cloned().unwrap_or_default()
        } else {
            runs.join(", ")
        },
        first.seconds,
        first.nodes
    );
    let heads: Vec<String> = reports.iter().map(column).collect();
    let _ = writeln!(out, "| | {} |\n| --- |{}", heads.join(" | "), " ---: |".repeat(heads.len()));
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
