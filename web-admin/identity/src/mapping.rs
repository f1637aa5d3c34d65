//! From groups to a role and executors, by rules. Pure.
//!
//! All rules that match count: the highest role among them and the executors of all of them. So a user who may operate one
//! executor and look at all others gets *both* for all: whoever needs less gives fewer groups, not more rules.
//!
//! Groups of a directory are compared without regard to case, because directories do so; those of a provider letter by letter: there
//! somebody may be free to make `Admins` beside `admins`. A rule that names a group of a directory by its DN is safer than one by its
//! plain name, which a group elsewhere in the directory may have as well.

use crate::problem::SettingProblem;
use std::collections::BTreeSet;

/// The most rules of a mapping.
pub const MOST_RULES: usize = 1_000;

/// What a user is there for; the words are the admin's, each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Keeps things running.
    Operator,
    /// Defines jobs.
    Editor,
    /// May do everything.
    Administrator,
}

impl Role {
    /// All roles, the one that may least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Editor, Role::Administrator];

    /// The word of the role in the configuration, the API and the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Editor => "editor",
            Role::Administrator => "administrator",
        }
    }

    /// The role of a word; `None`: there is none, and nobody gets in under it.
    #[must_use]
    pub fn of(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// The executors that somebody may see and work on, by their app keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executors {
    /// All of them, those to come too.
    All,
    /// Those named.
    Only(BTreeSet<String>),
}

impl Executors {
    /// The executors of both.
    #[must_use]
    pub fn and(self, other: Executors) -> Executors {
        match (self, other) {
            (Executors::Only(mut these), Executors::Only(those)) => {
                these.extend(those);
                Executors::Only(these)
            }
            _ => Executors::All,
        }
    }
}

/// What somebody may do, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What.
    pub role: Role,
    /// On what.
    pub executors: Executors,
}

/// How two spellings of a group are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As directories do: without regard to case.
    AnyCase,
    /// Letter by letter.
    Exact,
}

impl Spelling {
    fn of(self, group: &str) -> String {
        match self {
            Spelling::AnyCase => group.trim().to_lowercase(),
            Spelling::Exact => group.trim().to_owned(),
        }
    }

    /// Whether the group of a rule is one of these.
    #[must_use]
    pub fn is_among(self, group: &str, groups: &[String]) -> bool {
        let wanted = self.of(group);
        groups.iter().any(|one| self.of(one) == wanted)
    }
}

/// What the members of one group may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The group: a plain name, or a DN as the directory writes it.
    pub group: String,
    /// What its members may do.
    pub role: Role,
    /// The app keys of the executors on which they may do it; `None`: all.
    pub executors: Option<BTreeSet<String>>,
}

/// The rules, and what those get whom no rule knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The rules.
    pub rules: Vec<Rule>,
    /// For users whom no rule knows; `None`: they may not log in.
    pub otherwise: Option<Grant>,
}

impl Mapping {
    /// What the members of these groups may do; `None`: they may not log in.
    #[must_use]
    pub fn grant(&self, groups: &[String], spelling: Spelling) -> Option<Grant> {
        let groups: BTreeSet<String> = groups.iter().map(|group| spelling.of(group)).collect();
        let matching = self.rules.iter().filter(|rule| groups.contains(&spelling.of(&rule.group)));
        matching.map(Rule::grant).reduce(Grant::and).or_else(|| self.otherwise.clone())
    }

    /// Whether the mapping can be used.
    ///
    /// # Errors
    /// The first problem; its key is `rules`, and its advice names the rule by its place, from 1.
    pub fn check(&self) -> Result<(), SettingProblem> {
        if self.rules.len() > MOST_RULES {
            return Err(SettingProblem::new("rules", format!("give at most {MOST_RULES} rules")));
        }
        let problems = self.rules.iter().map(Rule::problem).enumerate();
        let first = problems.into_iter().find_map(|(at, problem)| Some((at + 1, problem?)));
        first.map_or(Ok(()), |(at, problem)| Err(SettingProblem::new("rules", format!("rule {at}: {problem}"))))
    }
}

impl Rule {
    fn grant(&self) -> Grant {
        Grant { role: self.role, executors: self.executors.clone().map_or(Executors::All, Executors::Only) }
    }

    fn problem(&self) -> Option<&'static str> {
        if self.group.trim().is_empty() {
            return Some("name the group");
        }
        let keys = self.executors.as_ref()?;
        if keys.is_empty() {
            return Some("it names no executor; name some, or leave the list out for all of them");
        }
        keys.iter().any(|key| key.trim().is_empty()).then_some("it names an executor without an app key")
    }
}

impl Grant {
    /// The higher role of both, on the executors of both.
    fn and(self, other: Grant) -> Grant {
        Grant { role: self.role.max(other.role), executors: self.executors.and(other.executors) }
    }
}

#[cfg(test)]
mod tests;
