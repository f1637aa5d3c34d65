//! Notes of runs that nodes took, kept beside their rows.
//!
//! When thousands of runs are under way at once, saying "running" in each of their rows costs as much as ending them, and most end
//! a moment later. But a node that would execute a repeated trigger again must not get one after a crash. So many are named in one
//! note: written in one insert, dropped when the last of their rows says it (or more), and read by whoever takes the ledger over.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::checkpoint::AT_ONCE;
use crate::epoch;
use crate::error::StoreError;
use crate::schema::{partition_lease, run, run_taken};
use crate::taken_text::{Taken, read};
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::partition::PARTITIONS;
use hzm_job_scheduler::run::RunState;
use std::collections::BTreeMap;

impl Store {
    /// What the notes name that there are, in the order of the runs: what the next one to take the ledger over would find.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a note that nobody wrote so; otherwise what the database says.
    pub async fn taken_noted(&self) -> Result<Vec<RunId>, StoreError> {
        let notes: Vec<(i64, String)> = run!(self, read, async |conn| { Ok(run_taken::table.load(conn).await?) })?;
        let mut runs = Vec::new();
        for note in notes {
            runs.extend(read(note)?.into_iter().map(|(run, ..)| RunId(run)));
        }
        runs.sort_unstable();
        Ok(runs)
    }

    /// Says in their rows what an earlier writer noted of runs that nodes took, and drops the notes. Answers how many rows did not
    /// say it. Only for whoever has just taken the partitions under `epoch`: nobody else adds notes any more.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another scheduler owns a partition by now; [`StoreError::Corrupt`] for a note that nobody wrote so;
    /// otherwise what the database says. Then nothing was changed.
    pub async fn taken_settle(&self, epoch: i64) -> Result<usize, StoreError> {
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let leases = partition_lease::table.filter(partition_lease::id.lt(PARTITIONS));
                let epochs = (count_star(), min(partition_lease::epoch), max(partition_lease::epoch));
                epoch::check(leases.select(epochs).first(conn).await?, epoch)?;
                let notes: Vec<(i64, String)> = run_taken::table.order(run_taken::id).load(conn).await?;
                let mut taken: BTreeMap<i64, Taken> = BTreeMap::new();
                for note in notes {
                    taken.extend(read(note)?.into_iter().map(|one| (one.0, one)));
                }
                let ids: Vec<i64> = taken.keys().copied().collect();
                let unsaid = [RunState::Planned.code(), RunState::Dispatched.code()];
                let mut settled = 0;
                for ids in ids.chunks(AT_ONCE) {
                    let rows = run::table.filter(run::id.eq_any(ids)).filter(run::state.eq_any(unsaid));
                    let rows: Vec<i64> = rows.select(run::id).load(conn).await?;
                    for (id, sent, accepted) in rows.iter().filter_map(|id| taken.get(id)) {
                        let says = (
                            run::state.eq(RunState::Running.code()),
                            run::sent_at.eq(Some(*sent)),
                            run::accepted_at.eq(Some(*accepted)),
                        );
                        settled += diesel::update(run::table.find(*id)).set(says).execute(conn).await?;
                    }
                }
                diesel::delete(run_taken::table).execute(conn).await?;
                Ok::<usize, StoreError>(settled)
            })
            .await
        })
    }
}
