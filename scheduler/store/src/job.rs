//! Jobs: what users define. One row each; its definition is the JSON of a checked
//! [`JobDraft`](hzm_job_scheduler::job::JobDraft), because new policies then
//! need no migration, with the columns that lists filter by beside it.
//!
//! No fire ever touches a job's row: where a job stands is told by the ledger (see [`crate::standing`]).

use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::columns::millis;
use crate::debt::DebtRow;
use crate::error::StoreError;
use crate::job_import::{Created, NewJob};
use crate::job_row::JobRow;
use crate::operation::By;
use crate::outcome::Change;
use crate::schema::{executor, job, job_checkpoint, job_debt};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::job::{Job, JobSpec};
use hzm_job_scheduler::{ExecutorId, JobId};
use serde_json::Value;

pub use crate::job_row::StoredJob;

/// How often a deletion that met another change is tried.
const DELETE_TIMES: u32 = 5;

impl Store {
    /// Creates a job, stopped. `NotFound` when its executor does not exist.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_create(&self, spec: JobSpec, by: By) -> Result<Change<StoredJob>, StoreError> {
        let created = self.job_create_all(vec![NewJob { spec, enabled: false, key: None }], by).await?;
        Ok(match created.into_iter().next() {
            Some(Created::Made(made)) => Change::Done(*made),
            _ => Change::NotFound,
        })
    }

    /// Replaces a job's definition; `version` is the one the caller read. When the schedule changed, occurrences count
    /// from now on: what the old schedule would have fired is not made up for.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_update(
        &self,
        id: JobId,
        version: i64,
        spec: JobSpec,
        by: By,
    ) -> Result<Change<StoredJob>, StoreError> {
        let Some(before) = self.job_get(id).await? else { return Ok(Change::NotFound) };
        let same_times = before.job.spec.draft().schedule == spec.draft().schedule;
        let anchor = if same_times { before.job.anchor } else { by.at };
        let job = Job { spec, anchor, version: version + 1, ..before.job.clone() };
        self.job_replace(before, job, version, by, "update").await
    }

    /// Starts or stops a job. Starting moves the anchor: occurrences count strictly after this moment.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_enable(&self, id: JobId, enabled: bool, by: By) -> Result<Change<StoredJob>, StoreError> {
        let Some(before) = self.job_get(id).await? else { return Ok(Change::NotFound) };
        if before.job.enabled == enabled {
            return Ok(Change::Done(before));
        }
        let version = before.job.version;
        let anchor = if enabled { by.at } else { before.job.anchor };
        let job = Job { enabled, anchor, version: version + 1, ..before.job.clone() };
        self.job_replace(before, job, version, by, if enabled { "start" } else { "stop" }).await
    }

    /// Deletes a job and answers it as it was, stopped and with a version of its own. Its runs stay until they are cleared.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_delete(&self, id: JobId, by: By) -> Result<Change<StoredJob>, StoreError> {
        let mut seen = 0;
        for _ in 0..DELETE_TIMES {
            let Some(before) = self.job_get(id).await? else { return Ok(Change::NotFound) };
            seen = before.job.version;
            if self.job_delete_seen(&before, &by).await? {
                let job = Job { enabled: false, version: seen + 1, ..before.job };
                return Ok(Change::Done(StoredJob { job, updated_at: by.at, ..before }));
            }
        }
        Ok(Change::Stale { version: seen })
    }

    /// Deletes a job that is as it was seen; `false`: it is not any more.
    async fn job_delete_seen(&self, before: &StoredJob, by: &By) -> Result<bool, StoreError> {
        let (id, version, at) = (before.job.id.0, before.job.version, millis(by.at));
        let log_id = self.id_next("operation").await?;
        let note = before.note(log_id, by, "delete", &before.json(), &Value::Null);
        let (debt, vault) = (DebtRow::of(before, None, by.at)?, self.vault.clone());
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // A deletion changes what is in force like any other change.
                let gone = (
                    job::deleted_at.eq(Some(at)),
                    job::enabled.eq(false),
                    job::updated_at.eq(at),
                    job::version.eq(version + 1),
                );
                let seen = job::table.find(id).filter(job::version.eq(version)).filter(job::deleted_at.is_null());
                let deleted = diesel::update(seen).set(gone).execute(conn).await? == 1;
                if deleted {
                    if let Some(debt) = debt {
                        let floor = job_checkpoint::table.find(id).select(job_checkpoint::planned_until);
                        let debt = debt.above(floor.first(conn).await.optional()?);
                        diesel::insert_into(job_debt::table).values(&debt).execute(conn).await?;
                    }
                    conn.enter(&vault, vec![note]).await?;
                }
                Ok::<bool, StoreError>(deleted)
            })
            .await
        })
    }

    /// The executor of a job, also of a deleted one; `None`: there never was such a job.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_executor(&self, id: JobId) -> Result<Option<ExecutorId>, StoreError> {
        let found: Option<i64> = run!(self, read, async |conn| {
            Ok(job::table.find(id.0).select(job::executor_id).first(conn).await.optional()?)
        })?;
        Ok(found.map(ExecutorId))
    }

    /// One job; `None` when there is none or it was deleted.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Corrupt`] when its definition cannot be read by this version.
    pub async fn job_get(&self, id: JobId) -> Result<Option<StoredJob>, StoreError> {
        let row: Option<JobRow> = run!(self, read, async |conn| {
            let wanted = job::table.find(id.0).filter(job::deleted_at.is_null());
            Ok(wanted.select(JobRow::as_select()).first(conn).await.optional()?)
        })?;
        row.map(JobRow::stored).transpose()
    }

    async fn job_replace(
        &self,
        before: StoredJob,
        job: Job,
        version: i64,
        by: By,
        action: &'static str,
    ) -> Result<Change<StoredJob>, StoreError> {
        if before.job.version != version {
            return Ok(Change::Stale { version: before.job.version });
        }
        let log_id = self.id_next("operation").await?;
        let (debt, vault) = (DebtRow::of(&before, Some(&job), by.at)?, self.vault.clone());
        let after = StoredJob { job, created_at: before.created_at, updated_at: by.at };
        let (row, note) = (after.row()?, after.note(log_id, &by, action, &before.json(), &after.json()));
        let moved = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // Written as it is, which locks the row: it must not be deleted while the job is on its way.
                let owner = executor::table.find(row.executor_id).filter(executor::deleted_at.is_null());
                if diesel::update(owner).set(executor::version.eq(executor::version)).execute(conn).await? == 0 {
                    return Ok(None);
                }
                let seen = job::table.find(row.id).filter(job::version.eq(version)).filter(job::deleted_at.is_null());
                let set = (
                    job::executor_id.eq(row.executor_id),
                    job::name.eq(&row.name),
                    job::handler.eq(&row.handler),
                    job::owner.eq(&row.owner),
                    job::spec.eq(&row.spec),
                    job::enabled.eq(row.enabled),
                    job::anchor_at.eq(row.anchor_at),
                    job::version.eq(row.version),
                    job::updated_at.eq(row.updated_at),
                );
                let moved = diesel::update(seen).set(set).execute(conn).await?;
                if moved == 1 {
                    if let Some(debt) = debt {
                        let floor = job_checkpoint::table.find(row.id).select(job_checkpoint::planned_until);
                        let debt = debt.above(floor.first(conn).await.optional()?);
                        diesel::insert_into(job_debt::table).values(&debt).execute(conn).await?;
                    }
                    conn.enter(&vault, vec![note]).await?;
                }
                Ok::<_, StoreError>(Some(moved == 1))
            })
            .await
        })?;
        Ok(match moved {
            Some(true) => Change::Done(after),
            Some(false) => Change::Stale { version: version + 1 },
            None => Change::NotFound,
        })
    }
}
