//! `rechain-log`: takes the operation log as it is and signs it anew.
//!
//! For whoever has looked into a log that is broken, or a database that is tied to no key any more. It never happens by itself: what was
//! done to the log before can be found by nobody afterwards, so it stands in the log itself, with the fault and the end that were found.

use crate::config::AdminConfig;
use crate::data_folder::DataFolder;
use crate::first_user::{COMMAND_LINE, existing};
use crate::startup_error::StartupError;
use chrono::{DateTime, Utc};
use hzm_job_store::Store;
use hzm_job_store::chain::Verified;
use hzm_job_store::operation::By;
use serde_json::json;

/// Opens the database while no admin works on it, and signs its log anew. Answers what the log looked like before.
///
/// # Errors
/// An admin that runs, a database that cannot be opened, or the key of another database.
pub async fn rechain(config: &AdminConfig, now: DateTime<Utc>, log: &slog::Logger) -> Result<Verified, StartupError> {
    let (store, key) = existing(config, log)?;
    let _alone = DataFolder::take(&config.data)?;
    key.compare(&store).await?;
    let before = store.operations_verify(None).await?;
    key.settle_anew(&store).await?;
    tell(&store, &before, now, log).await?;
    Ok(before)
}

/// Tells of it in the log of the admin and in the operation log.
async fn tell(store: &Store, before: &Verified, now: DateTime<Utc>, log: &slog::Logger) -> Result<(), StartupError> {
    let fault = before.fault.map(|fault| fault.to_string());
    let (place, hash) = (before.end.place, before.end.hash.as_str());
    slog::warn!(log, "the operation log was signed anew as it was: what was done to it before cannot be found any more";
        "place_before" => place, "hash_before" => hash, "fault_before" => fault.as_deref().unwrap_or("none"));
    let by = By { user: COMMAND_LINE.to_owned(), at: now, address: String::new(), account: None };
    let noted = json!({ "place_before": place, "hash_before": hash, "fault_before": fault });
    Ok(store.operation_record(by, "rechain", ("log", 0, String::new()), noted).await?)
}
