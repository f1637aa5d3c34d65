//! Attempts that failed, in the operation log: logins, wrong tokens, and changes that somebody was not permitted to make.
//!
//! At most [`MOST`] a minute of strangers are recorded, and as many of users who are logged in, so that nobody can fill the database by
//! failing, and no stranger hides what a user tries; how many more there were is told by the next one. A name is recorded only where there is such a user: people type passwords where names belong. A failure to record is logged
//! and fails nothing.

use crate::auth::Operator;
use crate::error::ApiError;
use crate::state::App;
use chrono::{DateTime, Utc};
use hzm_job_store::operation::By;
use serde_json::json;
use std::sync::{Mutex, PoisonError};

/// Failed attempts recorded within a minute.
const MOST: u32 = 60;
/// A minute, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// The longest address of a request that is recorded, in characters.
const LONGEST: usize = 200;
/// Who fails before it is known who it is.
pub(crate) const NOBODY: &str = "(not logged in)";

/// How many attempts were recorded of late, and how many were not.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    since_ms: i64,
    recorded: u32,
    left_out: u64,
}

impl Budget {
    /// Whether an attempt is recorded, and how many were left out before it.
    pub(crate) fn take(&self, now: DateTime<Utc>) -> Option<u64> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = now.timestamp_millis();
        // A clock that was set back begins anew.
        if !(0..WINDOW_MS).contains(&(now_ms - spent.since_ms)) {
            (spent.since_ms, spent.recorded) = (now_ms, 0);
        }
        if spent.recorded >= MOST {
            spent.left_out += 1;
            return None;
        }
        spent.recorded += 1;
        Some(std::mem::take(&mut spent.left_out))
    }
}

/// Why a login failed, as it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// A wrong name or password.
    Wrong,
    /// Too many attempts before.
    TooMany,
}

/// Records a login that failed; `known` is the user's number and name, where there is such a user.
pub(crate) async fn login_failed(app: &App, known: Option<(i64, String)>, address: &str, why: Failed) {
    let why = match why {
        Failed::Wrong => "wrong name or password",
        Failed::TooMany => "too many attempts before",
    };
    let (id, name) = known.unwrap_or_default();
    record(app, &app.refusals, app.by(NOBODY, address), ("login_failed", "user", id, name), why).await;
}

/// Records a token that lets nobody in.
pub(crate) async fn token_refused(app: &App, address: &str) {
    let what = ("login_failed", "token", 0, String::new());
    record(app, &app.refusals, app.by(NOBODY, address), what, "unknown, ended or expired token").await;
}

/// Records a change that its author was not permitted to make.
pub(crate) async fn refused(app: &App, operator: &Operator, method: &str, path: &str, refusal: &ApiError) {
    let what = format!("{method} {path}").chars().take(LONGEST).collect();
    record(app, &app.users_refusals, operator.by(app), ("refused", "address", 0, what), refusal.code()).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_on_purpose_does_not_fill_the_log_and_what_is_left_out_is_counted() {
        let (budget, at) = (Budget::default(), |ms| DateTime::from_timestamp_millis(1_000_000 + ms).unwrap());
        let recorded = (0..1_000).filter(|_| budget.take(at(0)).is_some()).count();
        assert_eq!(recorded, MOST as usize);
        assert_eq!(budget.take(at(WINDOW_MS)), Some(1_000 - u64::from(MOST)));
        assert_eq!(budget.take(at(WINDOW_MS)), Some(0));
        assert_eq!(budget.take(at(-5_000)), Some(0), "a clock that was set back");
    }
}
