//! Words of the pages about jobs.

use super::catalogue;

catalogue! {
    /// Lists of jobs, one job, run now, delete.
    JobWords {
        title: "Jobs", "任务";
        new: "New job", "新建任务";
        text: "Name, handler or owner", "名称、处理器或负责人";
        started: "Started", "已启动";
        stopped: "Stopped", "已停止";
        schedule: "Schedule", "调度";
        last_runs: "Last 20 runs", "最近 20 次运行";
        last_run: "Last run", "上次运行";
        duration: "Duration", "耗时";
        next: "Next fire", "下次触发";
        no_next: "no further fire", "不再触发";
        by_hand_only: "by hand only", "仅手动触发";
        after_run: "after the run ends", "运行结束后计算";
        run_now: "Run now", "立即执行";
        start: "Start", "启动";
        stop: "Stop", "停止";
        copy: "Copy job", "复制任务";
        tick: "Choose", "选择";
        bulk: "All ticked jobs:", "勾选的任务：";
        quarantined_next: "not until released", "解除隔离前不触发";
        quarantined_title: "This job does not fire: its actor is quarantined.", "该任务不会触发：其 Actor 已隔离。";
        quarantined_hint: "It failed more often than its policy allows and is not restarted by itself. Released, it goes on, and what it missed falls under its misfire policy.",
            "其失败次数超过策略允许的上限，不会自动重启。解除隔离后任务恢复，错过的触发按错过策略处理。";
        tick_all: "Tick all", "全选";
        bulk_run_title: "Run these jobs now", "立即执行这些任务";
        bulk_delete_title: "Delete these jobs", "删除这些任务";
        bulk_result: "What became of the jobs", "批量操作结果";
        bulk_done_word: "done", "已完成";
        bulk_same_word: "was so already", "状态未变";
        bulk_failed_word: "not done", "未完成";
        bulk_back: "Back to the jobs", "返回任务列表";
        bulk_none: "No job was ticked. Tick the jobs in the first column.", "没有勾选任务，请在第一列勾选。";
        empty: "No jobs yet", "还没有任务";
        empty_hint: "A job says what is run, when, and on which executor.", "任务说明执行什么、何时执行、由哪个执行器执行。";
        no_executor: "An executor comes first", "请先添加执行器";
        nothing_granted: "No executor was granted to you yet. Ask an administrator.", "您尚未获得任何执行器的授权，请联系管理员。";
        no_executor_hint: "A job needs an executor that does the work. Add one, then come back.", "任务需要由执行器完成。请先添加执行器，再新建任务。";
        tab_overview: "Overview", "概况";
        tab_runs: "Runs", "运行记录";
        definition: "Definition", "定义";
        upcoming: "Next ten fires", "接下来十次触发";
        in_zone: "In the job's zone", "任务时区";
        recent: "Recent runs", "最近运行";
        all_runs: "All runs of this job", "该任务的全部运行记录";
        never_ran: "It never ran.", "尚未运行过。";
        not_lately: "not lately", "近期没有";
        none_lately: "None among the newest runs of all jobs, which are looked through here. Older ones, if there are any, are among the runs of this job.",
            "此处只查看所有任务最近的运行，其中没有该任务的运行；更早的运行（如有）见该任务的运行记录。";
        stopped_next: "The job is stopped: nothing fires until it is started.", "任务已停止，启动后才会触发。";
        no_runs: "No runs yet", "还没有运行记录";
        no_runs_hint: "Start the job, or run it now.", "启动任务，或立即执行一次。";
        created: "Created", "创建时间";
        updated: "Last changed", "修改时间";
        id: "Id", "编号";
        run_title: "Run now", "立即执行";
        run_intro: "Starts one run beside the schedule. The overlap policy applies to it as to any other.", "在调度之外立即执行一次，阻塞策略同样生效。";
        run_parameters: "Parameters of this run", "本次运行的参数";
        run_parameters_hint: "Starts from the job's own parameters; changes apply to this run only.", "默认取任务自身的参数，修改仅对本次生效。";
        run_node: "Node", "节点";
        run_any_node: "By the routing strategy", "按路由策略选择";
        run_node_hint: "A chosen node gets the run, or nobody: there is no failover.", "指定节点后只会发往该节点，不做故障转移。";
        run_none_online: "No node of the executor is online: the run will fail unless one registers.", "执行器没有在线节点：除非有节点注册，否则本次运行会失败。";
        delete_title: "Delete job", "删除任务";
        delete_keeps: "Its runs and operations stay until they are cleared. A deleted job cannot be brought back.", "运行记录与操作日志会保留，直到被清理。删除后无法恢复。";
        saved: "The job was saved.", "任务已保存。";
        started_note: "The job was started.", "任务已启动。";
        stopped_note: "The job was stopped.", "任务已停止。";
        deleted_note: "The job was deleted.", "任务已删除。";
    }
}

