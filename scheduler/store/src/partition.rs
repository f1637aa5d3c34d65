//! Who owns which jobs: partitions with leases and epochs.
//!
//! A single admin takes all of them at start and raises the epoch. The journal checks the epoch in its transaction, so a
//! second admin on the same database ends the first one's writes instead of mixing with them.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::columns::{millis, moment, storable};
use crate::epoch;
use crate::error::StoreError;
use crate::schema::{id_block, partition_lease};
use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::partition::PARTITIONS;

/// Who holds the partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Under which epoch.
    pub epoch: i64,
    /// As it named itself; `None`: it gave them back in good order.
    pub name: Option<String>,
    /// The end of its lease.
    pub lease_until: DateTime<Utc>,
}

impl Store {
    /// Asks whether every partition is (still) held under `epoch`: what was written ahead may only be sent by who owns it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another scheduler owns a partition; otherwise what the database says.
    pub async fn partition_confirm(&self, epoch: i64) -> Result<(), StoreError> {
        run!(self, read, async |conn| {
            let leases = partition_lease::table.filter(partition_lease::id.lt(PARTITIONS));
            let epochs = (count_star(), min(partition_lease::epoch), max(partition_lease::epoch));
            epoch::check(leases.select(epochs).first(conn).await?, epoch)
        })
    }

    /// Who holds the partitions; `None`: nobody ever did.
    ///
    /// # Errors
    /// What the database says.
    pub async fn partition_owner(&self) -> Result<Option<Owner>, StoreError> {
        let row: Option<(i64, Option<String>, i64)> = run!(self, read, async |conn| {
            let columns = (partition_lease::epoch, partition_lease::owner, partition_lease::lease_until);
            let newest = partition_lease::table.select(columns).order(partition_lease::epoch.desc());
            Ok(newest.first(conn).await.optional()?)
        })?;
        Ok(row.map(|(epoch, name, until)| Owner { epoch, name, lease_until: moment(until) }))
    }

    /// Gives the partitions back, if they are still held under this epoch: whoever takes them next need not wonder.
    ///
    /// # Errors
    /// What the database says.
    pub async fn partition_release(&self, epoch: i64) -> Result<(), StoreError> {
        run!(self, write, async |conn| {
            let ours = partition_lease::table.filter(partition_lease::epoch.eq(epoch));
            diesel::update(ours).set(partition_lease::owner.eq(None::<&str>)).execute(conn).await?;
            Ok(())
        })
    }

    /// Takes every partition for `owner` under a new epoch and answers that epoch.
    ///
    /// # Errors
    /// What the database says.
    pub async fn partition_claim_all(&self, owner: String, lease_until: DateTime<Utc>) -> Result<i64, StoreError> {
        let owner = storable(owner);
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // Two who claim at once go one after the other: this row is the door. The leases themselves cannot be,
                // because there may be none yet.
                let door = id_block::table.find("run");
                diesel::update(door).set(id_block::next.eq(id_block::next)).execute(conn).await?;
                let last: Option<i64> = partition_lease::table.select(max(partition_lease::epoch)).first(conn).await?;
                let epoch = last.unwrap_or(0) + 1;
                let ours = (
                    partition_lease::owner.eq(Some(owner.as_str())),
                    partition_lease::epoch.eq(epoch),
                    partition_lease::lease_until.eq(millis(lease_until)),
                );
                let taken = diesel::update(partition_lease::table).set(ours).execute(conn).await?;
                if i64::try_from(taken) == Ok(PARTITIONS) {
                    return Ok::<i64, StoreError>(epoch);
                }
                diesel::delete(partition_lease::table).execute(conn).await?;
                for id in 0..PARTITIONS {
                    diesel::insert_into(partition_lease::table)
                        .values((
                            partition_lease::id.eq(id),
                            partition_lease::owner.eq(Some(owner.as_str())),
                            partition_lease::epoch.eq(epoch),
                            partition_lease::lease_until.eq(millis(lease_until)),
                        ))
                        .execute(conn)
                        .await?;
                }
                Ok(epoch)
            })
            .await
        })
    }
}
