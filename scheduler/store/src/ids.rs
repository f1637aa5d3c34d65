//! Identifiers from blocks leased in the database: below 2^53 and the same on every database (no sequences, no
//! `AUTO_INCREMENT`, no `RETURNING`). A block that a crash leaves half used is a gap, never a second use.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::error::StoreError;
use crate::schema::id_block;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ids::LARGEST_ID;
use std::ops::Range;

impl Store {
    /// Takes the next `count` run ids (0 or less: none); they belong to the caller whatever happens next.
    ///
    /// # Errors
    /// [`StoreError::IdsExhausted`] beyond 2^53; otherwise what the database says.
    pub async fn run_id_block_lease(&self, count: i64) -> Result<Range<i64>, StoreError> {
        self.id_block_lease("run", count.max(0)).await
    }

    /// The next identifier of a sequence that grows slowly (jobs, executors, users, operations).
    pub(crate) async fn id_next(&self, name: &'static str) -> Result<i64, StoreError> {
        Ok(self.id_block_lease(name, 1).await?.start)
    }

    async fn id_block_lease(&self, name: &'static str, count: i64) -> Result<Range<i64>, StoreError> {
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let moved = id_block::next.eq(id_block::next + count);
                diesel::update(id_block::table.find(name)).set(moved).execute(conn).await?;
                let end: i64 = id_block::table.find(name).select(id_block::next).first(conn).await?;
                if end > LARGEST_ID { Err(StoreError::IdsExhausted { name }) } else { Ok(end - count..end) }
            })
            .await
        })
    }
}