catalogue! {
    /// The form of a job.
    JobFormWords {
        new_title: "New job", "新建任务";
        edit_title: "Edit job", "编辑任务";
        what: "What", "做什么";
        when: "When", "何时做";
        where_: "Where", "在哪里做";
        wrong: "If it goes wrong", "出错时";
        name: "Name", "名称";
        name_hint: "Shown to people.", "显示给使用者。";
        executor: "Executor", "执行器";
        choose: "Choose an executor", "请选择执行器";
        handler: "Handler", "处理器";
        handler_hint: "The name under which the executor knows the work; empty: the job's name.", "执行器中登记的名称，留空则与任务名称相同。";
        parameters: "Parameters", "参数";
        parameters_hint: "JSON or plain text, handed over as it stands.", "JSON 或纯文本，原样传给执行器。";
        owner: "Owner", "负责人";
        owner_hint: "Whom to ask about it.", "出问题时找谁。";
        description: "Description", "说明";
        kind: "Kind of schedule", "调度类型";
        cron: "Cron expression", "Cron 表达式";
        fixed_rate: "Fixed rate", "固定频率";
        fixed_delay: "Fixed delay after the end", "固定延迟（从运行结束算起）";
        once: "Once", "一次性";
        manual: "By hand only", "仅手动";
        expression: "Expression", "表达式";
        expression_hint: "Cron: 0 */5 * * * ?, @daily, @every 90s. Rate and delay: 30s, 1h30m. Once: 2026-12-24T08:00:00.",
            "Cron：0 */5 * * * ?、@daily、@every 90s；频率与延迟：30s、1h30m；一次性：2026-12-24T08:00:00。";
        zone: "Time zone", "时区";
        zone_hint: "IANA name, such as Asia/Shanghai.", "IANA 名称，例如 Asia/Shanghai。";
        gap: "When clocks are set forward", "时钟拨快跳过的时刻";
        gap_run_after: "Fire when the gap ends", "跳过的时段结束时触发";
        gap_skip: "Skip that day", "当天不触发";
        repeat: "When clocks are set back", "时钟拨慢重复的时刻";
        repeat_first: "Fire the first time only", "只在第一次触发";
        repeat_both: "Fire both times", "两次都触发";
        misfire: "Misfire policy", "错过策略";
        misfire_hint: "Occurrences that come too late, because the scheduler was away.", "调度器停机等原因造成的迟到触发如何处理。";
        misfire_fire_once: "Run the newest late one", "只补执行最近一次";
        misfire_skip: "Run none of them", "全部跳过";
        misfire_fire_all: "Run every one, oldest first", "从早到晚逐个补执行";
        misfire_limit: "Make up for at most", "最多补执行";
        misfire_limit_hint: "So many of the newest late ones, 1 to 10,000.", "只补执行最近的若干次，1 到 10,000。";
        misfire_window: "Catch-up window", "补执行时间窗口";
        misfire_window_hint: "What is later than this is not run, such as 2h; empty: no bound.", "迟到超过该时长的不再执行，例如 2h，留空表示不限。";
        overlap: "Overlap policy", "阻塞策略";
        overlap_hint: "A fire that meets a run still going.", "触发时上一次运行尚未结束如何处理。";
        overlap_skip: "Skip the new one", "跳过新的触发";
        overlap_queue: "Let it wait its turn", "排队等待";
        overlap_parallel: "Run side by side", "并行执行";
        overlap_replace: "Cancel the old one", "终止旧的运行";
        overlap_limit: "Limit", "上限";
        overlap_limit_hint: "Longest queue, or runs side by side; 1 to 1,000.", "排队或并行的最大数量，1 到 1,000。";
        routing: "Routing strategy", "路由策略";
        routing_round_robin: "Round robin", "轮询";
        routing_random: "Random", "随机";
        routing_failover: "Failover, in node order", "故障转移（按节点顺序）";
        timeout: "Timeout", "超时";
        timeout_hint: "Such as 30s or 1h; empty: no limit.", "例如 30s 或 1h，留空表示不限。";
        retries: "Retries", "重试次数";
        retries_hint: "0 to 100; 0: never again.", "0 到 100，0 表示不重试。";
        interval: "First wait", "首次等待";
        interval_hint: "Such as 10s.", "例如 10s。";
        factor: "Growth", "增长倍数";
        factor_hint: "Each further wait is so many times longer; 1 to 10.", "之后每次等待乘以该倍数，1 到 10。";
        max_interval: "Longest wait", "最长等待";
        jitter: "Jitter", "抖动";
        jitter_hint: "Share of a wait that chance may take away; 0 to 1.", "每次等待可随机缩短的比例，0 到 1。";
        retry: "Retry", "重试";
        retry_on: "Try again after", "以下情况重试";
        retry_on_failed: "a failure", "失败";
        retry_on_timed_out: "a timeout", "超时";
        retry_on_lost: "a loss (jobs delivered at least once)", "丢失（投递保证为至少一次的任务）";
        retry_node: "Node of a retry", "重试的节点";
        retry_node_hint: "“Only the same” fails while that node is offline.", "选择“仅同一节点”时，该节点离线则本次重试失败。";
        retry_node_any: "Any, by the routing strategy", "任意节点（按路由策略）";
        retry_node_other: "Another one, where there is one", "优先其他节点";
        retry_node_same: "Only the same", "仅同一节点";
        delivery: "Delivery", "投递保证";
        delivery_hint: "What happens when it is unknown whether a run was taken.", "不确定运行是否已被接收时如何处理。";
        at_least_once: "At least once: send it again under the same id", "至少一次：以相同编号重新发送";
        at_most_once: "At most once: give it up as lost", "至多一次：记为丢失";
        preview: "Preview", "预览";
        preview_fires: "Next fires", "接下来的触发";
        preview_manual: "It fires only when somebody presses “Run now”.", "只有点击“立即执行”时才会执行。";
        preview_wait: "Fill in the expression to see when the job fires.", "填写表达式后可看到触发时间。";
        not_a_number: "give a whole or decimal number, not negative, in digits", "请用数字填写，不能为负数";
        not_a_span: "is not a duration; write it like 30s, 5m or 1h30m", "不是时长，正确写法如 30s、5m 或 1h30m";
        not_a_choice: "is not one of the choices; choose again", "不是可选项，请重新选择";
        no_executor: "choose the executor that does the work", "请选择负责执行的执行器";
        start_after: "Start it after saving", "保存后立即启动";
    }
}
