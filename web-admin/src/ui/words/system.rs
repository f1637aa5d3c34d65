//! Words of the overview, the operation log, actors, search, account, login and failures.

use super::catalogue;

catalogue! {
    /// Everything that is about the admin itself.
    SystemWords {
        overview_title: "Overview", "总览";
        tile_jobs: "Jobs started", "已启动任务";
        tile_running: "Running now", "正在运行";
        tile_fired: "Fires in the last minute", "最近一分钟触发";
        tile_executors: "Executors offline", "离线执行器";
        trend: "Outcomes of the last 15 days", "最近 15 天的运行结果";
        trend_table: "Show as a table", "以表格显示";
        trend_empty: "No run has ended in these 15 days.", "最近 15 天没有结束的运行。";
        trend_axis: "runs a day", "每天运行次数";
        day: "Day", "日期";
        total: "Total", "合计";
        next_fires: "Next fires", "即将触发";
        next_none: "No started job has a fire ahead.", "没有已启动的任务即将触发。";
        look: "Jobs that need a look", "需要关注的任务";
        look_none: "No started job's last run failed, timed out or got lost, and none is quarantined.", "已启动任务的上次运行均未失败、超时或丢失，也没有任务被隔离。";
        latest_operations: "Latest operations", "最近操作";
        all_operations: "All operations", "全部操作";
        operations_title: "Operation log", "操作日志";
        operations_empty: "Nothing was done yet", "还没有操作记录";
        operations_empty_hint: "Each change that somebody makes is recorded here, field by field.", "每一次修改都会逐字段记录在这里。";
        object: "Object", "对象";
        action: "Action", "操作";
        before: "Before", "修改前";
        after: "After", "修改后";
        changes: "Changes", "变更内容";
        no_changes: "no field changed", "没有字段变化";
        actors_title: "Actors", "Actor 监控";
        actor: "Actor", "Actor 名称";
        kind: "Kind", "类型";
        any_kind: "Any kind", "全部类型";
        actors_bound: "A node has one actor below each shard that sends to it, and one below its executor that asks it whether it lives. Sleeping jobs have no actor; of each shard at most 200 jobs are listed.", "每个节点在向它下发的各个分片下有一个 Actor，在其执行器下另有一个负责探活。休眠的任务没有 Actor，每个分片最多列出 200 个任务。";
        thread: "Thread", "线程";
        waiting: "Waiting", "等待处理";
        mailbox: "mailbox", "邮箱容量";
        handled: "Handled since start", "启动以来处理";
        restarts: "Restarts", "重启次数";
        last_error: "Last error", "最近错误";
        release: "Release", "解除隔离";
        actors_empty: "No actor has reported", "没有 Actor 上报";
        actors_empty_hint: "The scheduler may be starting or stopping.", "调度器可能正在启动或停止。";
        quarantine_hint: "It failed more often than its policy allows, so it is not restarted by itself.", "失败次数超过策略允许的上限，不再自动重启。";
        released_note: "The actor was released and starts anew.", "已解除隔离，Actor 重新启动。";
        not_released_note: "There is no quarantined actor of that name any more.", "已没有该名称的隔离 Actor。";
        search_title: "Search", "搜索";
        search_empty: "Type a part of a job's name, a run id, or an executor.", "请输入任务名称的一部分、运行编号或执行器。";
        search_nothing: "Nothing was found", "没有找到结果";
        search_nothing_hint: "Jobs are found by name, handler and owner, executors by name and app key, runs by their id.", "任务按名称、处理器、负责人查找，执行器按名称、标识查找，运行按编号查找。";
        account_title: "Account", "账号";
        password_title: "Change password", "修改密码";
        password_old: "Present password", "当前密码";
        password_new: "New password", "新密码";
        password_again: "New password, once more", "再次输入新密码";
        password_save: "Change password", "修改密码";
        password_hint: "All other sessions of this account end.", "该账号的其他会话都会退出。";
        password_saved: "The password was changed.", "密码已修改。";
        password_wrong: "This is not the present password.", "当前密码不正确。";
        password_same: "This is the present password; choose another one.", "与当前密码相同，请另选一个。";
        password_overtaken: "It was changed meanwhile. Log in again.", "密码已被修改，请重新登录。";
        password_differ: "The two new passwords differ.", "两次输入的新密码不一致。";
        preferences: "Language and theme", "语言与主题";
        apply: "Apply", "应用";
        login_title: "Log in", "登录";
        login_name: "User name", "用户名";
        login_password: "Password", "密码";
        login_button: "Log in", "登录";
        login_wrong: "The user name or the password is wrong.", "用户名或密码不正确。";
        login_many: "Too many failed attempts. Wait a quarter of an hour, then try again.", "失败次数过多，请等待一刻钟后再试。";
        login_away: "The service is not available right now. Try again in a moment.", "服务暂时不可用，请稍后重试。";
        logged_out: "You are logged out.", "已退出登录。";
        not_found: "There is no such page", "页面不存在";
        not_found_hint: "It may have been deleted, or the address is mistyped.", "它可能已被删除，或者地址有误。";
        forbidden: "This was not allowed", "操作未被允许";
        forbidden_hint: "The form was not sent from this session. Go back, reload the page, and try once more.", "表单不是由当前会话发出的。请返回并刷新页面后重试。";
        not_on_all: "This concerns all executors, and you were granted some of them. Ask an administrator.", "此操作涉及全部执行器，而您只获授权其中一部分。请联系管理员。";
        password_first: "Somebody else knows your password: change it first, then everything is open to you.", "您的密码由他人设置或知晓：请先修改密码，再继续操作。";
        bad_request: "The address cannot be read", "无法理解该地址";
        too_large: "The form is too large", "表单内容过大";
        conflict: "This cannot be done now", "当前无法执行该操作";
        busy: "The scheduler is busy", "调度器繁忙";
        busy_hint: "Nothing was changed. Try again in a second.", "没有任何改变，请稍后重试。";
        away: "The database is away", "数据库暂时无法访问";
        failure_id: "Failure id, as in the log:", "错误编号（见日志）：";
        unavailable: "The scheduler is away", "调度器暂时不可用";
        unavailable_get_hint: "Nothing was sent and nothing is lost. Try again in a moment.", "没有提交任何内容，数据不会丢失。请稍后重试。";
        unavailable_hint: "What was sent was not carried out, or not completely. Look at the object before trying again.", "提交的操作没有执行，或没有全部执行。重试前请先查看对象的状态。";
        saved_only: "Saved, but not in force yet", "已保存，但尚未生效";
        saved_only_hint: "The scheduler did not hear of the change in time. Save the object once more, or wait: it is read again when it is next used.",
            "调度器未能及时得到通知。请再次保存，或稍候：调度器下次读取时会生效。";
        unconfirmed: "Not confirmed yet", "尚未确认";
        unconfirmed_hint: "The database has not answered in time. What you asked for still waits to be written and may yet come about: look for it before you ask again.",
            "数据库未能及时响应。您的请求仍在等待写入，之后仍可能生效：再次操作前请先查看结果。";
        internal: "Something went wrong on our side", "系统内部错误";
        internal_hint: "The admin's log tells more.", "管理端日志中有详细信息。";
    }
}
