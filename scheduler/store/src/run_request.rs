//! The keys under which "run now" may be repeated: written by the ledger, forgotten when they are old.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::schema::run_request;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::{JobId, RunId};

/// Keys removed in one transaction: small enough that the journal waits a few milliseconds at most.
const BATCH: i64 = 1_000;

/// A key that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// The run that was made under it.
    pub run: RunId,
    /// The hash of what was asked for; `None`: the key is older than the keeping of hashes.
    pub asked: Option<String>,
}

impl Store {
    /// What was done under a key of "run now"; `None`: nothing, or it was forgotten since.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_request_get(&self, job: JobId, key: String) -> Result<Option<Requested>, StoreError> {
        let key = storable(key);
        let found: Option<(i64, Option<String>)> = run!(self, read, async |conn| {
            let used = run_request::table.find((job.0, &key)).select((run_request::run_id, run_request::asked));
            Ok(used.first(conn).await.optional()?)
        })?;
        Ok(found.map(|(run, asked)| Requested { run: RunId(run), asked }))
    }

    /// Forgets at most a thousand keys that were used before `before`, the oldest first, and answers how many went; call
    /// again until it answers 0. Whoever repeats such a request later gets a second run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_request_forget(&self, before: DateTime<Utc>) -> Result<usize, StoreError> {
        let before = millis(before);
        // Looked for by a reader: the journal must not wait while the table is walked through.
        let old: Vec<(i64, String)> = run!(self, read, async |conn| {
            let old = run_request::table.filter(run_request::created_at.lt(before)).order(run_request::created_at);
            Ok(old.select((run_request::job_id, run_request::request_key)).limit(BATCH).load(conn).await?)
        })?;
        if old.is_empty() {
            return Ok(0);
        }
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let mut gone = 0;
                for (job, key) in &old {
                    gone += diesel::delete(run_request::table.find((job, key))).execute(conn).await?;
                }
                Ok::<usize, StoreError>(gone)
            })
            .await
        })
    }
}
