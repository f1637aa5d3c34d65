//! What is wrong with a setting.

use thiserror::Error;

/// A setting that cannot be used. Never holds a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {advice}")]
pub struct SettingProblem {
    /// The key as it is written in the configuration (`startTls`), below whatever the caller keeps these settings under.
    pub key: &'static str,
    /// What is wrong and what to do.
    pub advice: String,
}

impl SettingProblem {
    /// A problem with this key.
    pub(crate) fn new(key: &'static str, advice: impl Into<String>) -> SettingProblem {
        SettingProblem { key, advice: advice.into() }
    }
}

/// The first of these checks that failed: the key, whether it is fine, and what to do.
pub(crate) fn first(
    checks: impl IntoIterator<Item = (&'static str, bool, &'static str)>,
) -> Result<(), SettingProblem> {
    let failed = checks.into_iter().find(|(_, is_fine, _)| !is_fine);
    failed.map_or(Ok(()), |(key, _, advice)| Err(SettingProblem::new(key, advice)))
}
