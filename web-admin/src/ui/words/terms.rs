//! States, reasons, kinds and actions in words: one word per state everywhere.

use super::Words;
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_store::link::Fault;

/// The colour of a pill, a bar or a tile; the class of the style sheet.
pub(crate) const fn tone(state: RunState) -> &'static str {
    match state {
        RunState::Planned | RunState::Waiting | RunState::Skipped | RunState::Cancelled => "idle",
        RunState::Dispatched | RunState::Running => "running",
        RunState::Succeeded => "ok",
        RunState::Failed => "bad",
        RunState::TimedOut => "warn",
        RunState::Lost => "lost",
    }
}

/// The colour of a node's state.
pub(crate) const fn node_tone(state: NodeState) -> &'static str {
    match state {
        NodeState::Online => "ok",
        NodeState::Suspect => "warn",
        NodeState::Offline => "bad",
    }
}

impl Words {
    /// The word of a run's state.
    pub(crate) fn state(&self, state: RunState) -> &'static str {
        let (en, zh) = match state {
            RunState::Planned => ("planned", "已计划"),
            RunState::Waiting => ("waiting", "等待中"),
            RunState::Dispatched => ("dispatched", "已下发"),
            RunState::Running => ("running", "运行中"),
            RunState::Succeeded => ("succeeded", "成功"),
            RunState::Failed => ("failed", "失败"),
            RunState::TimedOut => ("timed out", "超时"),
            RunState::Cancelled => ("cancelled", "已终止"),
            RunState::Lost => ("lost", "丢失"),
            RunState::Skipped => ("skipped", "已跳过"),
        };
        self.pick(en, zh)
    }

    /// The word of a node's state.
    pub(crate) fn node_state(&self, state: NodeState) -> &'static str {
        let (en, zh) = match state {
            NodeState::Online => ("online", "在线"),
            NodeState::Suspect => ("suspect", "可疑"),
            NodeState::Offline => ("offline", "离线"),
        };
        self.pick(en, zh)
    }

    /// How a run came to be.
    pub(crate) fn run_kind(&self, kind: RunKind) -> &'static str {
        match kind {
            RunKind::Scheduled => self.r.scheduled,
            RunKind::Manual => self.r.manual,
        }
    }

    /// The reason of a run's state as a sentence; empty when the state says it all.
    pub(crate) fn reason(&self, reason: Reason) -> &'static str {
        let (en, zh) = match reason {
            Reason::None => ("", ""),
            Reason::Overlap => (
                "As many runs of the job were still going as its overlap policy allows.",
                "未结束的运行已达到任务阻塞策略允许的数量。",
            ),
            Reason::Misfire => ("It came later than the misfire threshold allows.", "触发晚于错过策略允许的时限。"),
            Reason::QueueFull => ("The queue of waiting fires was full.", "等待队列已满。"),
            Reason::Stopped => ("The job was stopped before it could be sent.", "下发之前任务已被停止。"),
            Reason::NoNode => ("The executor had no node online.", "执行器没有在线节点。"),
            Reason::Refused => ("Every node refused it or could not be reached.", "所有节点都拒绝执行或无法连接。"),
            Reason::Reported => ("The executor reported the failure.", "执行器上报失败。"),
            Reason::Timeout => ("The job's timeout passed.", "超过任务设置的超时时间。"),
            Reason::ByUser => ("A user cancelled it.", "由用户终止。"),
            Reason::Replaced => ("A newer fire took its place.", "被新的触发取代。"),
            Reason::NodeOffline => {
                ("Its node went offline; nobody can tell how it ended.", "节点已离线，无法得知运行结果。")
            }
            Reason::NodeRestarted => {
                ("Its node was started anew and does not know the run.", "节点已重新启动，不再知道这次运行。")
            }
            Reason::CrashWhileSending => (
                "The scheduler died while sending it, and the job is delivered at most once.",
                "下发过程中调度器中断，而任务的投递保证为至多一次。",
            ),
            Reason::Silence => ("Nothing was heard of it for too long.", "长时间没有收到任何消息。"),
            Reason::NodeShutdown => {
                ("Its node went offline in good order and ended its runs.", "节点正常下线，并结束了它的运行。")
            }
            Reason::Deleted => ("The job was deleted.", "任务已被删除。"),
            Reason::MisfireMany => (
                "More occurrences were missed than are recorded one by one; this one stands for them.",
                "错过的触发过多，不再逐条记录，由此条代表。",
            ),
            Reason::MisfireLimit => (
                "More late occurrences than the job's limit allows were to be made up for; only the newest were.",
                "错过的触发超过任务的补执行上限，只补执行最近的若干次。",
            ),
            Reason::SameNodeOffline => (
                "The node of the attempt before, which alone may get it, is offline.",
                "只能由上一次尝试的节点执行，而该节点已离线。",
            ),
            Reason::Unstorable => ("The database refused what was to be written of it.", "数据库拒绝写入其内容。"),
            Reason::Superseded => (
                "The job was stopped, edited or deleted while its actor was dead or the database away; until then it was due.",
                "到期时任务的 Actor 不可用或数据库无法写入，其间任务被停止、修改或删除。",
            ),
            Reason::MisfireWindow => {
                ("It lies further back than the job's catch-up window.", "触发时间早于任务的补执行时间窗口。")
            }
        };
        self.pick(en, zh)
    }

    /// What somebody did; an action that this version does not know is shown as it was recorded.
    pub(crate) fn action<'a>(&self, action: &'a str) -> &'a str {
        let (en, zh) = match action {
            "create" => ("created", "新建"),
            "update" => ("edited", "编辑"),
            "delete" => ("deleted", "删除"),
            "start" => ("started", "启动"),
            "stop" => ("stopped", "停止"),
            "run_now" => ("ran now", "立即执行"),
            "cancel" => ("cancelled", "终止"),
            "clear" => ("cleared", "清理"),
            "login" => ("logged in", "登录"),
            "logout" => ("logged out", "退出登录"),
            "password" | "change_password" => ("changed the password", "修改密码"),
            "forget_node" => ("forgot a node", "移除节点"),
            "release" => ("released", "解除隔离"),
            "login_failed" => ("failed to log in", "登录失败"),
            "refused" => ("was refused", "被拒绝"),
            "rechain" => ("chained anew", "重建链"),
            "end_session" => ("ended a session", "退出会话"),
            other => return other,
        };
        self.pick(en, zh)
    }

    /// What is wrong with the chain of the operation log.
    pub(crate) fn chain_fault(&self, fault: Fault) -> String {
        match fault {
            Fault::Missing(place) => self.pick(format!("{fault}."), format!("第 {place} 条记录缺失。")),
            Fault::Changed(place) => self.pick(format!("{fault}."), format!("第 {place} 条记录被修改。")),
            Fault::Behind(place) => self.pick(format!("{fault}."), format!("链末为第 {place} 条，其后还有记录。")),
            Fault::Unplaced(count) => {
                self.pick(format!("{fault}."), format!("有 {count} 条记录不在链中：由外部写入，或由旧版本程序写入。"))
            }
            Fault::Stray(id) => self.pick(format!("{fault}."), format!("编号 {id} 的记录位置不属于链：由外部写入。")),
            Fault::Replaced(place) => self.pick(format!("{fault}."), format!("第 {place} 条记录与保留的哈希不符。")),
        }
    }

    /// The kind of object an action was about.
    pub(crate) fn object_kind<'a>(&self, kind: &'a str) -> &'a str {
        match kind {
            "job" => self.c.job,
            "executor" => self.c.executor,
            "run" => self.r.run,
            "user" => self.c.account,
            "token" => self.u.token,
            "address" => self.s.asked_for,
            "log" => self.s.operations_title,
            other => other,
        }
    }

    /// The kind of an actor.
    pub(crate) fn actor_kind(&self, kind: &'static str) -> &'static str {
        let (en, zh) = match kind {
            "registry" => ("registry", "注册中心"),
            "journal" => ("journal", "台账"),
            "shard" => ("shard", "分片"),
            "job" => ("job", "任务"),
            "node" => ("node", "节点"),
            "executor" => ("executor", "执行器"),
            other => (other, other),
        };
        self.pick(en, zh)
    }

    /// What a node's actor is there for: one of an executor asks it whether it lives, one of a shard sends to it.
    pub(crate) fn node_actor(&self, asks: bool) -> &'static str {
        if asks { self.pick("asks", "探活") } else { self.pick("sends", "下发") }
    }

    /// The state of an actor.
    pub(crate) fn actor_state(&self, state: &'static str) -> (&'static str, &'static str) {
        match state {
            "running" => ("ok", self.pick("running", "运行中")),
            "restarting" => ("warn", self.pick("restarting", "重启中")),
            "quarantined" => ("bad", self.pick("quarantined", "已隔离")),
            other => ("idle", other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;
    use hzm_job_scheduler::describe::Language;

    #[test]
    fn every_reason_but_none_is_a_sentence_in_both_languages() {
        for reason in Reason::ALL.into_iter().filter(|reason| *reason != Reason::None) {
            assert!(words(Language::En).reason(reason).ends_with('.'), "{reason:?}");
            assert!(words(Language::Zh).reason(reason).ends_with('。'), "{reason:?}");
        }
    }

    #[test]
    fn no_two_states_share_a_word() {
        for language in [Language::En, Language::Zh] {
            let mut seen: Vec<&str> = RunState::ALL.iter().map(|state| words(language).state(*state)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), RunState::ALL.len());
        }
    }
}
