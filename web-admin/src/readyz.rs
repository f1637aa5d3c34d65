//! `/readyz`: whether the admin can do its work now, and if not, why and since when.
//!
//! It asks the database itself, which answers within two seconds or counts as away, and the journal, so that whoever watches
//! the admin gets an answer in any case.

use crate::error::{ProblemDetails, is_whole};
use crate::state::App;
use crate::waiting::unavailable;
use actix_web::{HttpResponse, web};
use chrono::{SecondsFormat, TimeDelta};
use std::time::Duration;

/// When to ask again, in seconds.
const RETRY_AFTER_S: i64 = 2;

/// What keeps the admin from its work.
struct Hindrance {
    /// In words for strangers: this page is open to everybody, so it names no host, database or user.
    reason: String,
    /// For how long, where that is known better than from when somebody first asked.
    lasts: Option<Duration>,
}

/// Answers 200, or 503 with the reason.
pub(crate) async fn ready(app: web::Data<App>) -> HttpResponse {
    let found = look(&app).await;
    let (now, noted) = (app.now(), app.readiness.noted(found.is_ok(), app.now()));
    let Err(Hindrance { reason, lasts }) = found else {
        return HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n");
    };
    let began = lasts.and_then(|lasts| now.checked_sub_signed(TimeDelta::from_std(lasts).ok()?));
    let since = began.map_or(noted, |began| began.min(noted)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let detail = format!("{reason}; since {since}. It is tried again all the time; the log tells more");
    unavailable(&ProblemDetails::unavailable(detail), RETRY_AFTER_S)
}

async fn look(app: &App) -> Result<(), Hindrance> {
    let plain = |reason: String| Hindrance { reason, lasts: None };
    if let Some(reason) = app.scheduler.fatal().borrow().as_ref() {
        return Err(plain(format!("the scheduler cannot go on: {reason}")));
    }
    app.store.ping().await.map_err(|error| match error.away() {
        Some((brief, lasts)) if is_whole(brief) => Hindrance { reason: brief.to_owned(), lasts },
        Some((brief, lasts)) => Hindrance { reason: format!("the database cannot be reached: {brief}"), lasts },
        None => plain("the database refuses to answer".to_owned()),
    })?;
    let lasts = app.scheduler.not_writing_for();
    app.scheduler
        .is_writing()
        .map_err(|reason| Hindrance { reason: format!("the ledger is not written: {reason}"), lasts })
}
