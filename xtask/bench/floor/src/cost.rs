//! What a piece of work cost: time on the wall, processor time of this process, and of the database's.

use std::time::Instant;

use hzm_job_bench::figures::Sheet;
use hzm_job_bench::meters::{used, used_by_family};

use crate::text;

/// A piece of work that is being measured.
pub(crate) struct Cost {
    begin: Instant,
    own_us: u64,
    database: Option<(u32, u64)>,
}

impl Cost {
    /// Begins; `database` is the first process of the server, where there is one.
    pub(crate) fn begin(database: Option<u32>) -> Result<Cost, String> {
        let database = database.map(|process| Ok::<_, String>((process, of_family(process)?))).transpose()?;
        Ok(Cost { begin: Instant::now(), own_us: used(std::process::id()).cpu_us, database })
    }

    /// Ends and tells the cost of each of `many` pieces.
    pub(crate) fn tell(self, what: &str, many: u32, sheet: &mut Sheet) -> Result<(), String> {
        let each = |micros: f64| micros / f64::from(many.max(1));
        let wall_us = self.begin.elapsed().as_secs_f64() * 1e6;
        sheet.add(what, each(wall_us), "µs");
        let own_us = used(std::process::id()).cpu_us.saturating_sub(self.own_us);
        sheet.add(&format!("{what}, CPU"), each(own_us as f64), "µs");
        if let Some((process, before)) = self.database {
            let theirs = of_family(process)?.saturating_sub(before);
            sheet.add(&format!("{what}, CPU of the database"), each(theirs as f64), "µs");
        }
        Ok(())
    }
}

fn of_family(process: u32) -> Result<u64, String> {
    used_by_family(process).map(|used| used.cpu_us).map_err(text)
}

/// The processor time of the calling thread, in microseconds.
pub(crate) fn thread_us() -> Result<f64, String> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").map_err(text)?;
    nanos_in(&told).map(|nanos| nanos / 1e3).ok_or_else(|| format!("/proc/thread-self/schedstat says {told:?}"))
}

/// The first number: nanoseconds on a processor.
fn nanos_in(schedstat: &str) -> Option<f64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_thread_is_the_first_number() {
        assert_eq!(nanos_in("1500 7 3\n"), Some(1_500.0));
        assert_eq!(nanos_in(""), None);
        // The kernel counts a thread when it switches, so a new one may have used nothing yet.
        assert!(thread_us().unwrap() >= 0.0);
    }

    #[test]
    fn a_cost_is_told_per_piece() {
        let mut sheet = Sheet::default();
        Cost::begin(None).unwrap().tell("row", 10, &mut sheet).unwrap();
        let names: Vec<&str> = sheet.figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names, ["row", "row, CPU"]);
    }
}
