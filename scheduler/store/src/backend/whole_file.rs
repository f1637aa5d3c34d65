//! The end of an orderly stop on SQLite: what stands in the log beside the file (`-wal`) goes into the file.
//!
//! Until then a copy of the file alone lacks it, and may even be an empty database. A log that stays is no loss: the next
//! start reads it.

use super::{Pool, Store};
use crate::error::StoreError;
use diesel::QueryableByName;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;

/// Waits for readers as long as for any lock, then copies and cuts the log.
const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// What SQLite answers; two further columns count pages.
#[derive(QueryableByName)]
struct Emptied {
    /// Not 0: somebody still reads or writes.
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl Store {
    /// Whether the SQLite file holds everything by itself now. A server always does.
    ///
    /// # Errors
    /// [`StoreError::Away`] when the file is not the one that was opened, else what the database says; then the log is as it was.
    pub async fn file_complete(&self) -> Result<bool, StoreError> {
        let Pool::Sqlite { write, .. } = self.pool.clone() else { return Ok(true) };
        self.write(async move {
            let mut lease = write.get().await?;
            let emptied: Emptied = diesel::sql_query(EMPTY_LOG).get_result(&mut *lease).await?;
            Ok(emptied.busy == 0)
        })
        .await
    }
}
