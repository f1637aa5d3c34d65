//! Words of the frame and those that several pages share.

use super::catalogue;

catalogue! {
    /// The frame, and what several pages say.
    CommonWords {
        product: "hzm-job", "hzm-job";
        skip: "Skip to content", "跳到正文";
        menu: "Menu", "菜单";
        close: "Close", "关闭";
        navigation: "Navigation", "导航";
        overview: "Overview", "总览";
        jobs: "Jobs", "任务";
        runs: "Runs", "运行记录";
        executors: "Executors", "执行器";
        actors: "Actors", "Actor 监控";
        operations: "Operation log", "操作日志";
        users: "Users", "用户";
        api: "API", "API";
        search: "Search", "搜索";
        search_hint: "Jobs, run ids, executors", "任务、运行编号、执行器";
        lag: "lag", "调度延迟";
        lag_title: "Scheduling lag: how late the latest fire left", "调度延迟：最近一次触发晚了多少";
        language: "Language", "语言";
        theme: "Theme", "主题";
        light: "Light", "浅色";
        dark: "Dark", "深色";
        system: "As the system", "跟随系统";
        account: "Account", "账号";
        log_out: "Log out", "退出登录";
        live: "live", "实时";
        not_live: "not live", "未连接";
        live_title: "Figures on this page follow the scheduler", "本页数字随调度器实时更新";
        zone_title: "Times are shown in this zone", "时间按此时区显示";
        copy: "Copy", "复制";
        copied: "Copied", "已复制";
        save: "Save", "保存";
        cancel: "Cancel", "取消";
        edit: "Edit", "编辑";
        delete: "Delete", "删除";
        more: "More actions", "更多操作";
        filter: "Filter", "筛选";
        clear_filters: "Clear filters", "清除筛选";
        nothing_matches: "Nothing matches these filters", "没有符合筛选条件的记录";
        nothing_matches_hint: "Change a filter, or clear them all.", "请修改筛选条件，或全部清除。";
        any_state: "Any state", "全部状态";
        open_states: "not ended yet", "尚未结束";
        all_executors: "All executors", "全部执行器";
        newer: "Newer", "较新";
        older: "Older", "较早";
        rows: "Rows", "每页";
        executor: "Executor", "执行器";
        job: "Job", "任务";
        node: "Node", "节点";
        state: "State", "状态";
        none: "none", "无";
        never: "never", "从未";
        elsewhere: "(another executor)", "（其他执行器）";
        deleted: "(deleted)", "（已删除）";
        when: "When", "时间";
        by: "By", "操作人";
        ago: "{} ago", "{}前";
        ahead: "in {}", "{}后";
        millisecond: "{} ms", "{} 毫秒";
        second: "{} s", "{} 秒";
        minute: "{} min", "{} 分钟";
        hour: "{} h", "{} 小时";
        now: "now", "现在";
        form_wrong: "Nothing was saved yet.", "尚未保存。";
        form_wrong_hint: "Some fields need another value; each says why.", "部分字段需要修改，原因写在各字段下方。";
        stale: "Somebody else changed it meanwhile. Your input is kept below: compare it, then save again to replace the other change.",
            "其他人刚刚修改过。您填写的内容保留在下面，请核对后再次保存，以覆盖对方的修改。";
        taken: "is taken by another one; choose another value", "已被占用，请换一个值";
        retry: "Try again", "重试";
        home: "To the overview", "回到总览";
    }
}
