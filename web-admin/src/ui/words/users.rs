//! Words of the pages about users, and of one's own sessions.

use super::{Words, catalogue};
use crate::access::Role;

catalogue! {
    /// Users, their roles and what was granted to them.
    UserWords {
        title: "Users", "用户";
        new: "New user", "新建用户";
        name: "User name", "用户名";
        role: "Role", "角色";
        executors: "Executors", "执行器";
        all: "all", "全部";
        may_log_in: "Log in", "登录";
        allowed: "allowed", "允许";
        disabled: "disabled", "已禁用";
        must_change: "has to change the password", "须修改密码";
        created: "Created", "创建时间";
        viewer: "Viewer", "只读";
        operator: "Operator", "运维";
        editor: "Editor", "编辑";
        administrator: "Administrator", "管理员";
        unknown_role: "unknown", "未知";
        viewer_hint: "Looks at jobs, runs and nodes.", "查看任务、运行记录和节点。";
        operator_hint: "Starts, stops and runs jobs too, cancels runs, releases what is quarantined.", "另可启动、停止、运行任务，终止运行，解除隔离。";
        editor_hint: "Creates, changes and deletes jobs too, and clears runs.", "另可新建、修改、删除任务，清理运行记录。";
        administrator_hint: "Everything, on every executor: executors, secrets, users, the operation log.", "拥有全部执行器的全部权限：执行器、密钥、用户、操作日志。";
        reach_all: "On all executors, those to come too", "全部执行器，包括今后新增的";
        reach_some: "Only on these", "仅限以下执行器";
        reach_hint: "What belongs to other executors does not exist for the user.", "其他执行器上的内容对该用户不可见。";
        no_executors: "There is no executor yet.", "还没有执行器。";
        disable: "May not log in", "禁止登录";
        sessions_end: "Saving ends the sessions of this user.", "保存后该用户的会话全部退出。";
        saved: "Saved. The user has to log in again.", "已保存，该用户须重新登录。";
        decided_elsewhere: "Its role and executors come with each login, by its groups, so they are not changed here; here it can be kept out.", "角色与执行器在每次登录时由用户组决定，不在此修改；此处仅可禁止登录。";
        new_password: "New password", "生成新密码";
        new_password_hint: "Generates a password, shows it once, and ends the user's sessions.", "生成一个仅显示一次的密码，并退出该用户的全部会话。";
        once_title: "Password", "密码";
        once_hint: "It is shown this once. Hand it over; it has to be changed at the first login.", "仅显示这一次。请转交给用户，首次登录时必须修改。";
        go_on: "To the users", "返回用户列表";
        delete_title: "Delete user", "删除用户";
        delete_keeps: "Its sessions end at once. What it did stays in the operation log under its name.", "其会话立即退出，其操作仍以该用户名保留在操作日志中。";
        delete_comes_back: "Its directory or provider still vouches for it: the next login makes it again, with what its groups may do. To keep it out, tick \"May not log in\" instead.", "其身份由认证目录或身份提供方认证：下次登录时会重新建立该用户，并按用户组授予权限。若要阻止登录，请改为勾选“禁止登录”。";
        deleted_note: "The user was deleted.", "用户已删除。";
        last_administrator: "This is the last administrator who can log in. Make another one first.", "这是最后一位可以登录的管理员，请先设置另一位管理员。";
        sessions: "Sessions", "会话";
        sessions_hint_elsewhere: "Where you are logged in. End those that you do not know, and change your password where it is kept.", "您已登录的位置。如有不认识的会话，请将其退出，并在保存密码的系统中修改密码。";
        sessions_hint: "Where you are logged in. End those that you do not know, and change your password.", "您已登录的位置。如有不认识的会话，请将其退出并修改密码。";
        from: "From", "来源地址";
        last_seen: "Last used", "最近使用";
        this_one: "this one", "当前会话";
        end: "End", "退出";
        tokens: "Tokens for programs", "程序令牌";
        tokens_hint: "With a token a program calls the API in your name. It may never do more than you, and never manages users, passwords or tokens.", "程序凭令牌以您的名义调用 API，权限不会超过您本人，且不能管理用户、密码和令牌。";
        token: "Token", "令牌";
        new_token: "New token", "新建令牌";
        token_for: "What it is for", "用途";
        token_role_hint: "What it may do at most.", "令牌的最大权限。";
        token_reach_all: "Wherever you may work", "您有权使用的全部执行器";
        token_days: "Holds for", "有效期";
        token_make: "Make the token", "生成令牌";
        token_once: "It is shown this once. Programs send it with each call:", "仅显示这一次，程序每次调用时携带：";
        to_account: "To the account", "返回账号";
        expires: "Ends", "到期时间";
        end_token: "End", "吊销";
        token_ended: "The token was ended.", "令牌已吊销。";
        ended: "The session was ended.", "会话已退出。";
    }
}

impl Words {
    /// So many days.
    pub(crate) fn days(&self, days: i64) -> String {
        self.pick(format!("{days} days"), format!("{days} 天"))
    }

    /// The name of a role and what it may do.
    pub(crate) fn role(&self, role: Role) -> (&'static str, &'static str) {
        let u = &self.u;
        match role {
            Role::Viewer => (u.viewer, u.viewer_hint),
            Role::Operator => (u.operator, u.operator_hint),
            Role::Editor => (u.editor, u.editor_hint),
            Role::Administrator => (u.administrator, u.administrator_hint),
        }
    }
}
