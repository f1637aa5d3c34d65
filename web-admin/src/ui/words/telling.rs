//! Why a job did, or did not, run, as a few sentences: the verdict, and what makes it understandable without looking further.
//!
//! Pages and API tell the same. Times are written by the caller, because the API writes UTC and the page the job's clocks.

use super::{Words, span};
use chrono::{DateTime, Offset, TimeDelta, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::describe::Language;
use hzm_job_scheduler::explain::{Act, Then, Verdict};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::schedule::{GapPolicy, RepeatPolicy, ScheduleKind};
use hzm_job_store::explain::Answered;
use hzm_job_store::run::Run;

/// A first attempt that left no later than this needs no word about it.
const ON_TIME_MS: i64 = 1_000;

/// What is told, and how.
pub(crate) struct Telling<'a> {
    pub(crate) answer: &'a Answered,
    pub(crate) at: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
    /// From how many milliseconds on a fire counts as missed.
    pub(crate) threshold_ms: u64,
    /// Why the job's actor is in quarantine now.
    pub(crate) quarantine: Option<String>,
    /// A moment as text.
    pub(crate) when: &'a dyn Fn(DateTime<Utc>) -> String,
}

impl Words {
    /// The whole answer.
    pub(crate) fn explanation(&self, t: &Telling<'_>) -> String {
        let told = &t.answer.explanation;
        let is_ahead = told.moments.second > t.now;
        let act = told.act.as_ref().map(|act| (act, (t.when)(act.at)));
        let act = act.as_ref().map(|(act, when)| (*act, when.as_str()));
        let verdict = match told.verdict {
            Verdict::Ran => self.ran(t),
            verdict => self.verdict(verdict, is_ahead, act),
        };
        let more = [self.lateness(t), self.in_the_way(t), self.quarantine_told(t, is_ahead), self.clock_change(t)];
        let more: Vec<String> = more.into_iter().flatten().collect();
        let blank = self.pick(" ", "");
        more.iter().fold(verdict, |text, sentence| format!("{text}{blank}{sentence}"))
    }

    /// How what was sent ended, after how many attempts, and how late it left.
    fn ran(&self, t: &Telling<'_>) -> String {
        // Orders by hand may share a second with each other: told is the one that was asked about, or that was sent.
        let sent = || t.answer.runs.iter().filter(|run| run.sent_at.is_some());
        let fire = sent().find(|run| run.scheduled_at == t.at).or_else(|| sent().min_by_key(|run| run.kind.code()));
        let is_attempt =
            |run: &&Run| fire.is_some_and(|fire| (fire.kind, fire.scheduled_at) == (run.kind, run.scheduled_at));
        let attempts: Vec<&Run> = t.answer.runs.iter().filter(is_attempt).collect();
        let Some(last) = attempts.iter().max_by_key(|run| run.attempt) else {
            return self.verdict(Verdict::Ran, false, None);
        };
        let (en, zh) = match last.state {
            RunState::Failed => ("It ran and failed", "已执行，结果为失败"),
            RunState::TimedOut => ("It ran and timed out", "已执行，结果为超时"),
            RunState::Cancelled => ("It was sent and then cancelled", "已下发，随后被终止"),
            RunState::Lost => ("It was sent and got lost", "已下发，结果丢失"),
            RunState::Skipped => ("It was sent; its last retry was skipped", "已下发，最后一次重试被跳过"),
            _ => ("It ran and succeeded", "已执行，结果为成功"),
        };
        let count = attempts.len();
        let tries = match count {
            1 => String::new(),
            _ => self.pick(format!(" after {count} attempts"), format!("，共尝试 {count} 次")),
        };
        let reason = if last.state == RunState::Succeeded { "" } else { self.reason(last.reason) };
        let blank = if reason.is_empty() { "" } else { self.pick(" ", "") };
        let late = t.answer.explanation.late_ms.filter(|late| *late >= ON_TIME_MS).map(|late| self.duration(late));
        let late = late.map(|late| self.pick(format!(" It left {late} late."), format!("下发晚了 {late}。")));
        let stop = self.pick(".", "。");
        format!("{}{tries}{stop}{blank}{reason}{}", self.pick(en, zh), late.unwrap_or_default())
    }

