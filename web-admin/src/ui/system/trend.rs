//! The trend of the last days: hours of the ledger's statistics, added up to days of the reader's zone.

use crate::ui::words::{Words, terms};
use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::stat::HourCount;
use serde_json::json;

/// Days shown, today among them.
const DAYS: u64 = 15;
/// The outcomes, from the bottom of a stack to its top.
const OUTCOMES: [RunState; 6] =
    [RunState::Succeeded, RunState::Skipped, RunState::Cancelled, RunState::TimedOut, RunState::Lost, RunState::Failed];

/// Outcomes by day.
pub(crate) struct Trend {
    days: Vec<NaiveDate>,
    /// One series per outcome, one figure per day.
    series: Vec<(RunState, Vec<i64>)>,
}

/// The first moment that belongs to the trend.
pub(crate) fn since(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let first = days(now, zone).into_iter().next().unwrap_or_default();
    let midnight = first.and_hms_opt(0, 0, 0).unwrap_or_default();
    // A midnight that a daylight saving change skips: the hour before is as good a beginning.
    zone.from_local_datetime(&midnight).earliest().map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

fn days(now: DateTime<Utc>, zone: Tz) -> Vec<NaiveDate> {
    let today = now.with_timezone(&zone).date_naive();
    (0..DAYS).rev().filter_map(|back| today.checked_sub_days(Days::new(back))).collect()
}

impl Trend {
    /// Adds hours up to days. Hours outside of the days shown are left out.
    pub(crate) fn of(hours: &[HourCount], now: DateTime<Utc>, zone: Tz) -> Trend {
        let days = days(now, zone);
        let figure = |state: RunState, day: &NaiveDate| {
            let is_of = |hour: &&HourCount| hour.state == state && hour.hour.with_timezone(&zone).date_naive() == *day;
            hours.iter().filter(is_of).map(|hour| hour.runs).sum()
        };
        let series = OUTCOMES.map(|state| (state, days.iter().map(|day| figure(state, day)).collect()));
        Trend { days, series: series.to_vec() }
    }

    /// Whether nothing ended in these days.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.iter().all(|(_, figures)| figures.iter().all(|figure| *figure == 0))
    }

    /// What the chart is drawn from.
    pub(crate) fn json(&self, w: &Words) -> String {
        let days: Vec<String> = self.days.iter().map(|day| day.format("%Y-%m-%d").to_string()).collect();
        let series: Vec<_> = self
            .series
            .iter()
            .map(|(state, figures)| json!({ "word": w.state(*state), "tone": shade(*state), "figures": figures }))
            .collect();
        json!({ "days": days, "series": series, "day": w.s.day, "axis": w.s.trend_axis }).to_string()
    }

    /// The heads of the table's columns.
    pub(crate) fn heads(&self, w: &Words) -> Vec<&'static str> {
        self.series.iter().map(|(state, _)| w.state(*state)).collect()
    }

    /// The rows of the table, newest day first: day, a figure per outcome, total.
    pub(crate) fn rows(&self, w: &Words) -> Vec<(String, Vec<String>, String)> {
        let row = |(index, day): (usize, &NaiveDate)| {
            let figures: Vec<i64> =
                self.series.iter().map(|(_, figures)| figures.get(index).copied().unwrap_or_default()).collect();
            let total = w.number(figures.iter().sum());
            (day.format("%Y-%m-%d").to_string(), figures.into_iter().map(|figure| w.number(figure)).collect(), total)
        };
        self.days.iter().enumerate().map(row).rev().collect()
    }
}

/// The colour of an outcome in the chart; two that share a tone elsewhere stand apart here.
fn shade(state: RunState) -> &'static str {
    if state == RunState::Cancelled { "field" } else { terms::tone(state) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::words;
    use hzm_job_scheduler::describe::Language;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn hour(text: &str, runs: i64) -> HourCount {
        HourCount { hour: at(text), state: RunState::Succeeded, runs }
    }

    #[test]
    fn an_hour_counts_to_the_day_of_the_readers_zone() {
        let hours = [hour("2026-11-21T15:00:00Z", 1), hour("2026-11-21T16:00:00Z", 10)];
        let trend = Trend::of(&hours, at("2026-11-22T03:00:00Z"), Tz::Asia__Shanghai);
        let rows = trend.rows(words(Language::En));
        assert_eq!((rows.len(), rows[0].0.as_str(), rows[0].2.as_str()), (15, "2026-11-22", "10"));
        assert_eq!((rows[1].0.as_str(), rows[1].2.as_str()), ("2026-11-21", "1"));
    }

    #[test]
    fn the_trend_begins_at_a_midnight_fourteen_days_ago() {
        assert_eq!(since(at("2026-11-22T03:00:00Z"), Tz::Asia__Shanghai), at("2026-11-07T16:00:00Z"));
    }

    #[test]
    fn without_runs_there_is_nothing_to_draw() {
        assert!(Trend::of(&[], at("2026-11-22T03:00:00Z"), Tz::UTC).is_empty());
    }
}
