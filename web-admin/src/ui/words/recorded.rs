//! What was written down in English, told in the reader's language: the operation log's names of fields and values, and why a node is not
//! called.
//!
//! The ledger keeps one language, because its chain is over what is written and programs read it. What is not known here (a name, a
//! text of an executor, a word of a newer version) is shown as it stands.

use super::Words;
use crate::access::Role;
use crate::audit;
use crate::auth::Unwanted;
use crate::first_user::COMMAND_LINE;
use hzm_job_actors::{NO_NODE, OTHER_SECRET};
use hzm_job_scheduler::describe::Language;

impl Words {
    /// Who did something, as it was recorded.
    pub(crate) fn author<'a>(&self, user: &'a str) -> &'a str {
        match user {
            audit::NOBODY => self.s.nobody,
            COMMAND_LINE => self.s.command_line,
            other => other,
        }
    }

    /// The name of a field that a change touched; `None`: as the API names it. English readers have that one, which is English.
    pub(crate) fn field(&self, field: &str) -> Option<&'static str> {
        if self.language == Language::En {
            return None;
        }
        let (e, u) = (&self.e, &self.u);
        Some(match field {
            "name" => self.jf.name,
            "app_key" => e.app_key,
            "app_secret" => e.secret,
            "registration" => e.registration,
            "addresses" => e.addresses,
            "former_secret_until" => e.former_until,
            "role" => u.role,
            "executors" => u.executors,
            "disabled" => u.disable,
            "expires_at" => u.expires,
            "password" => self.s.login_password,
            "origin" => "认证来源",
            "reason" => "原因",
            "left_out_before" => "此前未记录的次数",
            "enabled" => "已启动",
            "node" => self.c.node,
            "job" => self.c.job,
            "rule" => "清理规则",
            "removed" => "已删除条数",
            other => return self.job_field(other),
        })
    }

    /// The same of a job's definition, in the words of its form.
    fn job_field(&self, field: &str) -> Option<&'static str> {
        let jf = &self.jf;
        Some(match field {
            "executor" => jf.executor,
            "handler" => jf.handler,
            "description" => jf.description,
            "owner" => jf.owner,
            "parameters" => jf.parameters,
            "schedule.kind" => jf.kind,
            "schedule.expression" => jf.expression,
            "schedule.zone" => jf.zone,
            "schedule.gap" => jf.gap,
            "schedule.repeat" => jf.repeat,
            "misfire" => jf.misfire,
            "misfire_limit" => jf.misfire_limit,
            "misfire_window_ms" => jf.misfire_window,
            "overlap" => jf.overlap,
            "overlap_limit" => jf.overlap_limit,
            "routing" => jf.routing,
            "timeout_ms" => jf.timeout,
            "delivery" => jf.delivery,
            "retry.retries" => jf.retries,
            "retry.interval_ms" => jf.interval,
            "retry.factor" => jf.factor,
            "retry.max_interval_ms" => jf.max_interval,
            "retry.jitter" => jf.jitter,
            "retry.on" => jf.retry_on,
            "retry.node" => jf.retry_node,
            _ => return None,
        })
    }

    /// The value of a field that a change touched; `None`: as it was recorded.
    pub(crate) fn value(&self, field: &str, value: &str) -> Option<&'static str> {
        if self.language == Language::En {
            return None;
        }
        match (field, value) {
            ("reason", reason) => reason_zh(reason),
            ("role", role) => Role::of(role).map(|role| self.role(role).0),
            ("password", "changed") => Some("已修改"),
            ("registration", "automatic") => Some(self.e.automatic),
            ("registration", "manual") => Some(self.e.manual),
            ("origin", "local") => Some("本地密码"),
            ("origin", "ldap") => Some("认证目录（LDAP）"),
            ("origin", "oidc") => Some("身份提供方（OIDC）"),
            ("disabled" | "enabled", "true") => Some("是"),
            ("disabled" | "enabled", "false") => Some("否"),
            _ => None,
        }
    }

    /// Why a node is not called, or did not take a run.
    pub(crate) fn of_node(&self, said: &str) -> String {
        if self.language == Language::En {
            return said.to_owned();
        }
        said.replace(OTHER_SECRET, "该节点注册时使用的不是执行器的现有密钥，请以现有密钥重新启动节点")
            .replace(NO_NODE, "它已不是该执行器的节点")
            .replace("no connection: ", "无法连接：")
            .replace("the connection broke off", "连接中断")
            .replace("Timeout while waiting for response", "未在规定时间内应答")
            .replace("Timeout while establishing connection", "未能在规定时间内建立连接")
    }
}

/// Why something was refused, in Chinese; the words are those of [`audit`] and of errors.
fn reason_zh(reason: &str) -> Option<&'static str> {
    if let Some(why) = Unwanted::ALL.into_iter().find(|why| why.recorded() == reason) {
        return Some(match why {
            Unwanted::NoRights => "所属用户组在此没有任何权限",
            Unwanted::NameTaken => "此处已有同名用户",
            Unwanted::OddName => "用户名含有括号或不可见字符",
            Unwanted::Disabled => "该用户已被禁止登录",
        });
    }
    Some(match reason {
        audit::WRONG => "用户名或密码不正确",
        audit::TOO_MANY => "此前失败次数过多",
        audit::NO_TOKEN => "令牌不存在、已吊销或已过期",
        audit::AWAY => "无法连接认证目录或身份提供方",
        audit::DISTRUSTED => "认证目录或身份提供方的应答未被接受",
        audit::GIVEN_UP => "在身份提供方处放弃登录，或被其拒绝",
        audit::NOT_BEGUN => "登录不是由该浏览器发起，或发起已久",
        "not-permitted" => "权限不足",
        "not-found" => "对象不存在，或未获授权",
        "forbidden" => "不允许",
        "password-expired" => "须先修改密码",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    fn is_han(text: &str) -> bool {
        text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
    }

    #[test]
    fn every_reason_that_is_recorded_of_a_login_is_told_in_chinese_and_in_english_as_it_stands() {
        let reasons = [
            audit::WRONG,
            audit::TOO_MANY,
            audit::NO_TOKEN,
            audit::AWAY,
            audit::DISTRUSTED,
            audit::GIVEN_UP,
            audit::NOT_BEGUN,
        ];
        for reason in reasons.into_iter().chain(Unwanted::ALL.map(Unwanted::recorded)) {
            assert!(words(Language::Zh).value("reason", reason).is_some_and(is_han), "{reason}");
            assert_eq!(words(Language::En).value("reason", reason), None);
        }
    }

    #[test]
    fn what_somebody_typed_is_never_taken_for_a_word_of_ours() {
        let w = words(Language::Zh);
        assert_eq!((w.value("name", "viewer"), w.value("parameters", "changed"), w.field("x")), (None, None, None));
        assert_eq!((w.author("ann"), w.author("(command line)")), ("ann", "（命令行）"));
    }

    #[test]
    fn why_a_node_is_not_called_is_told_in_both_languages() {
        for why in [OTHER_SECRET, NO_NODE] {
            let said = format!("http://10.0.0.7:7777: {why}");
            assert_eq!(words(Language::En).of_node(&said), said);
            let told = words(Language::Zh).of_node(&said);
            assert!(
                told.starts_with("http://10.0.0.7:7777: ") && is_han(&told) && !told.contains("its executor"),
                "{told}"
            );
        }
        assert_eq!(words(Language::Zh).of_node("HTTP 401: Unauthorized"), "HTTP 401: Unauthorized");
    }
}