    /// Of a fire that came too late or not at all: how late, what counts as missed, what the policy says, and whether the
    /// scheduler was away.
    fn lateness(&self, t: &Telling<'_>) -> Option<String> {
        let verdict = t.answer.explanation.verdict;
        let is_missed = |reason| matches!(reason, Reason::Misfire | Reason::MisfireLimit | Reason::MisfireWindow);
        let missed = matches!(verdict, Verdict::Skipped(reason) if is_missed(reason)) || verdict == Verdict::SharedRow;
        let silence = t.answer.silence.map(|(from, until)| ((t.when)(from), (t.when)(until)));
        let silence = silence.map(|(from, until)| {
            self.pick(
                format!(
                    "No run of any job was written down from {from} to {until}: the scheduler was away or stood still."
                ),
                format!("{from} 至 {until} 期间没有任何任务的运行记录写入：调度器不在运行或处于停顿。"),
            )
        });
        if !missed {
            return silence;
        }
        let row = t.answer.runs.iter().find(|run| run.attempt == 0)?;
        let due = t.answer.explanation.moments.occurrence.unwrap_or(row.scheduled_at);
        let late = self.duration((row.created_at - due).num_milliseconds());
        let threshold = span::compact(t.threshold_ms);
        let policy = self.misfire_sentence(t.answer.job.spec.draft());
        let told = self.pick(
            format!("It was dealt with {late} after it was due; from {threshold} on it counts as missed. {policy}"),
            format!("处理时已晚 {late}，超过 {threshold} 即视为错过。{policy}"),
        );
        Some(silence.map_or_else(|| told.clone(), |silence| format!("{told}{}{silence}", self.pick(" ", ""))))
    }

    /// The runs that a skipped fire met.
    fn in_the_way(&self, t: &Telling<'_>) -> Option<String> {
        let draft = t.answer.job.spec.draft();
        let limit = match (t.answer.explanation.verdict, draft.overlap) {
            (Verdict::Skipped(Reason::Overlap), OverlapPolicy::Parallel) => Some(draft.overlap_limit),
            (Verdict::Skipped(Reason::Overlap | Reason::QueueFull), _) => None,
            _ => return None,
        };
        let since = |run: &Run| (t.when)(run.sent_at.unwrap_or(run.created_at));
        let runs: Vec<String> = t
            .answer
            .in_the_way
            .iter()
            .map(|run| {
                self.pick(
                    format!("run {} since {}", run.id, since(run)),
                    format!("运行 {}（自 {} 起）", run.id, since(run)),
                )
            })
            .collect();
        if runs.is_empty() {
            return None;
        }
        let limit = limit
            .map(|limit| self.pick(format!("; at most {limit} may run at a time"), format!("；同时最多 {limit} 个")));
        let limit = limit.unwrap_or_default();
        Some(match self.language {
            Language::En => format!("Not ended then: {}{limit}.", runs.join(", ")),
            Language::Zh => format!("当时未结束的有：{}{limit}。", runs.join("、")),
        })
    }

    /// What a quarantine of the job's actor has to do with it: one that is, or one that was released since.
    fn quarantine_told(&self, t: &Telling<'_>, is_ahead: bool) -> Option<String> {
        let verdict = t.answer.explanation.verdict;
        if let Some(reason) = t.quarantine.as_deref() {
            return match verdict {
                Verdict::Backlog => Some(self.pick(
                    format!("The job's actor is quarantined: {reason}. Release it on the page Actors."),
                    format!("该任务的 Actor 已隔离：{reason}。请在“Actor 监控”页面解除隔离。"),
                )),
                Verdict::WillBeDue if is_ahead => Some(self.pick(
                    format!("But the job's actor is quarantined ({reason}): nothing is fired until it is released."),
                    format!("但该任务的 Actor 已隔离（{reason}），解除隔离之前不会触发。"),
                )),
                _ => None,
            };
        }
        if !matches!(verdict, Verdict::Skipped(Reason::Misfire) | Verdict::SharedRow | Verdict::Ran) {
            return None;
        }
        let row = t.answer.runs.iter().find(|run| run.attempt == 0)?;
        let is_release = |done: &&hzm_job_store::operation::Operation| {
            done.action == "release"
                && done.object_kind == "job"
                && done.at > row.scheduled_at
                && done.at <= row.created_at
        };
        let release = t.answer.operations.iter().find(is_release)?;
        let (user, when) = (&release.user, (t.when)(release.at));
        Some(self.pick(
            format!("The job's actor was quarantined until {user} released it at {when}."),
            format!("该任务的 Actor 当时处于隔离状态，{user} 于 {when} 解除隔离。"),
        ))
    }

    /// Where nothing was due: that the clocks of the zone were changed around that moment, and what the job says about it.
    fn clock_change(&self, t: &Telling<'_>) -> Option<String> {
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

/// What somebody did, with its time as text.
pub(super) type Done<'a> = Option<(&'a Act, &'a str)>;

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
