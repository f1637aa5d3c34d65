//! Texts of errors that are more than one sentence. English, as the API speaks; pages have their own in both languages.

use crate::access::Permission;

/// What the API says to a role that does not hold a permission.
pub(super) fn not_permitted(needed: Permission) -> &'static str {
    match needed {
        Permission::View => "your role may not look at this",
        Permission::Operate => "your role may look, but not start, stop, run or cancel: that takes an operator",
        Permission::Edit => "your role may not create, change or delete jobs or clear runs: that takes an editor",
        Permission::Administer => "this takes an administrator",
        Permission::Govern => "users are managed by an administrator who is logged in, never with a token",
    }
}

/// What the API says while the database is away.
pub(super) fn away_text(brief: &str, for_s: Option<u64>) -> String {
    let since = for_s.map(|seconds| format!(" for {seconds} s")).unwrap_or_default();
    let what = if is_whole(brief) {
        format!("{brief}{since}")
    } else {
        format!("the database cannot be reached{since} ({brief})")
    };
    format!("{what}; it is tried again all the time, come again in a moment")
}

/// Whether the reason why a database is away says by itself that it is the database.
pub(crate) fn is_whole(brief: &str) -> bool {
    brief.starts_with("the database ")
}
