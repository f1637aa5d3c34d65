//! Changes that people ask for: one function each, called by the API and the pages alike.
//!
//! Every change to a definition goes the same way: check the draft, write it with the operation log in one transaction,
//! then tell the actors. The order matters: the store is what is true, and an actor that was not told reloads it later.
//! No HTTP is spoken here.

pub mod actors;
pub mod executors;
pub mod job_batch;
pub mod jobs;
pub mod runs;
pub mod tokens;
pub mod users;

use crate::error::ApiError;
use hzm_job_actors::SchedulerError;
use std::time::Duration;

/// How often the actors are told of a change that is written already, before the caller hears that they are busy.
const TELL_TIMES: u32 = 5;
/// The pause between two attempts.
const TELL_PAUSE: Duration = Duration::from_millis(200);

/// Tells the actors of a change, more than once when a mailbox is full: the change is committed and should not wait.
async fn tell<F>(app: &crate::state::App, mut message: impl FnMut() -> F) -> Result<(), ApiError>
where
    F: Future<Output = Result<(), SchedulerError>>,
{
    for _ in 1..TELL_TIMES {
        match message().await {
            Err(SchedulerError::Busy) => tokio::time::sleep(TELL_PAUSE).await,
            Ok(()) => return Ok(()),
            Err(other) => return Err(not_told(app, &other)),
        }
    }
    message().await.map_err(|error| not_told(app, &error))
}

/// The change is saved and not in force yet; the caller must know both.
fn not_told(app: &crate::state::App, error: &SchedulerError) -> ApiError {
    slog::error!(app.log, "a change is saved but the scheduler could not be told"; "error" => %error);
    ApiError::SavedOnly
}
