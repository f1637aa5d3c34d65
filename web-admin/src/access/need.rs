//! What an address takes, declared beside its handler.

use super::rights::Permission;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: strangers may call it.
    Nothing,
    /// To be logged in; it concerns nobody but the user. Open also to whoever has to change the password first.
    Own,
    /// The same, in person: what leads to the change of a password. No program gets there with a token.
    First,
    /// To be the user in person, whose password nobody else knows: sessions and tokens.
    Person,
    /// To be logged in; what is shown is only what is on the user's executors.
    Login,
    /// A permission on the object that the address names as `{id}`.
    On(Object, Permission),
    /// A permission; on what, the body says, and it is checked where that is loaded.
    Somewhere(Permission),
    /// A permission on all executors.
    Everywhere(Permission),
}

/// The kinds of object that addresses name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A job, deleted ones included.
    Job,
    /// A run.
    Run,
    /// An executor.
    Executor,
}

impl Object {
    /// What it is called in a refusal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Object::Job => "job",
            Object::Run => "run",
            Object::Executor => "executor",
        }
    }
}
