//! Words of the pages about runs.

use super::catalogue;

catalogue! {
    /// Lists of runs, one run, clearing.
    RunWords {
        title: "Runs", "运行记录";
        run: "Run", "运行";
        id: "Run", "编号";
        due: "Due", "计划时间";
        started: "Sent", "下发时间";
        duration: "Duration", "耗时";
        kind: "Kind", "类型";
        any_kind: "Any kind", "全部类型";
        scheduled: "Scheduled", "调度";
        manual: "By hand", "手动";
        from: "Due from", "计划时间从";
        until: "until", "到";
        clear: "Clear runs", "清理记录";
        empty: "No runs yet", "还没有运行记录";
        empty_hint: "As soon as a job fires, its run stands here.", "任务触发后，运行记录会出现在这里。";
        to_jobs: "To the jobs", "查看任务";
        timeline: "Timeline", "时间线";
        created: "Written down", "写入台账";
        due_step: "Due", "到期";
        not_before: "Waited for its retry time until", "等待重试，直到";
        sent: "Sent to the node", "下发到节点";
        accepted: "Accepted by the node", "节点已接受";
        cancel_asked: "Cancellation asked for", "请求终止";
        lateness: "after it was due", "晚于计划时间";
        attempts: "Attempts", "尝试";
        parameters: "Parameters", "参数";
        no_parameters: "This run has no parameters.", "本次运行没有参数。";
        message: "Message", "消息";
        no_message: "Nothing was reported.", "没有返回消息。";
        facts: "Facts", "基本信息";
        reason: "Reason", "原因";
        code: "Code", "返回码";
        requested_by: "Started by", "执行人";
        pinned: "chosen by hand", "手动指定";
        not_sent: "not sent", "未下发";
        cancel: "Cancel run", "终止运行";
        cancel_asks: "The node is told to stop the work. Work already done stays done.", "将通知节点停止执行，已完成的工作不会撤销。";
        again: "Run again", "再次执行";
        cancelled_note: "The run was cancelled.", "运行已终止。";
        cancel_sent_note: "The node was told to stop; the run ends when it answers.", "已通知节点停止，收到答复后运行结束。";
        ended_note: "The run had ended already; nothing was changed.", "运行此前已经结束，没有改变。";
        clear_title: "Clear runs", "清理运行记录";
        clear_intro: "Removes ended runs from the ledger for good. Runs still going, the statistics and the schedule stay as they are.",
            "从台账中永久删除已结束的运行记录。未结束的运行、统计数据与调度进度不受影响。";
        clear_rule: "Rule", "规则";
        clear_count: "Would remove", "将删除";
        clear_unknown: "There is no such job or executor.", "任务或执行器不存在。";
        clear_choose_first: "Choose an executor or a job whose runs are to be cleared.", "请选择要清理其运行记录的执行器或任务。";
        clear_refresh: "Count again", "重新计数";
        clear_choose: "Clear", "清理";
        clear_nothing: "nothing to remove", "没有可删除的记录";
        outcome_pending: "still going", "尚未结束";
        bad_time: "is no date and time; write it like 2026-11-22T08:00", "不是日期时间，正确写法如 2026-11-22T08:00";
    }
}
