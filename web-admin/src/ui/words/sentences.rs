//! Sentences with figures or names in them. Names are escaped by the page, never here.

use super::Words;
use hzm_job_scheduler::describe::Language;
use hzm_job_store::run_clear::ClearRule;

/// `s` for every number but one.
const fn s(count: i64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl Words {
    /// What the reader of a page is told while the database is away: why, since when, and what became of what was sent.
    pub(crate) fn database_away(&self, brief: &str, since: Option<&str>, is_sent: bool) -> String {
        let reason = self.pick(brief, database_trouble_zh(brief));
        let since = since.unwrap_or_default();
        let (since_en, since_zh) = if since.is_empty() {
            (String::new(), String::new())
        } else {
            (format!(" since {since}"), format!("自 {since} 起"))
        };
        let (so_en, so_zh) = match crate::error::is_whole(brief) {
            true => ("It does not do its work", "数据库无法工作"),
            false => ("It cannot be reached", "无法连接数据库"),
        };
        let what = self.pick(
            format!("{so_en}{since_en}: {reason}. Nothing that is in it is lost."),
            format!("{since_zh}{so_zh}：{reason}。已保存的数据不会丢失。"),
        );
        let then = match is_sent {
            false => self.pick(
                " Nothing was sent; this page asks again every five seconds.",
                "本次没有提交任何内容，页面每五秒自动重试。",
            ),
            true => self.pick(
                " What was sent was not carried out, or not completely. Go back, where the browser has kept what was typed, and \
                 look at the object before sending it again.",
                "提交的操作没有执行，或没有全部执行。请返回上一页（浏览器保留了已填写的内容），重新提交前请先查看对象的状态。",
            ),
        };
        format!("{what}{then}")
    }

    /// What the executor said of a failure.
    pub(crate) fn reported(&self, said: &str) -> String {
        self.pick(format!("The executor reported: {said}"), format!("执行器上报：{said}"))
    }

    /// A word and, in the parentheses of the language, what it is more exactly.
    pub(crate) fn in_parentheses(&self, word: &str, detail: &str) -> String {
        self.pick(format!("{word} ({detail})"), format!("{word}（{detail}）"))
    }

    /// A number with its thousands set apart.
    pub(crate) fn number(&self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        if number < 0 { format!("-{text}") } else { text }
    }

    /// The facts below the title "Jobs".
    pub(crate) fn jobs_facts(&self, all: i64, started: i64) -> String {
        match self.language {
            Language::En => format!("{} job{}, {} started", self.number(all), s(all), self.number(started)),
            Language::Zh => format!("共 {} 个任务，已启动 {} 个", self.number(all), self.number(started)),
        }
    }

    /// The facts below the title "Runs".
    pub(crate) fn runs_facts(&self, open: i64) -> String {
        match self.language {
            Language::En => format!("{} still going", self.number(open)),
            Language::Zh => format!("{} 条尚未结束", self.number(open)),
        }
    }

    /// The facts below the title "Executors".
    pub(crate) fn executors_facts(&self, executors: i64, nodes: i64, offline: i64) -> String {
        match self.language {
            Language::En => {
                format!("{executors} executor{}, {nodes} node{}, {offline} of them offline", s(executors), s(nodes))
            }
            Language::Zh => format!("{executors} 个执行器，{nodes} 个节点，其中 {offline} 个离线"),
        }
    }

    /// The facts below the title "Actors".
    pub(crate) fn actors_facts(&self, actors: usize, quarantined: usize) -> String {
        match self.language {
            Language::En => format!("{actors} at work, {quarantined} quarantined"),
            Language::Zh => format!("{actors} 个 Actor，其中 {quarantined} 个已隔离"),
        }
    }

    /// How many actors a page shows.
    pub(crate) fn actors_shown(&self, shown: usize, all: usize) -> String {
        match self.language {
            Language::En => format!("{shown} of {all} shown."),
            Language::Zh => format!("共 {all} 个，显示 {shown} 个。"),
        }
    }

    /// What keeps a quarantined job from running.
    pub(crate) fn quarantined(&self, actor: &str, reason: &str) -> String {
        match self.language {
            Language::En => format!(
                "The actor {actor} is quarantined because it failed too often: {reason}. Release it on the page Actors, then try again."
            ),
            Language::Zh => {
                format!("Actor {actor} 因失败次数过多已被隔离：{reason}。请在“Actor 监控”页面解除隔离后重试。")
            }
        }
    }

    /// The facts below the title "Overview".
    pub(crate) fn overview_facts(&self, look: usize, offline: i64) -> String {
        match (self.language, look, offline) {
            (Language::En, 0, 0) => "Everything is all right.".to_owned(),
            (Language::Zh, 0, 0) => "一切正常。".to_owned(),
            (Language::En, ..) => format!(
                "{look} job{} need{} a look, {offline} executor{} offline.",
                s(look as i64),
                if look == 1 { "s" } else { "" },
                s(offline)
            ),
            (Language::Zh, ..) => format!("{look} 个任务需要关注，{offline} 个执行器离线。"),
        }
    }

    /// "12 of 15", beside a tile's figure.
    pub(crate) fn of(&self, all: i64) -> String {
        match self.language {
            Language::En => format!("of {}", self.number(all)),
            Language::Zh => format!("共 {}", self.number(all)),
        }
    }

    /// The share of the last minute's outcomes that succeeded.
    pub(crate) fn success_rate(&self, succeeded: u64, failed: u64) -> String {
        let share = succeeded.saturating_mul(100).checked_div(succeeded.saturating_add(failed));
        let percent = share.map_or_else(|| "–".to_owned(), |share| format!("{share}%"));
        match self.language {
            Language::En => format!("{percent} succeeded"),
            Language::Zh => format!("成功 {percent}"),
        }
    }

    /// Nodes that are offline, beside the tile of the executors.
    pub(crate) fn nodes_offline(&self, offline: i64, all: i64) -> String {
        match self.language {
            Language::En => format!("{offline} of {all} nodes"),
            Language::Zh => format!("节点 {offline} / {all}"),
        }
    }

    /// How many jobs an executor has.
    pub(crate) fn in_use(&self, jobs: i64) -> String {
        match self.language {
            Language::En => format!("It is in use by {} job{}.", self.number(jobs), s(jobs)),
            Language::Zh => format!("有 {} 个任务正在使用它。", self.number(jobs)),
        }
    }

    /// What deleting a job does, in figures. `more`: there are more open runs than were counted.
    pub(crate) fn delete_job(&self, open: usize, more: bool) -> String {
        let plus = if more { "+" } else { "" };
        match (self.language, open) {
            (Language::En, 0) => "Its schedule ends. No run of it is going.".to_owned(),
            (Language::Zh, 0) => "任务将不再触发，当前没有未结束的运行。".to_owned(),
            (Language::En, _) => {
                format!("Its schedule ends and {open}{plus} run{} still going will be cancelled.", s(open as i64))
            }
            (Language::Zh, _) => format!("任务将不再触发，{open}{plus} 次未结束的运行会被终止。"),
        }
    }

    /// A form of "run now" was sent once more, with other values.
    pub(crate) fn form_sent_already(&self, run: i64) -> String {
        match self.language {
            Language::En => {
                format!("This form started run {run} already, with other values. Send it again to start another run.")
            }
            Language::Zh => format!("此表单已用其他内容启动过运行 {run}。如需再启动一次，请重新提交。"),
        }
    }

    /// The line above a run that was started by hand.
    pub(crate) fn run_started(&self, run: i64) -> String {
        match self.language {
            Language::En => format!("Run {run} was started."),
            Language::Zh => format!("运行 {run} 已启动。"),
        }
    }

    /// What became of several jobs, nothing of which went wrong.
    pub(crate) fn bulk_done(&self, done: usize, same: usize) -> String {
        match (self.language, same) {
            (Language::En, 0) => format!("{done} done."),
            (Language::Zh, 0) => format!("已处理 {done} 个任务。"),
            (Language::En, _) => format!("{done} done, {same} {} so already.", if same == 1 { "was" } else { "were" }),
            (Language::Zh, _) => format!("已处理 {done} 个任务，{same} 个状态未变。"),
        }
    }

    /// The same where some could not be changed.
    pub(crate) fn bulk_facts(&self, done: usize, same: usize, failed: usize) -> String {
        let rest = self.bulk_done(done, same);
        match self.language {
            Language::En => format!("{failed} not done; {rest}"),
            Language::Zh => format!("{failed} 个未完成，{rest}"),
        }
    }

    /// What running several jobs does.
    pub(crate) fn bulk_run_asks(&self, jobs: usize) -> String {
        match self.language {
            Language::En => format!("This starts one run of each of these {jobs} jobs."),
            Language::Zh => format!("以下 {jobs} 个任务将各执行一次。"),
        }
    }

    /// What deleting several jobs does.
    pub(crate) fn bulk_delete_asks(&self, jobs: usize, open: usize) -> String {
        match self.language {
            Language::En => format!(
                "This ends the schedules of {jobs} job{} and cancels {open} run{} still going. The runs stay until they are cleared.",
                s(jobs as i64),
                s(open as i64)
            ),
            Language::Zh => {
                format!("{jobs} 个任务将不再触发，{open} 次未结束的运行会被终止。运行记录会保留到被清理为止。")
            }
        }
    }

    /// A rule for clearing.
    pub(crate) fn clear_rule(&self, rule: ClearRule) -> String {
        match (rule, self.language) {
            (ClearRule::OlderThanMonths(months), Language::En) => {
                format!("Due more than {months} month{} ago", s(i64::from(months)))
            }
            (ClearRule::OlderThanMonths(months), Language::Zh) => format!("{months} 个月之前的记录"),
            (ClearRule::KeepNewest(keep), Language::En) => format!("All but the newest {}", self.number(keep)),
            (ClearRule::KeepNewest(keep), Language::Zh) => format!("保留最新 {} 条", self.number(keep)),
            (ClearRule::All, Language::En) => "All ended runs".to_owned(),
            (ClearRule::All, Language::Zh) => "全部已结束的记录".to_owned(),
        }
    }

    /// "1,204 runs".
    pub(crate) fn run_count(&self, count: i64) -> String {
        match self.language {
            Language::En => format!("{} run{}", self.number(count), s(count)),
            Language::Zh => format!("{} 条", self.number(count)),
        }
    }

    /// What a clearing will remove, above its button.
    pub(crate) fn clear_asks(&self, count: i64) -> String {
        match self.language {
            Language::En => {
                format!("This removes {} run{} for good. It cannot be undone.", self.number(count), s(count))
            }
            Language::Zh => format!("将永久删除 {} 条运行记录，此操作无法撤销。", self.number(count)),
        }
    }

    /// The button that clears.
    pub(crate) fn clear_button(&self, count: i64) -> String {
        match self.language {
            Language::En => format!("Clear {} run{}", self.number(count), s(count)),
            Language::Zh => format!("清理 {} 条记录", self.number(count)),
        }
    }

    /// What a clearing did. `left`: how many it did not get to.
    pub(crate) fn cleared(&self, gone: i64, left: i64) -> String {
        let (gone_text, left_text) = (self.number(gone), self.number(left));
        match (self.language, left) {
            (Language::En, 0) => format!("{gone_text} run{} removed.", if gone == 1 { " was" } else { "s were" }),
            (Language::Zh, 0) => format!("已删除 {gone_text} 条运行记录。"),
            (Language::En, _) => format!("{gone_text} runs were removed, {left_text} are left: clear once more."),
            (Language::Zh, _) => format!("已删除 {gone_text} 条，还剩 {left_text} 条，请再次清理。"),
        }
    }

    /// How many fields a change touched.
    pub(crate) fn field_count(&self, count: usize) -> String {
        match self.language {
            Language::En => format!("{count} fields"),
            Language::Zh => format!("{count} 个字段"),
        }
    }

    /// Which attempt a run is.
    pub(crate) fn attempt(&self, attempt: i32) -> String {
        match self.language {
            Language::En => format!("attempt {}", attempt + 1),
            Language::Zh => format!("第 {} 次尝试", attempt + 1),
        }
    }

    /// How long a password has to be.
    pub(crate) fn password_least(&self) -> String {
        let least = crate::auth::SHORTEST_PASSWORD;
        self.pick(format!("At least {least} characters."), format!("至少 {least} 个字符。"))
    }

    /// A password that is too short or too long.
    pub(crate) fn password_length(&self, least: Option<usize>, most: Option<usize>) -> String {
        match (self.language, least, most) {
            (Language::En, Some(least), _) => format!("The new password needs at least {least} characters."),
            (Language::Zh, Some(least), _) => format!("新密码至少需要 {least} 个字符。"),
            (Language::En, None, most) => {
                format!("The new password may have at most {} characters.", most.unwrap_or_default())
            }
            (Language::Zh, None, most) => format!("新密码最多 {} 个字符。", most.unwrap_or_default()),
        }
    }

    /// A span of a form that is out of bounds.
    pub(crate) fn span_range(&self, least: &str, most: &str) -> String {
        match self.language {
            Language::En => format!("use a duration from {least} to {most}"),
            Language::Zh => format!("允许范围是 {least} 到 {most}"),
        }
    }

    /// A part of an address (of a page) that is no number.
    pub(crate) fn bad_query(&self, name: &str, value: &str) -> String {
        match self.language {
            Language::En => format!("{name}={value} is not understood. Take it out of the address, or use a filter."),
            Language::Zh => format!("无法理解 {name}={value}。请从地址中去掉，或使用筛选条件。"),
        }
    }
}

/// Why a database is away, in Chinese; the English words are the store's.
pub(super) fn database_trouble_zh(brief: &str) -> &'static str {
    match brief {
        "connection refused" => "连接被拒绝",
        "no answer in time" | "no answer within two seconds" => "未在规定时间内应答",
        "the name of its host is not known" => "无法解析主机名",
        "no trusted TLS connection" | "it offers no TLS" => "无法建立可信的 TLS 连接",
        "it does not let the user in" => "用户名或密码被拒绝",
        "the database does not exist" | "the database does not exist, or the user has no rights on it" => {
            "数据库不存在，或该用户没有权限"
        }
        "the file is locked, or its disk is full or fails" => "文件被锁定，或磁盘已满、出现故障",
        "the file is gone, was replaced or cut" => "文件已被删除、替换或截断",
        "the database is read-only: make it writable or name the primary" => "数据库为只读，请改为可写或改连主库",
        "the database user lacks a right: grant it" => "数据库用户缺少权限，请授予",
        "its character set is not UTF-8" => "数据库字符集不是 UTF-8（utf8mb4）",
        "its max_allowed_packet is too small" => "max_allowed_packet 设置过小",
        "no connection became free in time" => "没有空闲的连接",
        "a statement was broken off" => "语句被中断",
        _ => "连接失败",
    }
}
