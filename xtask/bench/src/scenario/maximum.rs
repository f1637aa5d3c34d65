//! The highest rate that is sustained, searched with a fresh admin and database for each try.

use hzm_job_test_rig::database::Database;

use super::steady;
use crate::crowd::Rhythm;
use crate::figures::{Series, Sheet};
use crate::machine::Machine;
use crate::options::Options;
use crate::search;
use crate::stage::{NoStage, Programs, Stage};

pub(super) fn measure(options: &Options, database: Database, programs: &Programs) -> Result<(Machine, Sheet), NoStage> {
    let (mut tries, mut sheets, mut machine) = (Vec::new(), Vec::new(), None);
    while let Some(rate) = search::next(options.rate, &tries) {
        let mut stage = Stage::set(&Options { rate, ..options.clone() }, database, programs)?;
        let sheet = steady::measure(&mut stage, Rhythm::EverySecond)?;
        tries.push((rate, sheet.get("sustained") == Some(1.0)));
        sheets.push((rate, sheet));
        machine.get_or_insert(stage.place.machine.clone());
    }
    Ok((machine.unwrap_or_default(), summary(search::best(&tries), sheets)))
}

/// The figures of the best try, what was wrong in any of them, and how lateness grows with the rate.
fn summary(best: Option<u32>, mut sheets: Vec<(u32, Sheet)>) -> Sheet {
    sheets.sort_by_key(|(rate, _)| *rate);
    let mut sheet = Sheet::default();
    sheet.add("highest sustained", f64::from(best.unwrap_or_default()), "1/s");
    let p99 = |(rate, sheet): &(u32, Sheet)| Some((f64::from(*rate), sheet.get("lateness p99")?));
    let points = sheets.iter().filter_map(p99).collect();
    let series = Series { name: "lateness p99 by fires a second".to_owned(), points };
    for (rate, one) in sheets {
        sheet.wrong.extend(one.wrong.iter().map(|wrong| format!("at {rate}/s: {wrong}")));
        if Some(rate) == best {
            sheet.figures.extend(one.figures);
            sheet.series.extend(one.series);
        }
    }
    sheet.series.push(series);
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_best_try_and_wrong_ones_those_of_all() {
        let of = |p99: f64, wrong: &[&str]| {
            let mut sheet =
                Sheet { wrong: wrong.iter().map(|wrong| (*wrong).to_owned()).collect(), ..Sheet::default() };
            sheet.add("lateness p99", p99, "ms");
            sheet
        };
        let sheet = summary(Some(100), vec![(200, of(9.0, &["x"])), (100, of(3.0, &[]))]);
        assert_eq!((sheet.get("highest sustained"), sheet.get("lateness p99")), (Some(100.0), Some(3.0)));
        assert_eq!(sheet.wrong, ["at 200/s: x"]);
        assert_eq!(sheet.series.last().unwrap().points, [(100.0, 3.0), (200.0, 9.0)]);
    }
}
