//! Many jobs created at once, for whoever brings them from elsewhere: one transaction and one flush to the disk for all of them,
//! each judged on its own.
//!
//! An item may bear a key. Whoever did not hear the answer sends the same again and finds the jobs that were made the first time.

use crate::backend::{ImmediateTransaction, InsertJobs, Store, run};
use crate::chain::Enter;
use crate::error::StoreError;
use crate::job_row::{JobRow, StoredJob};
use crate::operation::{By, OperationRow};
use crate::schema::{executor, id_block, job_request};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ids::LARGEST_ID;
use hzm_job_scheduler::job::{Job, JobSpec};
use hzm_job_scheduler::{ExecutorId, JobId};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// The most jobs that are created in one transaction; it holds the locks that others wait for.
pub const MOST_AT_ONCE: usize = 500;

/// A job that is to be created.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What it does.
    pub spec: JobSpec,
    /// Whether it is started at once.
    pub enabled: bool,
    /// The key under which it may be asked for again, and a hash of what is asked for.
    pub key: Option<(String, String)>,
}

/// What became of an item.
#[derive(Debug, Clone)]
pub enum Created {
    /// It was made.
    Made(Box<StoredJob>),
    /// Its key made this one before.
    Existed(JobId),
    /// Its key stands for another definition, of this job.
    KeyReused(JobId),
    /// There is no such executor.
    NoExecutor(ExecutorId),
}

/// A row of `job_request`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_request)]
pub(crate) struct KeyRow {
    request_key: String,
    job_id: i64,
    asked: String,
}

/// What one transaction writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewRows {
    pub(crate) jobs: Vec<JobRow>,
    pub(crate) notes: Vec<OperationRow>,
    pub(crate) keys: Vec<KeyRow>,
}

/// What the transaction found before it wrote.
struct Found {
    executors: BTreeSet<i64>,
    keys: HashMap<String, (i64, String)>,
}

impl Store {
    /// Creates these jobs, at most [`MOST_AT_ONCE`], and answers each, in order.
    ///
    /// # Errors
    /// What the database says; then none was created.
    pub async fn job_create_all(&self, new: Vec<NewJob>, by: By) -> Result<Vec<Created>, StoreError> {
        match self.job_create_once(new.clone(), by.clone()).await {
            // Somebody else was first with one of the keys: its job is found now.
            Err(StoreError::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => {
                self.job_create_once(new, by).await
            }
            answer => answer,
        }
    }

    async fn job_create_once(&self, new: Vec<NewJob>, by: By) -> Result<Vec<Created>, StoreError> {
        let vault = self.vault.clone();
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let wanted: BTreeSet<i64> = new.iter().map(|item| item.spec.draft().executor.0).collect();
                let wanted: Vec<i64> = wanted.into_iter().collect();
                let there = executor::table.filter(executor::id.eq_any(&wanted)).filter(executor::deleted_at.is_null());
                // Written as they are, which locks the rows: none may be deleted while its jobs are on their way.
                diesel::update(there).set(executor::version.eq(executor::version)).execute(conn).await?;
                let there = executor::table.filter(executor::id.eq_any(&wanted)).filter(executor::deleted_at.is_null());
                let executors: Vec<i64> = there.select(executor::id).load(conn).await?;
                let keys: Vec<&String> = new.iter().filter_map(|item| Some(&item.key.as_ref()?.0)).collect();
                let mut known: Vec<KeyRow> = Vec::new();
                if !keys.is_empty() {
                    let rows = job_request::table.filter(job_request::request_key.eq_any(keys));
                    known = rows.select(KeyRow::as_select()).load(conn).await?;
                }
                let keys = known.into_iter().map(|row| (row.request_key, (row.job_id, row.asked))).collect();
                let (plan, many) = judge(&new, &Found { executors: executors.into_iter().collect(), keys });
                let mut firsts = Vec::with_capacity(2);
                for name in ["job", "operation"] {
                    let moved = id_block::next.eq(id_block::next + many);
                    diesel::update(id_block::table.find(name)).set(moved).execute(conn).await?;
                    let end: i64 = id_block::table.find(name).select(id_block::next).first(conn).await?;
                    if end > LARGEST_ID {
                        return Err(StoreError::IdsExhausted { name });
                    }
                    firsts.push(end - many);
                }
                let (answers, mut rows) = made(new, plan, &firsts, &by)?;
                let notes = std::mem::take(&mut rows.notes);
                conn.insert_jobs(rows).await?;
                conn.enter(&vault, notes).await?;
                Ok::<_, StoreError>(answers)
            })
            .await
        })
    }
}

/// What is to become of an item, before there are ids.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Make,
    Existed(i64),
    KeyReused(i64),
    /// The same as the item at this place of those that are made.
    SameAs(usize),
    Contradicts(usize),
    NoExecutor,
}

/// Decides item by item, and counts those that are made.
fn judge(new: &[NewJob], found: &Found) -> (Vec<Plan>, i64) {
    let (mut made, mut earlier) = (0_usize, HashMap::new());
    let plan = new.iter().map(|item| {
        if let Some((key, asked)) = &item.key {
            if let Some((job, known)) = found.keys.get(key) {
                return if known == asked { Plan::Existed(*job) } else { Plan::KeyReused(*job) };
            }
            if let Some((place, known)) = earlier.get(key) {
                return if *known == asked { Plan::SameAs(*place) } else { Plan::Contradicts(*place) };
            }
        }
        if !found.executors.contains(&item.spec.draft().executor.0) {
            return Plan::NoExecutor;
        }
        if let Some((key, asked)) = &item.key {
            earlier.insert(key, (made, asked));
        }
        made += 1;
        Plan::Make
    });
    let plan = plan.collect();
    (plan, i64::try_from(made).unwrap_or(i64::MAX))
}

/// The answers, and the rows behind them; ids are given out in the order of the items.
fn made(new: Vec<NewJob>, plan: Vec<Plan>, firsts: &[i64], by: &By) -> Result<(Vec<Created>, NewRows), StoreError> {
    let first = |index: usize| firsts.get(index).copied().unwrap_or_default();
    let job_at = |place: usize| JobId(first(0) + i64::try_from(place).unwrap_or_default());
    let (mut rows, mut answers) = (NewRows::default(), Vec::with_capacity(new.len()));
    for (item, plan) in new.into_iter().zip(plan) {
        answers.push(match plan {
            Plan::Make => {
                let place = rows.jobs.len();
                let job = Job { id: job_at(place), spec: item.spec, enabled: item.enabled, anchor: by.at, version: 1 };
                let made = StoredJob { job, created_at: by.at, updated_at: by.at };
                let note_id = first(1) + i64::try_from(place).unwrap_or_default();
                rows.notes.push(made.note(note_id, by, "create", &Value::Null, &made.json()));
                rows.jobs.push(made.row()?);
                let id = made.job.id.0;
                rows.keys.extend(item.key.map(|(request_key, asked)| KeyRow { request_key, job_id: id, asked }));
                Created::Made(Box::new(made))
            }
            Plan::Existed(job) => Created::Existed(JobId(job)),
            Plan::KeyReused(job) => Created::KeyReused(JobId(job)),
            Plan::SameAs(place) => Created::Existed(job_at(place)),
            Plan::Contradicts(place) => Created::KeyReused(job_at(place)),
            Plan::NoExecutor => Created::NoExecutor(item.spec.draft().executor),
        });
    }
    Ok((answers, rows))
}
