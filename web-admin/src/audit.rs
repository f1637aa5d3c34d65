//! Attempts that failed, in the operation log: logins, wrong tokens, and changes that somebody was not permitted to make; and what others than administrators see of the log.
//!
//! At most sixty a minute of strangers are recorded, and as many of users who are logged in, so that nobody can fill the database by
//! failing, and no stranger hides what a user tries; how many more there were is told by the next one. A name is recorded only where
//! there is such a user, or where a directory or provider vouched for it: people type passwords where names belong. A failure to record
//! is logged and fails nothing. Reasons are recorded in English; pages tell them in both languages, by the words they know.

use crate::access::{Permission, Rights};
use crate::edge::budget::Budget;
use crate::error::ApiError;
use crate::state::App;
use hzm_job_store::operation::{By, Operation};
use serde_json::json;

/// The longest address of a request that is recorded, in characters.
const LONGEST: usize = 200;
/// Who fails before it is known who it is.
pub(crate) const NOBODY: &str = "(not logged in)";

/// The fields of an executor that tell of its secret.
const OF_SECRETS: [&str; 2] = ["app_secret", "former_secret_until"];

/// Why a login by a wrong name or password failed.
pub(crate) const WRONG: &str = "wrong name or password";
/// Why one failed that was not even looked at.
pub(crate) const TOO_MANY: &str = "too many attempts before";
/// Why a token let nobody in.
pub(crate) const NO_TOKEN: &str = "unknown, ended or expired token";
/// Why somebody was not let in who had no way to go wrong: whoever should vouch could not be asked, or was not believed.
pub(crate) const AWAY: &str = "the directory or provider could not be asked";
pub(crate) const DISTRUSTED: &str = "the answer of the directory or provider was refused";
/// Why a login by a provider was not gone through to its end.
pub(crate) const GIVEN_UP: &str = "given up, or refused by the provider";
pub(crate) const NOT_BEGUN: &str = "not begun in this browser, or too long ago";

/// Records why a login failed; `whose` is the user's number and name, where there is such a user or somebody vouched for the name.
pub(crate) async fn login_failed(app: &App, (id, name): (i64, String), address: &str, why: &str) {
    record(app, &app.refusals, app.by(NOBODY, address), ("login_failed", "user", id, name), why).await;
}

/// Records a token that lets nobody in.
pub(crate) async fn token_refused(app: &App, address: &str) {
    let what = ("login_failed", "token", 0, String::new());
    record(app, &app.refusals, app.by(NOBODY, address), what, NO_TOKEN).await;
}

/// Records a change that its author was not permitted to make.
pub(crate) async fn refused(app: &App, by: By, method: &str, path: &str, refusal: &ApiError) {
    let what = format!("{method} {path}").chars().take(LONGEST).collect();
    record(app, &app.users_refusals, by, ("refused", "address", 0, what), refusal.code()).await;
}

async fn record(
    app: &App,
    budget: &Budget,
    by: By,
    (action, kind, id, name): (&'static str, &'static str, i64, String),
    why: &str,
) {
    let Some(left_out) = budget.take(by.at) else { return };
    let noted = match left_out {
        0 => json!({ "reason": why }),
        left_out => json!({ "reason": why, "left_out_before": left_out }),
    };
    if let Err(error) = app.store.operation_record(by, action, (kind, id, name), noted).await {
        slog::warn!(app.log, "a failed attempt was not recorded"; "action" => action, "error" => %error);
    }
}

/// What these rights show of entries that stand beside something else. Whoever may not read the operation log learns who did what, and
/// neither from where, nor the entry's place and hash, nor what became of executors' secrets.
pub(crate) fn shown_to(rights: &Rights, entries: Vec<Operation>) -> Vec<Operation> {
    if rights.everywhere(Permission::Administer).is_ok() {
        return entries;
    }
    entries
        .into_iter()
        .filter_map(without_secrets)
        .map(|entry| Operation { address: None, link: None, ..entry })
        .collect()
}

/// `None`: it was about a secret and nothing else.
fn without_secrets(mut entry: Operation) -> Option<Operation> {
    let had = entry.changes.len();
    if entry.object_kind == "executor" {
        entry.changes.retain(|change| !OF_SECRETS.contains(&change.field.as_str()));
    }
    (had == 0 || !entry.changes.is_empty()).then_some(entry)
}
