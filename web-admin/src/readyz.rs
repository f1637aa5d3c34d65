//! `/readyz`: whether the admin can do its work now, and if not, why and since when.
//!
//! It asks the database itself, which answers within two seconds or counts as away, and the journal, so that whoever watches
//! the admin gets an answer in any case.

use crate::error::{Failure, ProblemDetails};
use crate::state::App;
use crate::waiting::unavailable;
use actix_web::{HttpResponse, web};
use chrono::SecondsFormat;

/// When to ask again, in seconds.
const RETRY_AFTER_S: i64 = 2;

/// Answers 200, or 503 with the reason.
pub(crate) async fn ready(app: web::Data<App>) -> HttpResponse {
    let found = look(&app).await;
    let since = app.readiness.noted(found.is_ok(), app.now());
    match found {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Err(reason) => {
            let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
            let detail = format!("{reason}; noticed at {since}. It recovers by itself");
            unavailable(&ProblemDetails::unavailable(detail), RETRY_AFTER_S)
        }
    }
}

async fn look(app: &App) -> Result<(), String> {
    if let Some(reason) = app.scheduler.fatal().borrow().as_ref() {
        return Err(format!("the scheduler cannot go on: {reason}"));
    }
    let answered = app.store.ping().await;
    answered.map_err(|error| format!("the database does not answer: {}", Failure::of(&error).chain))?;
    app.scheduler.is_writing().map_err(|reason| format!("the ledger is not written: {reason}"))
}
