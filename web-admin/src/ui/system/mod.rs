//! Pages about the admin itself: overview, operation log, actors, search, account, login, failures.

pub(crate) mod account;
pub(crate) mod actors;
pub(crate) mod login;
pub(crate) mod not_found;
pub(crate) mod operations;
pub(crate) mod overview;
pub(crate) mod preferences;
pub(crate) mod provider;
pub(crate) mod search;
pub(crate) mod tokens;
pub(crate) mod trend;
