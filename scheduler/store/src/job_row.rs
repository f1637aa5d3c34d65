//! A job's row, and the job it stands for.

use crate::columns::{millis, moment};
use crate::error::{StoreError, problems_text};
use crate::operation::{By, Object, OperationRow};
use crate::schema::job;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::{Job, JobDraft};
use hzm_job_scheduler::partition::partition_of;
use serde_json::Value;

/// A job with the dates that only pages care for.
#[derive(Debug, Clone)]
pub struct StoredJob {
    /// The job.
    pub job: Job,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job)]
pub(crate) struct JobRow {
    pub(crate) id: i64,
    pub(crate) executor_id: i64,
    pub(crate) partition_id: i64,
    pub(crate) name: String,
    pub(crate) handler: String,
    pub(crate) owner: String,
    pub(crate) spec: String,
    pub(crate) enabled: bool,
    pub(crate) anchor_at: i64,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted_at: Option<i64>,
}

impl StoredJob {
    /// The definition as JSON, as the operation log compares it; whether it is started is part of that.
    pub(crate) fn json(&self) -> Value {
        let mut json = serde_json::to_value(self.job.spec.draft()).unwrap_or(Value::Null);
        if let Value::Object(fields) = &mut json {
            fields.insert("enabled".into(), self.job.enabled.into());
        }
        json
    }

    pub(crate) fn note(&self, log_id: i64, by: &By, action: &str, before: &Value, after: &Value) -> OperationRow {
        let object = Object { kind: "job", id: self.job.id.0, name: &self.job.spec.draft().name };
        OperationRow::of(log_id, by, action, &object, before, after)
    }

    pub(crate) fn row(&self) -> Result<JobRow, StoreError> {
        let (job, draft) = (&self.job, self.job.spec.draft());
        let spec = spec_text(job)?;
        Ok(JobRow {
            id: job.id.0,
            executor_id: draft.executor.0,
            partition_id: partition_of(job.id),
            name: draft.name.clone(),
            handler: job.spec.handler().to_owned(),
            owner: draft.owner.clone(),
            spec,
            enabled: job.enabled,
            anchor_at: millis(job.anchor),
            version: job.version,
            created_at: millis(self.created_at),
            updated_at: millis(self.updated_at),
            deleted_at: None,
        })
    }
}

impl JobRow {
    /// About how many bytes it takes in a statement.
    pub(crate) fn bytes(&self) -> usize {
        256 + self.name.len() + self.handler.len() + self.owner.len() + self.spec.len()
    }

    pub(crate) const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The job of this row; a definition that no longer passes the checks (a zone that was dropped) is an error that
    /// names the job, so that it can be shown and mended.
    pub(crate) fn stored(self) -> Result<StoredJob, StoreError> {
        let job = job_of(self.id, &self.spec, self.enabled, self.anchor_at, self.version)?;
        Ok(StoredJob { job, created_at: moment(self.created_at), updated_at: moment(self.updated_at) })
    }
}

/// A job's definition as it is stored.
pub(crate) fn spec_text(job: &Job) -> Result<String, StoreError> {
    let corrupt =
        |error: serde_json::Error| StoreError::Corrupt { table: "job", id: job.id.0, reason: error.to_string() };
    serde_json::to_string(job.spec.draft()).map_err(corrupt)
}

/// The job of stored parts, checked as [`JobRow::stored`] says.
pub(crate) fn job_of(id: i64, spec: &str, enabled: bool, anchor_at: i64, version: i64) -> Result<Job, StoreError> {
    let corrupt = |reason| StoreError::Corrupt { table: "job", id, reason };
    let draft: JobDraft = serde_json::from_str(spec).map_err(|error| corrupt(error.to_string()))?;
    let spec = draft.check().map_err(|problems| corrupt(problems_text(&problems)))?;
    Ok(Job { id: JobId(id), spec, enabled, anchor: moment(anchor_at), version })
}
