//! What a change of a zone's clocks has to do with a moment at which nothing was due.

use super::Words;
use super::telling::Telling;
use chrono::{DateTime, Offset, TimeDelta, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::describe::Language;
use hzm_job_scheduler::explain::{Then, Verdict};
use hzm_job_scheduler::schedule::{GapPolicy, RepeatPolicy, ScheduleKind};

impl Words {
    /// Where nothing was due: that the clocks of the zone were changed around that moment, and what the job says about it.
    pub(super) fn clock_change(&self, t: &Telling<'_>) -> Option<String> {
        let verdict = t.answer.explanation.verdict;
        let Then::There(definition) = &t.answer.then else { return None };
        let is_cron = definition.schedule.kind() == ScheduleKind::Cron;
        if !is_cron || !matches!(verdict, Verdict::NotDue | Verdict::WillNotBeDue) {
            return None;
        }
        let zone = definition.schedule.zone();
        let change = Change::near(zone, t.at)?;
        let (from, to) = (change.before.format("%H:%M"), change.after.format("%H:%M"));
        let (moment, draft) = (change.at.with_timezone(&zone).format("%Y-%m-%d"), t.answer.job.spec.draft());
        let (en, zh) = match (change.is_forward(), draft.schedule.gap, draft.schedule.repeat) {
            (true, GapPolicy::Skip, _) => ("a time that is skipped has no occurrence", "被跳过的时间不触发"),
            (true, GapPolicy::RunAfter, _) => {
                ("a time that is skipped is due when the clocks go on", "被跳过的时间在时钟拨快后立即触发")
            }
            (false, _, RepeatPolicy::First) => {
                ("of a time that comes twice only the first counts", "重复出现的时间只在第一次触发")
            }
            (false, _, _) => ("a time that comes twice is due twice", "重复出现的时间两次都触发"),
        };
        Some(match self.language {
            Language::En => {
                format!("On {moment} the clocks of {zone} went from {from} to {to}; by the job's policy {en}.")
            }
            Language::Zh => format!("{moment} 时区 {zone} 的时钟由 {from} 拨到 {to}；按任务的策略，{zh}。"),
        })
    }
}

/// A change of a zone's clocks.
struct Change {
    at: DateTime<Utc>,
    /// What they showed when it came, and what from then on.
    before: chrono::NaiveDateTime,
    after: chrono::NaiveDateTime,
}

impl Change {
    /// The change whose skipped or repeated hour holds `at`, or that is less than an hour away.
    fn near(zone: Tz, at: DateTime<Utc>) -> Option<Change> {
        let offset = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix().local_minus_utc();
        let (mut low, mut high) = (at - TimeDelta::hours(1), at + TimeDelta::hours(1));
        let (before, after) = (offset(low), offset(high));
        if before == after {
            return None;
        }
        while high - low > TimeDelta::seconds(1) {
            let middle = low + (high - low) / 2;
            (low, high) = if offset(middle) == before { (middle, high) } else { (low, middle) };
        }
        let at = chrono::SubsecRound::trunc_subsecs(high, 0);
        let shown = |offset: i32| at.naive_utc() + TimeDelta::seconds(i64::from(offset));
        Some(Change { at, before: shown(before), after: shown(after) })
    }

    fn is_forward(&self) -> bool {
        self.after > self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_clocks_is_found_within_an_hour_and_told_with_what_they_showed() {
        let berlin = Tz::Europe__Berlin;
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let shown = |text: &str| {
            Change::near(berlin, at(text)).map(|change| {
                (
                    change.at.format("%H:%M:%S").to_string(),
                    change.before.format("%H:%M").to_string(),
                    change.after.format("%H:%M").to_string(),
                )
            })
        };
        let spring = Some(("01:00:00".to_owned(), "02:00".to_owned(), "03:00".to_owned()));
        assert_eq!(shown("2027-03-28T01:00:00Z"), spring);
        assert_eq!(shown("2027-03-28T00:30:00Z"), spring);
        assert_eq!(
            shown("2026-10-25T01:30:00Z"),
            Some(("01:00:00".to_owned(), "03:00".to_owned(), "02:00".to_owned()))
        );
        assert_eq!(shown("2027-03-28T05:00:00Z"), None);
    }
}
