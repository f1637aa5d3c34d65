//! Roles, permissions, and the executors they hold on.

use hzm_job_scheduler::ExecutorId;
use std::collections::BTreeSet;

/// What may be done. Each permission includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Look.
    View,
    /// Start and stop jobs, run them now, cancel runs, release actors, forget nodes.
    Operate,
    /// Create, change and delete jobs, clear their runs.
    Edit,
    /// Executors and their secrets, the operation log.
    Administer,
    /// Users. No token holds this: one that leaked must not make itself users that outlive it.
    Govern,
}

/// What a user is there for. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Keeps things running.
    Operator,
    /// Defines jobs.
    Editor,
    /// May do everything, on every executor.
    Administrator,
}

impl Role {
    /// All roles, the one that may least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Editor, Role::Administrator];

    /// The word of the role in the API and the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Editor => "editor",
            Role::Administrator => hzm_job_store::account::ADMINISTRATOR,
        }
    }

    /// The role of a word; `None`: there is none, and nobody gets in under it.
    #[must_use]
    pub fn of(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the role holds a permission.
    #[must_use]
    pub fn holds(self, permission: Permission) -> bool {
        self.most() >= permission
    }

    /// The furthest permission of the role.
    #[must_use]
    pub fn most(self) -> Permission {
        match self {
            Role::Viewer => Permission::View,
            Role::Operator => Permission::Operate,
            Role::Editor => Permission::Edit,
            Role::Administrator => Permission::Govern,
        }
    }
}

/// The executors that a user may see and work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of them, those to come too.
    All,
    /// Those granted.
    Only(BTreeSet<ExecutorId>),
}

/// Why something may not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is on an executor that was not granted: to the user there is no such object.
    Unseen,
    /// The role does not hold this permission.
    NotPermitted(Permission),
    /// It concerns all executors, and only some were granted.
    NotOnAll,
}

/// What a user may do, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// What.
    pub role: Role,
    /// On what.
    pub reach: Reach,
    /// Whether it is the user itself who asks, and not a program with a token.
    pub in_person: bool,
}

impl Rights {
    /// The same rights, narrowed to what a token may do.
    #[must_use]
    pub fn narrowed(self, role: Role, executors: Option<BTreeSet<ExecutorId>>) -> Rights {
        let reach = match (self.reach, executors) {
            (reach, None) => reach,
            (Reach::All, Some(named)) => Reach::Only(named),
            (Reach::Only(granted), Some(named)) => Reach::Only(granted.intersection(&named).copied().collect()),
        };
        Rights { role: self.role.min(role), reach, in_person: false }
    }

    /// Whether an executor, and what belongs to it, exists for the user.
    #[must_use]
    pub fn sees(&self, executor: ExecutorId) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Only(granted) => granted.contains(&executor),
        }
    }

    /// Whether the user sees whatever there is.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        self.reach == Reach::All
    }

    /// The executors that lists are narrowed to; `None`: they need not be.
    #[must_use]
    pub fn within(&self) -> Option<Vec<ExecutorId>> {
        match &self.reach {
            Reach::All => None,
            Reach::Only(granted) => Some(granted.iter().copied().collect()),
        }
    }

    /// Whether the role holds a permission at all.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn hold(&self, permission: Permission) -> Result<(), Refusal> {
        let holds = self.role.holds(permission) && (self.in_person || permission < Permission::Govern);
        if holds { Ok(()) } else { Err(Refusal::NotPermitted(permission)) }
    }

    /// Whether the user may do this to an object of that executor.
    ///
    /// # Errors
    /// [`Refusal::Unseen`], [`Refusal::NotPermitted`].
    pub fn on(&self, executor: ExecutorId, permission: Permission) -> Result<(), Refusal> {
        if self.sees(executor) { self.hold(permission) } else { Err(Refusal::Unseen) }
    }

    /// Whether the user may do this to everything there is.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`], [`Refusal::NotOnAll`] for users of some executors.
    pub fn everywhere(&self, permission: Permission) -> Result<(), Refusal> {
        self.hold(permission)?;
        if self.sees_all() { Ok(()) } else { Err(Refusal::NotOnAll) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(executor: i64, role: Role) -> Rights {
        Rights { role, reach: Reach::Only(BTreeSet::from([ExecutorId(executor)])), in_person: true }
    }

    #[test]
    fn each_role_may_do_what_those_before_it_may() {
        let permissions = [Permission::View, Permission::Operate, Permission::Edit, Permission::Administer];
        for (held, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role.holds(Permission::Govern), role == Role::Administrator);
            for (place, permission) in permissions.into_iter().enumerate() {
                assert_eq!(role.holds(permission), place <= held, "{role:?} {permission:?}");
            }
            assert_eq!(Role::of(role.word()), Some(role));
        }
        for word in ["", "Administrator", "root", "admin"] {
            assert_eq!(Role::of(word), None, "{word:?}");
        }
    }

    #[test]
    fn what_was_not_granted_does_not_exist_whatever_the_role() {
        for role in Role::ALL {
            let rights = only(1, role);
            assert_eq!(rights.on(ExecutorId(2), Permission::Administer), Err(Refusal::Unseen), "{role:?}");
        }
        let looks = only(1, Role::Viewer).on(ExecutorId(1), Permission::Operate);
        assert_eq!(looks, Err(Refusal::NotPermitted(Permission::Operate)));
        assert_eq!(only(1, Role::Operator).on(ExecutorId(1), Permission::Operate), Ok(()));
    }

    #[test]
    fn what_concerns_everything_is_for_those_who_see_everything() {
        assert_eq!(only(1, Role::Editor).everywhere(Permission::View), Err(Refusal::NotOnAll));
        let all = Rights { role: Role::Viewer, reach: Reach::All, in_person: true };
        assert!(all.everywhere(Permission::View).is_ok() && all.everywhere(Permission::Operate).is_err());
        assert_eq!((all.within(), only(7, Role::Viewer).within()), (None, Some(vec![ExecutorId(7)])));
    }

    #[test]
    fn a_token_may_never_do_more_than_its_user_and_never_governs() {
        let all = Rights { role: Role::Administrator, reach: Reach::All, in_person: true };
        let named = || Some(BTreeSet::from([ExecutorId(1), ExecutorId(2)]));
        let token = all.clone().narrowed(Role::Editor, named());
        assert_eq!((token.role, token.within()), (Role::Editor, Some(vec![ExecutorId(1), ExecutorId(2)])));
        let token = only(1, Role::Viewer).narrowed(Role::Administrator, named());
        assert_eq!((token.role, token.within()), (Role::Viewer, Some(vec![ExecutorId(1)])));
        let token = all.clone().narrowed(Role::Administrator, None);
        assert_eq!(token.hold(Permission::Administer), Ok(()));
        assert_eq!(token.hold(Permission::Govern), Err(Refusal::NotPermitted(Permission::Govern)));
        assert_eq!(all.hold(Permission::Govern), Ok(()));
    }
}
