//! What is tidied up once an hour: keys of repeated "run now" requests that nobody will repeat any more.
//!
//! Bounded: at most a hundred batches of a thousand keys an hour. A failure is logged and tried again an hour later.

use crate::state::App;
use actix_web::web;
use chrono::TimeDelta;
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);
/// The first time, so that a start is not slowed down by it.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// How long a key may be repeated.
pub const KEYS_KEPT: TimeDelta = TimeDelta::days(7);
/// Batches of one hour.
const MOST_BATCHES: usize = 100;

/// Tidies up until the admin stops.
pub(crate) async fn keep(app: web::Data<App>) {
    let mut closing = app.closing();
    let mut pause = FIRST_AFTER;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => tidy(&app).await,
            _ = closing.wait_for(|closing| *closing) => return,
        }
        pause = EVERY;
    }
}

async fn tidy(app: &App) {
    tell_end_of_log(app).await;
    match forget_keys(app).await {
        Ok(0) => {}
        Ok(gone) => slog::info!(app.log, "old request keys were forgotten"; "keys" => gone),
        Err(error) => {
            slog::warn!(app.log, "old request keys were not forgotten; tried again in an hour"; "error" => %error)
        }
    }
}

/// Tells where the operation log ends: whoever keeps the admin's own log elsewhere can find out by it whether the end was cut off.
async fn tell_end_of_log(app: &App) {
    match app.store.chain_end().await {
        Ok(end) => slog::info!(app.log, "the operation log ends here"; "place" => end.place, "hash" => end.hash),
        Err(error) => slog::warn!(app.log, "the end of the operation log could not be read"; "error" => %error),
    }
}

/// Forgets the keys that are older than [`KEYS_KEPT`] and answers how many went.
///
/// # Errors
/// What the database says.
pub async fn forget_keys(app: &App) -> Result<usize, hzm_job_store::StoreError> {
    let before = app.now() - KEYS_KEPT;
    let mut all = 0;
    for _ in 0..MOST_BATCHES {
        match app.store.run_request_forget(before).await? {
            0 => break,
            gone => all += gone,
        }
    }
    Ok(all)
}
