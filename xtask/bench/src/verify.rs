//! Whether every fire was right: the rows of the ledger and the triggers that came, against what had to be due. Pure.
//!
//! What is due follows from plain arithmetic on the jobs' definitions; no schedule is computed by the scheduler's own code.

use std::collections::BTreeMap;

use crate::node::records::Record;

/// A fire that comes later than this is late, in microseconds.
pub const LATE_US: i64 = 1_000_000;

/// When a job is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Whenever the time since 1970 can be divided by so many milliseconds: cron by whole seconds or minutes.
    Clock(i64),
    /// So many milliseconds after its anchor, again and again.
    Rate(i64),
}

/// A job as the ledger must show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// Its number.
    pub id: i64,
    /// Since when it is in force, in milliseconds since 1970.
    pub anchor: i64,
    /// When it is due.
    pub pace: Pace,
}

impl JobFacts {
    /// The moments after `from` until `until`, that included, in milliseconds.
    pub fn moments(self, from: i64, until: i64) -> impl Iterator<Item = i64> {
        let (origin, step) = match self.pace {
            Pace::Clock(step) => (0, step),
            Pace::Rate(step) => (self.anchor, step),
        };
        let after = from.max(self.anchor);
        let first = origin + ((after - origin).div_euclid(step) + 1) * step;
        std::iter::successors(Some(first), move |moment| Some(moment + step)).take_while(move |moment| *moment <= until)
    }
}

/// One row of the ledger; moments in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The run.
    pub id: i64,
    /// Its job.
    pub job: i64,
    /// When it was due.
    pub scheduled: i64,
    /// 0 for the first attempt.
    pub attempt: i32,
    /// The number of its state; 10 is success, 10 and more are outcomes.
    pub state: i16,
    /// The number of the reason.
    pub reason: i16,
}

/// The state of a success.
pub const SUCCEEDED: i16 = 10;

/// What was found. All numbers count fires unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// That had to be.
    pub expected: u64,
    /// Without any row.
    pub missing: u64,
    /// Rows of moments at which their job was not due.
    pub strange_rows: u64,
    /// Whose result is success.
    pub succeeded: u64,
    /// Without an outcome.
    pub open: u64,
    /// With another outcome, by the numbers of state and reason.
    pub otherwise: BTreeMap<(i16, i16), u64>,
    /// That came more than once, whether as the same run or as another attempt.
    pub double: u64,
    /// Said to have succeeded, but never seen by a node.
    pub unseen: u64,
    /// Seen before they were due.
    pub early: u64,
    /// Seen more than [`LATE_US`] after they were due, or never.
    pub late: u64,
    /// How much later than due each was seen first, in microseconds; unsorted.
    pub lateness: Vec<i64>,
    /// By due moment, when the last of its fires was seen: microseconds later than due.
    pub last: BTreeMap<i64, i64>,
}

impl Verdict {
    /// What is not as it has to be, in words.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let counts = [
            (self.missing, "fires have no row"),
            (self.strange_rows, "rows belong to moments at which nothing was due"),
            (self.open, "fires came to no end"),
            (self.double, "fires came more than once"),
            (self.unseen, "fires are recorded as done and were never seen by a node"),
            (self.early, "fires came before they were due"),
        ];
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }

    /// Whether every fire succeeded, and fewer than one in a thousand was late.
    #[must_use]
    pub fn is_sustained(&self) -> bool {
        self.wrong().is_empty() && self.succeeded == self.expected && self.late * 1_000 < self.expected.max(1)
    }
}

/// Judges the fires after `from` until `until`, that included. Rows and records may contain others; their order is lost.
#[must_use]
pub fn verify(jobs: &[JobFacts], from: i64, until: i64, rows: &mut Vec<Row>, records: &mut [Record]) -> Verdict {
    rows.retain(|row| row.scheduled > from && row.scheduled <= until);
    rows.sort_unstable_by_key(|row| (row.job, row.scheduled, row.attempt));
    records.sort_unstable_by_key(|record| (record.run, record.arrived_us));
    let mut jobs: Vec<JobFacts> = jobs.to_vec();
    jobs.sort_unstable_by_key(|job| job.id);
    let mut verdict = Verdict::default();
    let mut rest = rows.as_slice();
    for job in jobs {
        for moment in job.moments(from, until) {
            let before = rest.partition_point(|row| (row.job, row.scheduled) < (job.id, moment));
            verdict.strange_rows += before as u64;
            let (_, here) = rest.split_at(before);
            let (mine, after) = here.split_at(here.partition_point(|row| (row.job, row.scheduled) == (job.id, moment)));
            rest = after;
            verdict.judge(moment, mine, records);
        }
    }
    verdict.strange_rows += rest.len() as u64;
    verdict
}

impl Verdict {
    fn judge(&mut self, moment: i64, rows: &[Row], records: &[Record]) {
        self.expected += 1;
        let Some(outcome) = rows.last() else {
            self.missing += 1;
            self.late += 1;
            return;
        };
        match outcome.state {
            SUCCEEDED => self.succeeded += 1,
            state if state < SUCCEEDED => self.open += 1,
            state => *self.otherwise.entry((state, outcome.reason)).or_default() += 1,
        }
        let seen: Vec<i64> = rows.iter().flat_map(|row| arrivals(row.id, records)).collect();
        self.double += u64::from(seen.len() > 1);
        let Some(first) = seen.iter().min() else {
            self.unseen += u64::from(outcome.state == SUCCEEDED);
            self.late += 1;
            return;
        };
        let lateness = first - moment * 1_000;
        self.early += u64::from(lateness < 0);
        self.late += u64::from(lateness > LATE_US);
        self.lateness.push(lateness);
        let last = self.last.entry(moment).or_insert(lateness);
        *last = lateness.max(*last);
    }
}

