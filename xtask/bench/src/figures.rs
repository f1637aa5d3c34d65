//! What a run found out, as named figures that can be put beside those of other runs.

use serde::{Deserialize, Serialize};

use crate::percentile::{self, median};

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is, in words.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what: `ms`, `µs`, `1/s`, `MiB`, `%`, or nothing for a plain number.
    pub unit: String,
}

/// Points that belong together, for a plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is, in words.
    pub name: String,
    /// The points, by ascending x.
    pub points: Vec<(f64, f64)>,
}

/// All figures of a run, in the order in which they are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// The figures.
    pub figures: Vec<Figure>,
    /// What can be plotted.
    pub series: Vec<Series>,
    /// What is not as it has to be: a fire without a row, a trigger that came twice. Not: slowness.
    pub wrong: Vec<String>,
}

impl Sheet {
    /// Adds a figure.
    pub fn add(&mut self, name: &str, value: f64, unit: &str) {
        self.figures.push(Figure { name: name.to_owned(), value, unit: unit.to_owned() });
    }

    /// Adds a plain number.
    pub fn count(&mut self, name: &str, value: u64) {
        self.add(name, value as f64, "");
    }

    /// Adds median, p99, p99.9 and maximum of values in microseconds, told in milliseconds. `micros` is sorted here.
    pub fn spread(&mut self, name: &str, micros: &mut [i64]) {
        micros.sort_unstable();
        for (word, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
            if let Some(value) = percentile::of_sorted(micros, share) {
                self.add(&format!("{name} {word}"), value as f64 / 1_000.0, "ms");
            }
        }
    }

    /// The value of a figure.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }
}

/// The medians of all figures that occur in any of these runs, in the order of the first that has them.
#[must_use]
pub fn medians(sheets: &[Sheet]) -> Vec<Figure> {
    let mut found: Vec<Figure> = Vec::new();
    for figure in sheets.iter().flat_map(|sheet| &sheet.figures) {
        if found.iter().any(|known| known.name == figure.name) {
            continue;
        }
        let values: Vec<f64> = sheets.iter().filter_map(|sheet| sheet.get(&figure.name)).collect();
        found.extend(median(&values).map(|value| Figure { value, ..figure.clone() }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_taken_figure_by_figure_also_where_a_run_lacks_one() {
        let sheet = |a: f64, b: Option<f64>| {
            let mut sheet = Sheet::default();
            sheet.add("a", a, "ms");
            b.into_iter().for_each(|b| sheet.add("b", b, ""));
            sheet
        };
        let medians = medians(&[sheet(1.0, None), sheet(9.0, Some(4.0)), sheet(2.0, Some(6.0))]);
        let values: Vec<_> = medians.iter().map(|figure| (figure.name.as_str(), figure.value)).collect();
        assert_eq!(values, [("a", 2.0), ("b", 5.0)]);
    }

    #[test]
    fn a_spread_is_told_in_milliseconds() {
        let mut sheet = Sheet::default();
        sheet.spread("lateness", &mut [3_000, 1_000, 2_500]);
        assert_eq!((sheet.get("lateness p50"), sheet.get("lateness max")), (Some(2.5), Some(3.0)));
    }
}
