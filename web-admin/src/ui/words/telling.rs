//! Why a job did, or did not, run, as a few sentences: the verdict, and what makes it understandable without looking further.
//!
//! Pages and API tell the same. Times are written by the caller, because the API writes UTC and the page the job's clocks.

use super::{Words, span};
use chrono::{DateTime, Utc};
use hzm_job_scheduler::describe::Language;
use hzm_job_scheduler::explain::{Act, Verdict};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::retry::{self, WhyNot};
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_store::explain::Answered;
use hzm_job_store::run::Run;

/// A first attempt that left no later than this needs no word about it.
const ON_TIME_MS: i64 = 1_000;
/// One that left so late was held up by something.
const HELD_UP_MS: i64 = 5_000;

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

impl Telling<'_> {
    /// The attempts at the fire that is told of. Orders by hand may share a second with each other: it is the one that was
    /// asked about, or that was sent.
    fn attempts(&self) -> Vec<&Run> {
        let runs = || self.answer.runs.iter();
        let sent = || runs().filter(|run| run.sent_at.is_some());
        let fire = sent().find(|run| run.scheduled_at == self.at).or_else(|| sent().min_by_key(|run| run.kind.code()));
        let fire = fire
            .or_else(|| runs().find(|run| run.scheduled_at == self.at))
            .or_else(|| runs().min_by_key(|run| run.kind.code()));
        let is_attempt =
            |run: &&Run| fire.is_some_and(|fire| (fire.kind, fire.scheduled_at) == (run.kind, run.scheduled_at));
        runs().filter(is_attempt).collect()
    }
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
            Verdict::NotSent(_) => self.not_sent(t),
            verdict => self.verdict(verdict, is_ahead, act),
        };
        let more = [
            self.held_up(t),
            self.no_further_attempt(t),
            self.lateness(t),
            self.in_the_way(t),
            self.quarantine_told(t, is_ahead),
            self.clock_change(t),
        ];
        let more: Vec<String> = more.into_iter().flatten().collect();
        let blank = self.pick(" ", "");
        more.iter().fold(verdict, |text, sentence| format!("{text}{blank}{sentence}"))
    }

    /// How what was sent ended, after how many attempts, and how late it left.
    fn ran(&self, t: &Telling<'_>) -> String {
        let attempts = t.attempts();
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
        let tries = self.tries(attempts.len());
        let reason = if last.state == RunState::Succeeded { "" } else { self.reason(last.reason) };
        let blank = if reason.is_empty() { "" } else { self.pick(" ", "") };
        let late = t.answer.explanation.late_ms.filter(|late| *late >= ON_TIME_MS).map(|late| self.duration(late));
        let late = late.map(|late| self.pick(format!(" It left {late} late."), format!("下发晚了 {late}。")));
        let stop = self.pick(".", "。");
        format!("{}{tries}{stop}{blank}{reason}{}", self.pick(en, zh), late.unwrap_or_default())
    }

    /// How what never left ended, after how many attempts, and in whose words.
    fn not_sent(&self, t: &Telling<'_>) -> String {
        let verdict = self.verdict(t.answer.explanation.verdict, false, None);
        let attempts = t.attempts();
        let Some(last) = attempts.iter().max_by_key(|run| run.attempt) else { return verdict };
        let count = attempts.len();
        let tries = match count {
            1 => String::new(),
            _ => self.pick(format!(" There were {count} attempts."), format!("共尝试 {count} 次。")),
        };
        let is_refused = last.reason == Reason::Refused;
        let said = last.message.as_deref().map(str::trim).filter(|said| is_refused && !said.is_empty());
        let said = said.map(|said| match self.language {
            Language::En => format!(" The last answer was: {said}"),
            Language::Zh => format!("最后的应答：{}", self.of_node(said)),
        });
        format!("{verdict}{tries}{}", said.unwrap_or_default())
    }

    fn tries(&self, count: usize) -> String {
        match count {
            1 => String::new(),
            _ => self.pick(format!(" after {count} attempts"), format!("，共尝试 {count} 次")),
        }
    }

    /// Of a fire that was decided on in time and left late: what may have held it up. A row does not say when it was written,
    /// and a trigger leaves after that.
    fn held_up(&self, t: &Telling<'_>) -> Option<String> {
        let is_late = t.answer.explanation.late_ms.is_some_and(|late| late >= HELD_UP_MS);
        let attempts = t.attempts();
        let first = attempts.iter().find(|run| run.attempt == 0 && run.sent_at.is_some()).filter(|_| is_late)?;
        let was_in_time = (first.created_at - first.scheduled_at).num_milliseconds() < HELD_UP_MS;
        was_in_time.then(|| {
            self.pick(
                "It was decided on in time; then it waited for its turn, for a node, or for the database to write it down.",
                "触发决定是按时作出的；之后在等待前面的运行、可用节点，或数据库写入。",
            )
            .to_owned()
        })
    }

    /// Why a failure was not followed by another attempt. The policy is today's: what it was then is not kept.
    fn no_further_attempt(&self, t: &Telling<'_>) -> Option<String> {
        if !matches!(t.answer.explanation.verdict, Verdict::Ran | Verdict::NotSent(_)) {
            return None;
        }
        let attempts = t.attempts();
        let last = attempts.iter().max_by_key(|run| run.attempt)?;
        let draft = t.answer.job.spec.draft();
        let outcome = self.state(last.state);
        let why = retry::why_not(&draft.retry, draft.delivery, last.state, last.attempt);
        let (en, zh) = match why {
            Some(WhyNot::Settled) => return None,
            Some(WhyNot::NoRetries) => ("the job has no retries".to_owned(), "任务未设置重试".to_owned()),
            Some(WhyNot::OtherOutcomes) => (
                format!("the job's retries (retry.on) leave this outcome out: {outcome}"),
                format!("任务的重试条件（retry.on）不包括该结果：{outcome}"),
            ),
            Some(WhyNot::PerhapsDone) => (
                "it may have done its work, and the job is delivered at most once".to_owned(),
                "它可能已经执行，而任务的投递方式为最多一次".to_owned(),
            ),
            Some(WhyNot::NoneLeft) => (
                format!("all {} retries are used up", draft.retry.retries),
                format!("{} 次重试均已用完", draft.retry.retries),
            ),
            None if t.answer.deleted => ("the job was deleted".to_owned(), "任务已被删除".to_owned()),
            None if !t.answer.job.enabled => ("the job was stopped".to_owned(), "任务已停止".to_owned()),
            None => return None,
        };
        Some(self.pick(format!("There was no further attempt: {en}."), format!("没有再次尝试：{zh}。")))
    }

    /// Of a fire that came too late or not at all: how late, what counts as missed, what the policy says, and whether
    /// anything was decided around it. When a decision was written down is not kept.
    fn lateness(&self, t: &Telling<'_>) -> Option<String> {
        let verdict = t.answer.explanation.verdict;
        let is_missed = |reason| matches!(reason, Reason::Misfire | Reason::MisfireLimit | Reason::MisfireWindow);
        let missed = matches!(verdict, Verdict::Skipped(reason) if is_missed(reason)) || verdict == Verdict::SharedRow;
        let silence = t.answer.silence.map(|(from, until)| ((t.when)(from), (t.when)(until)));
        let silence = silence.map(|(from, until)| {
            self.pick(
                format!(
                    "Nothing was decided for any job from {from} to {until}: the scheduler was away or stood still, or its \
                     database was away."
                ),
                format!("{from} 至 {until} 期间没有对任何任务作出决定：调度器不在运行、处于停顿，或数据库无法访问。"),
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
        let runs: Vec<String> = t.answer.in_the_way.iter().map(|run| self.stood(run, t)).collect();
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

    /// How another run stood at the moment that was asked about; nothing later is told.
    fn stood(&self, run: &Run, t: &Telling<'_>) -> String {
        let waited_from = run.created_at.max(run.scheduled_at);
        let (en, zh, since) = match run.sent_at {
            Some(sent) if sent <= t.at => ("running", "执行中", sent),
            _ if waited_from <= t.at => ("waiting", "等待中", waited_from),
            _ => return self.pick(format!("run {}", run.id), format!("运行 {}", run.id)),
        };
        let since = (t.when)(since);
        self.pick(format!("run {} ({en} since {since})", run.id), format!("运行 {}（自 {since} 起{zh}）", run.id))
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
}

/// What somebody did, with its time as text.
pub(super) type Done<'a> = Option<(&'a Act, &'a str)>;

#[cfg(test)]
mod tests;
