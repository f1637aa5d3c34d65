//! Why somebody is not let in, or may not do something, in sentences.

use super::Words;
use super::sentences::database_trouble_zh;
use crate::access::Permission;
use crate::auth::Unwanted;
use crate::change::tokens::NO_TOKENS;
use crate::error::ApiError;
use crate::ui::visit::FOREIGN_FORM;

impl Words {
    /// What a role may not do, and who may.
    pub(crate) fn not_permitted(&self, needed: Permission) -> &'static str {
        let (en, zh) = match needed {
            Permission::View => ("Your role may not look at this.", "您的角色无权查看。"),
            Permission::Operate => (
                "Your role may look, but not start, stop, run or cancel. That takes an operator: ask an administrator.",
                "您的角色只能查看，不能启动、停止、运行或终止任务，需要运维及以上角色，请联系管理员。",
            ),
            Permission::Edit => (
                "Your role may not create, change or delete jobs, nor clear runs. That takes an editor: ask an administrator.",
                "您的角色不能新建、修改、删除任务，也不能清理运行记录，需要编辑及以上角色，请联系管理员。",
            ),
            Permission::Administer | Permission::Govern => ("This takes an administrator.", "此操作需要管理员角色。"),
        };
        self.pick(en, zh)
    }

    /// Why something is not allowed to anybody who asks like this; a reason that no page is made for is told as programs are told it.
    pub(crate) fn forbidden(&self, reason: &str) -> String {
        match reason {
            FOREIGN_FORM => self.s.forbidden_hint.to_owned(),
            NO_TOKENS => self.s.tokens_elsewhere.to_owned(),
            other => self.pick(format!("The reason: {other}."), format!("原因：{other}。")),
        }
    }

    /// Why somebody is not let in for whom a directory or provider vouched.
    pub(crate) fn unwanted(&self, why: Unwanted) -> &'static str {
        match why {
            Unwanted::NoRights => self.s.login_no_rights,
            Unwanted::NameTaken => self.s.login_name_taken,
            Unwanted::OddName => self.s.login_odd_name,
            Unwanted::Disabled => self.s.login_disabled,
        }
    }

    /// The button that leads to a provider.
    pub(crate) fn login_with(&self, label: &str) -> String {
        self.pick(format!("Log in with {label}"), format!("使用 {label} 登录"))
    }

    /// Why nobody can log in, or change a password, right now.
    pub(crate) fn login_away(&self, error: &ApiError) -> String {
        let ApiError::DatabaseAway { brief, .. } = *error else { return self.s.login_away.to_owned() };
        let reason = self.pick(brief, database_trouble_zh(brief));
        self.pick(
            format!("This cannot be done while the database is away: {reason}. Try again in a moment."),
            format!("数据库暂时无法访问，无法执行此操作：{reason}。请稍后重试。"),
        )
    }
}
