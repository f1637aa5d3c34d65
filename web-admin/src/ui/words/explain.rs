//! Words of the page that explains why a job did, or did not, run.

use super::telling::Done;
use super::{Words, catalogue};
use hzm_job_scheduler::explain::Verdict;
use hzm_job_scheduler::run::{Reason, RunState};

catalogue! {
    /// The tab "Explain" of a job.
    ExplainWords {
        tab: "Explain", "原因分析";
        at: "Moment", "时刻";
        at_hint: "By the clocks of the job's zone; or RFC 3339, or epoch milliseconds.", "按任务时区填写，也可用 RFC 3339 或毫秒时间戳。";
        ask: "Explain", "分析";
        intro: "Pick a moment: what was due then, what happened, and why.", "选择一个时刻，查看当时应触发什么、发生了什么、原因是什么。";
        bad: "is no moment; write it like 2026-11-22T08:00:00, 2026-11-22T08:00:00+08:00 or as epoch milliseconds, between 1970 and 2199",
            "不是有效时刻，正确写法如 2026-11-22T08:00:00、2026-11-22T08:00:00+08:00 或毫秒时间戳，年份在 1970 到 2199 之间";
        skipped_by_zone: "The clocks of this zone never showed that time: they were set forward over it. Asked about is the moment at which they went on.",
            "该时区的时钟拨快时跳过了这一时间，以下分析的是时钟拨快后的那一刻。";
        twice_by_zone: "The clocks of this zone showed that time twice; asked about is the first. For the second one write the moment with its offset:",
            "该时区的时钟两次经过这一时间，以下分析的是第一次。要分析第二次，请写上时区偏移：";
        clocks: "Times on this tab are by the clocks of the job's zone.", "本页时间均按任务时区显示。";
        moment: "Moment asked about", "所问时刻";
        schedule_then: "Schedule then", "当时的调度";
        anchor: "In force since", "生效时间";
        occurrence: "Due", "应触发时间";
        previous: "Due before that", "上一次应触发";
        next: "Due after that", "下一次应触发";
        late: "Left late by", "下发延迟";
        silence: "Nothing was decided for any job between", "此期间没有对任何任务作出决定";
        silence_hint: "The scheduler was away or stood still, or its database was away.", "调度器不在运行、处于停顿，或数据库无法访问。";
        deleted_job: "This job was deleted. It can still be asked why it ran.", "该任务已被删除，但仍可查询其历史运行原因。";
        not_whole: "The job was changed more often than is looked back, or by another version: its definition then is taken to be today's.",
            "任务的历史修改过多或来自其他版本，无法完全还原，当时的定义以现在的为准。";
        runs: "What the ledger has", "台账中的记录";
        around: "Nearest runs of the schedule", "前后最近的调度运行";
        operations: "What was done around then", "前后一小时的操作";
    }
}

impl Words {
    /// The verdict as a sentence or two, of a moment that is over or lies ahead. `act` is what somebody did.
    pub(crate) fn verdict(&self, verdict: Verdict, is_ahead: bool, act: Done<'_>) -> String {
        let (en, zh) = if is_ahead { ahead(verdict) } else { plain(verdict) };
        let sentence = match verdict {
            Verdict::Skipped(reason) | Verdict::NotSent(reason) => {
                format!("{}{}{}", self.pick(en, zh), self.pick(" ", ""), self.reason(reason))
            }
            Verdict::Open(state) => {
                let (en, zh) = waits(state);
                self.pick(en, zh).to_owned()
            }
            _ => self.pick(en, zh).to_owned(),
        };
        match act {
            None => sentence.trim_end().to_owned(),
            Some((act, when)) => {
                let what = self.action(&act.action);
                let by = self.pick(
                    format!(" {} {what} it at {when}.", act.user),
                    format!("{} 于 {when} 执行了“{what}”。", act.user),
                );
                format!("{sentence}{by}")
            }
        }
    }
}

/// What is said of a moment that lies ahead, where it is not the same.
const fn ahead(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Stopped => ("The job is stopped, so nothing will be due.", "任务处于停止状态，届时不会触发。"),
        Verdict::Deleted => ("The job was deleted, so nothing will be due.", "任务已被删除，届时不会触发。"),
        Verdict::ByHandOnly => ("Nothing will be due: the job runs by hand only.", "届时不会触发：该任务仅手动触发。"),
        Verdict::FollowsEnd => (
            "It lies ahead: the schedule counts from the end of the run before, so nobody can tell yet.",
            "尚未到来：该调度从上一次运行结束时开始计时，目前无法得知。",
        ),
        other => plain(other),
    }
}

