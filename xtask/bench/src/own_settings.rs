//! Settings of the admin that nobody else may give.

/// Settings of the admin that the benchmark needs as it gives them: by another port, user or database it would look for its
/// own admin in vain, and of HTTPS it knows nothing.
const OWN: [&str; 8] = ["listen", "port", "data", "user", "password", "database", "mysql", "tls"];
/// What below these is free all the same.
const FREE: [&str; 3] = ["database.poolSize", "database.connectWithinMs", "database.statementWithinMs"];

/// Why a setting may not be given, if it may not.
///
/// # Errors
/// With the key, and what may be given.
pub fn refuse_setting(key: &str) -> Result<(), String> {
    let below = |own: &&str| key.strip_prefix(*own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match OWN.into_iter().find(below) {
        Some(own) if !FREE.contains(&key) => Err(format!(
            "{key} cannot be set: the benchmark gives {own} itself; of these only {} may be set",
            FREE.join(", ")
        )),
        _ => Ok(()),
    }
}
