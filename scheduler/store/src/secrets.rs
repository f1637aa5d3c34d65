//! Secrets that were written before this database had a key.

use crate::backend::{ImmediateTransaction, Pool, Store, run};
use crate::error::StoreError;
use crate::executor::owner_of;
use crate::schema::executor;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

impl Store {
    /// Where the store tells what happens to it.
    pub fn log(&self) -> &slog::Logger {
        &self.log
    }

    /// Encrypts them, while the database is being tied to its key and never afterwards.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn secrets_seal(&self) -> Result<(), StoreError> {
        let stored: Vec<(i64, Option<String>)> = run!(self, read, async |conn| {
            let with_secret = executor::table.filter(executor::app_secret.is_not_null());
            Ok(with_secret.select((executor::id, executor::app_secret)).load(conn).await?)
        })?;
        let mut sealed = Vec::new();
        for (id, secret) in stored.into_iter().filter_map(|(id, secret)| Some((id, secret?))) {
            if self.vault.is_plain(&secret) {
                sealed.push((id, self.vault.seal(&owner_of(id), &secret)?, secret));
            } else {
                // Encrypted with another key, it shows that the database is not to be tied to this one.
                self.vault.open(&owner_of(id), &secret)?;
            }
        }
        if sealed.is_empty() {
            return Ok(());
        }
        self.overwriting(true).await?;
        slog::info!(self.log, "secrets of executors are encrypted from now on"; "executors" => sealed.len());
        let written: Result<(), StoreError> = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                for (id, secret, plain) in &sealed {
                    // As it was read: whatever somebody set meanwhile stays.
                    let same = executor::table.find(id).filter(executor::app_secret.eq(plain));
                    diesel::update(same).set(executor::app_secret.eq(secret)).execute(conn).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await
        });
        // Also after a failure: the connection is used on, and overwriting costs every later change.
        self.overwriting(false).await?;
        written
    }

    /// On SQLite: whether what is replaced is overwritten in the file, rather than left there until its place is needed. At the end the
    /// log beside the file is emptied, which holds it as well. Servers keep such remains in ways of their own.
    async fn overwriting(&self, begins: bool) -> Result<(), StoreError> {
        let Pool::Sqlite { write, .. } = self.pool.clone() else { return Ok(()) };
        let sql = match begins {
            true => "PRAGMA secure_delete = ON;",
            false => "PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE);",
        };
        self.on_own_runtime(async move {
            let mut lease = write.get().await?;
            Ok(lease.batch_execute(sql).await?)
        })
        .await
    }
}