const fn plain(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Ran => ("It ran.", "已执行。"),
        Verdict::NotSent(Reason::Refused) => ("It was due, and no node took it.", "到期，但没有节点接收。"),
        Verdict::NotSent(_) => ("It was due but was never sent to a node.", "到期但从未下发到节点。"),
        Verdict::Skipped(_) => ("It was due and was skipped.", "到期但被跳过。"),
        Verdict::Open(_) => ("It has not ended.", "尚未结束。"),
        Verdict::SharedRow => (
            "It was missed together with many others; one row of the ledger stands for all of them.",
            "与大量触发一同错过，台账中由一条记录代表。",
        ),
        Verdict::NotDue => {
            ("Nothing was due: the schedule has no occurrence at this moment.", "没有到期：调度在该时刻没有触发点。")
        }
        Verdict::FollowsEnd => (
            "Nothing was due: the schedule counts from the end of the run before.",
            "没有到期：该调度从上一次运行结束时开始计时。",
        ),
        Verdict::ByHandOnly => ("Nothing was due: the job runs by hand only.", "没有到期：该任务仅手动触发。"),
        Verdict::NotCreatedYet => ("The job did not exist yet.", "任务当时尚未创建。"),
        Verdict::Deleted => ("The job had been deleted.", "任务当时已被删除。"),
        Verdict::Stopped => ("The job was stopped, so nothing was due.", "任务当时处于停止状态，因此没有到期。"),
        Verdict::ScheduleDiffered => (
            "Today's schedule has this moment, but the one in force then had not.",
            "现在的调度包含该时刻，但当时生效的调度不包含。",
        ),
        Verdict::BeforeAnchor => (
            "The schedule has this moment, but it was put in force only afterwards.",
            "调度包含该时刻，但当时尚未生效。",
        ),
        Verdict::WillBeDue => ("It lies ahead and will be due.", "尚未到来，届时会触发。"),
        Verdict::WillNotBeDue => ("It lies ahead, and nothing will be due then.", "尚未到来，届时不会触发。"),
        Verdict::Backlog => (
            "It was due and is not written down yet. It will be treated by the misfire policy.",
            "已到期但尚未写入台账，之后将按错过策略处理。",
        ),
        Verdict::Overtaken => (
            "It was due, but the job was changed before it was written down.",
            "已到期，但在写入台账之前任务发生了变更。",
        ),
        Verdict::Cleared => {
            ("It was due and had a row, which was cleared since.", "已到期并有记录，但记录后来被清理。")
        }
        Verdict::Unrecorded => (
            "It was due and has no row, and nothing that is known says why. Please report this.",
            "已到期但没有记录，现有信息无法说明原因，请反馈此问题。",
        ),
    }
}

const fn waits(state: RunState) -> (&'static str, &'static str) {
    match state {
        RunState::Planned => ("It is written down and waits for its moment.", "已写入台账，等待到期。"),
        RunState::Waiting => (
            "It is due and waits: for its turn behind an earlier run, for its retry time, or for a node.",
            "已到期，正在等待：前面的运行尚未结束、重试时间未到，或没有可用节点。",
        ),
        RunState::Dispatched => ("A node was chosen; its answer is awaited.", "已选定节点，正在等待节点应答。"),
        _ => ("It is running on its node.", "正在节点上运行。"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;
    use hzm_job_scheduler::describe::Language;
    use hzm_job_scheduler::explain::Act;

    #[test]
    fn a_verdict_is_a_whole_sentence_in_both_languages() {
        let act = Act { operation: 1, at: chrono::DateTime::UNIX_EPOCH, user: "li".into(), action: "stop".into() };
        let (en, zh) = (words(Language::En), words(Language::Zh));
        assert_eq!(
            en.verdict(Verdict::Stopped, false, Some((&act, "08:00"))),
            "The job was stopped, so nothing was due. li stopped it at 08:00."
        );
        assert_eq!(
            zh.verdict(Verdict::Stopped, false, Some((&act, "08:00"))),
            "任务当时处于停止状态，因此没有到期。li 于 08:00 执行了“停止”。"
        );
        for verdict in
            [Verdict::Skipped(Reason::Overlap), Verdict::NotSent(Reason::NoNode), Verdict::Open(RunState::Waiting)]
        {
            assert!(en.verdict(verdict, false, None).ends_with('.'), "{verdict:?}");
            assert!(zh.verdict(verdict, false, None).ends_with('。'), "{verdict:?}");
        }
    }
}