/// When a run came, each time it did; `records` are sorted by run.
fn arrivals(run: i64, records: &[Record]) -> impl Iterator<Item = i64> {
    let start = records.partition_point(|record| record.run < run);
    let from = records.get(start..).unwrap_or_default();
    from.iter().take_while(move |record| record.run == run).map(|record| record.arrived_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: i64) -> JobFacts {
        JobFacts { id, anchor: 0, pace: Pace::Clock(1_000) }
    }

    fn row(id: i64, job: i64, scheduled: i64) -> Row {
        Row { id, job, scheduled, attempt: 0, state: SUCCEEDED, reason: 0 }
    }

    fn seen(run: i64, arrived_us: i64) -> Record {
        Record { run, arrived_us, ..Record::default() }
    }

    fn judge(rows: &[Row], records: &[Record]) -> Verdict {
        verify(&[job(1), job(2)], 1_000, 2_000, &mut rows.to_vec(), &mut records.to_vec())
    }

    #[test]
    fn a_run_in_which_all_is_right_is_sustained() {
        let verdict = judge(&[row(7, 1, 2_000), row(8, 2, 2_000)], &[seen(8, 2_003_000), seen(7, 2_001_500)]);
        assert!(verdict.is_sustained(), "{verdict:?}");
        assert_eq!((verdict.expected, verdict.succeeded, verdict.lateness.as_slice()), (2, 2, &[1_500, 3_000][..]));
        assert_eq!(verdict.last, BTreeMap::from([(2_000, 3_000)]));
    }

    #[test]
    fn a_fire_without_a_row_is_missing_and_late() {
        let verdict = judge(&[row(8, 2, 2_000)], &[seen(8, 2_000_001)]);
        assert_eq!((verdict.missing, verdict.late), (1, 1));
        assert_eq!(verdict.wrong(), ["1 fires have no row"]);
    }

    #[test]
    fn a_run_that_came_twice_is_double_and_so_is_a_second_attempt() {
        let verdict =
            judge(&[row(7, 1, 2_000), row(8, 2, 2_000)], &[seen(7, 2_000_001), seen(7, 2_000_009), seen(8, 2_000_001)]);
        assert_eq!(verdict.double, 1);
        let again = Row { attempt: 1, ..row(9, 1, 2_000) };
        let failed = Row { state: 11, reason: 7, ..row(7, 1, 2_000) };
        let records = [seen(7, 2_000_001), seen(9, 2_100_000), seen(8, 2_000_001)];
        let verdict = judge(&[failed, again, row(8, 2, 2_000)], &records);
        assert_eq!((verdict.double, verdict.succeeded), (1, 2));
    }

    #[test]
    fn rows_at_other_moments_of_a_job_or_of_other_jobs_are_strange() {
        let records = [seen(7, 2_000_001), seen(8, 2_000_001)];
        let rows = [row(7, 1, 2_000), row(8, 2, 2_000), row(9, 1, 1_500), row(10, 3, 2_000), row(11, 0, 2_000)];
        assert_eq!(judge(&rows, &records).strange_rows, 3);
    }

    #[test]
    fn rows_outside_of_the_window_do_not_matter() {
        let records = [seen(7, 2_000_001), seen(8, 2_000_001)];
        assert!(
            judge(&[row(7, 1, 2_000), row(8, 2, 2_000), row(5, 1, 1_000), row(9, 1, 3_000)], &records).is_sustained()
        );
    }

    #[test]
    fn early_late_unseen_open_and_failed_fires_are_counted_each() {
        let early = judge(&[row(7, 1, 2_000), row(8, 2, 2_000)], &[seen(7, 1_999_999), seen(8, 3_000_001)]);
        assert_eq!((early.early, early.late), (1, 1));
        let skipped = Row { state: 15, reason: 1, ..row(7, 1, 2_000) };
        let open = Row { state: 3, ..row(8, 2, 2_000) };
        let verdict = judge(&[skipped, open], &[seen(8, 2_000_000)]);
        assert_eq!((verdict.open, verdict.unseen, verdict.otherwise.get(&(15, 1))), (1, 0, Some(&1)));
        assert_eq!(judge(&[row(7, 1, 2_000), row(8, 2, 2_000)], &[seen(8, 2_000_000)]).unseen, 1);
    }

    #[test]
    fn a_rate_counts_from_its_anchor_and_a_clock_does_not() {
        let rate = JobFacts { id: 1, anchor: 1_234, pace: Pace::Rate(1_000) };
        assert_eq!(rate.moments(2_000, 4_234).collect::<Vec<_>>(), [2_234, 3_234, 4_234]);
        assert_eq!(rate.moments(0, 2_234).collect::<Vec<_>>(), [2_234]);
        let clock = JobFacts { pace: Pace::Clock(1_000), ..rate };
        assert_eq!(clock.moments(0, 3_000).collect::<Vec<_>>(), [2_000, 3_000]);
    }
}
