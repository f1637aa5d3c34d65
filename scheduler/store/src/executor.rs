//! Executors: groups of nodes under one app key.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::columns::{millis, moment, registration, registration_word};
use crate::error::{StoreError, problems_text};
use crate::node::{NodeRow, SecretAge};
use crate::operation::{By, Object, OperationRow};
use crate::outcome::Change;
use crate::schema::{executor, executor_former_secret, job, node, user_grant};
use crate::vault::Vault;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::{ExecutorDraft, ExecutorSpec, Registration};
use hzm_job_scheduler::liveness::NodeState;
use serde_json::Value;
use std::fmt;

/// An executor as it is stored.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Its id.
    pub id: ExecutorId,
    /// Its checked definition; `addresses` holds what was entered by hand.
    pub spec: ExecutorSpec,
    /// Raised by every change; a writer names the version it read.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The secret it had before, while that is good yet.
    pub former: Option<FormerSecret>,
}

/// A secret that was replaced, and until when it is good.
#[derive(Clone, PartialEq, Eq)]
pub struct FormerSecret {
    /// The secret.
    pub secret: String,
    /// Until then.
    pub until: DateTime<Utc>,
}

// By hand, because it holds a secret.
impl fmt::Debug for FormerSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FormerSecret").field("until", &self.until).finish_non_exhaustive()
    }
}

/// A row of `executor_former_secret`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = executor_former_secret)]
struct FormerRow {
    executor_id: i64,
    secret: String,
    until_at: i64,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = executor)]
pub(crate) struct ExecutorRow {
    id: i64,
    name: String,
    app_key: String,
    app_secret: Option<String>,
    registration: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl Store {
    /// Creates an executor; `Taken` when another one has its app key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn executor_create(&self, spec: ExecutorSpec, by: By) -> Result<Change<Executor>, StoreError> {
        let id = ExecutorId(self.id_next("executor").await?);
        let made = Executor { id, version: 1, created_at: by.at, updated_at: by.at, spec, former: None };
        let (log_id, nodes) = (self.id_next("operation").await?, self.manual_nodes(&made, by.at).await?);
        let (row, note) = (made.row(&self.vault)?, made.note(log_id, &by, "create", &Value::Null, &made.json()));
        let vault = self.vault.clone();
        let written: Result<(), StoreError> = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                diesel::insert_into(executor::table).values(&row).execute(conn).await?;
                for node in &nodes {
                    diesel::insert_into(node::table).values(node).execute(conn).await?;
                }
                conn.enter(&vault, vec![note]).await?;
                Ok(())
            })
            .await
        });
        taken_or(written, || Change::Done(made))
    }

    /// Replaces an executor's definition. `version` is the one the caller read.
    ///
    /// Nodes entered by hand are brought in line with the new addresses; nodes that registered themselves stay unless the
    /// executor becomes a manual one. A secret that is replaced stays good until `former_until`, for all its nodes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn executor_update(
        &self,
        (id, version): (ExecutorId, i64),
        spec: ExecutorSpec,
        former_until: Option<DateTime<Utc>>,
        by: By,
    ) -> Result<Change<Executor>, StoreError> {
        let Some(before) = self.executor_get(id).await? else { return Ok(Change::NotFound) };
        if before.version != version {
            return Ok(Change::Stale { version: before.version });
        }
        let replaced_secret = before.spec.draft().app_secret != spec.draft().app_secret;
        let former = if replaced_secret { before.retired(former_until) } else { before.former.clone() };
        let after = Executor { spec, version: version + 1, updated_at: by.at, former, ..before.clone() };
        let former_row = after.former_row(&self.vault)?;
        let (log_id, nodes) = (self.id_next("operation").await?, self.manual_nodes(&after, by.at).await?);
        let (row, note) = (after.row(&self.vault)?, after.note(log_id, &by, "update", &before.json(), &after.json()));
        let vault = self.vault.clone();
        let replaced: Vec<String> = before.spec.draft().addresses.clone();
        // Nodes are tried in the order of their numbers, so another order means new numbers.
        let reordered = is_reordered(&replaced, &after.spec.draft().addresses);
        let manual = after.spec.draft().registration == Registration::Manual;
        let moved: Result<bool, StoreError> = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let there = executor::table.find(id.0).filter(executor::deleted_at.is_null());
                let seen = there.filter(executor::version.eq(version));
                let set = (
                    executor::name.eq(&row.name),
                    executor::app_key.eq(&row.app_key),
                    executor::app_secret.eq(&row.app_secret),
                    executor::registration.eq(&row.registration),
                    executor::version.eq(row.version),
                    executor::updated_at.eq(row.updated_at),
                );
                if diesel::update(seen).set(set).execute(conn).await? == 0 {
                    return Ok(false);
                }
                let mine = node::table.filter(node::executor_id.eq(id.0));
                let kept: Vec<&String> = nodes.iter().map(|node| &node.address).collect();
                if manual {
                    diesel::delete(mine.filter(node::address.ne_all(kept))).execute(conn).await?;
                } else {
                    diesel::delete(mine.filter(node::registration.eq("manual"))).execute(conn).await?;
                }
                for node in &nodes {
                    let there = mine.filter(node::address.eq(&node.address));
                    if replaced.contains(&node.address) {
                        if reordered {
                            diesel::update(there).set(node::id.eq(node.id)).execute(conn).await?;
                        }
                        continue;
                    }
                    diesel::delete(there).execute(conn).await?;
                    diesel::insert_into(node::table).values(node).execute(conn).await?;
                }
                if replaced_secret {
                    let known = executor_former_secret::table.find(id.0);
                    diesel::delete(known).execute(conn).await?;
                    // Until they call in with the new one, all its nodes go by the one they had.
                    let aged = mine.filter(node::secret_age.lt(SecretAge::Older.code()));
                    diesel::update(aged).set(node::secret_age.eq(node::secret_age + 1)).execute(conn).await?;
                }
                if let Some(former) = former_row.filter(|_| replaced_secret) {
                    diesel::insert_into(executor_former_secret::table).values(&former).execute(conn).await?;
                }
                conn.enter(&vault, vec![note]).await?;
                Ok(true)
            })
            .await
        });
        match moved {
            Ok(false) => Ok(Change::Stale { version: version + 1 }),
            other => taken_or(other.map(|_| ()), || Change::Done(after)),
        }
    }

    /// Deletes an executor that has no jobs; its app key is free for another one afterwards.
    ///
    /// # Errors
    /// What the database says.
    pub async fn executor_delete(&self, id: ExecutorId, by: By) -> Result<Change<Executor>, StoreError> {
        let Some(before) = self.executor_get(id).await? else { return Ok(Change::NotFound) };
        let log_id = self.id_next("operation").await?;
        let note = before.note(log_id, &by, "delete", &before.json(), &Value::Null);
        let vault = self.vault.clone();
        let jobs = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // Written as it is, which locks the row: no job must come to it while its jobs are counted.
                let there = executor::table.find(id.0).filter(executor::deleted_at.is_null());
                diesel::update(there).set(executor::version.eq(executor::version)).execute(conn).await?;
                let mine = job::table.filter(job::executor_id.eq(id.0)).filter(job::deleted_at.is_null());
                let jobs: i64 = mine.count().get_result(conn).await?;
                if jobs > 0 {
                    return Ok(jobs);
                }
                diesel::delete(node::table.filter(node::executor_id.eq(id.0))).execute(conn).await?;
                // '#' is no character of an app key, so the freed key can never collide.
                let gone = (
                    executor::deleted_at.eq(Some(millis(by.at))),
                    executor::app_key.eq(format!("#{id}")),
                    executor::app_secret.eq(None::<String>),
                );
                if diesel::update(there).set(gone).execute(conn).await? == 1 {
                    diesel::delete(user_grant::table.filter(user_grant::executor_id.eq(id.0))).execute(conn).await?;
                    diesel::delete(executor_former_secret::table.find(id.0)).execute(conn).await?;
                    conn.enter(&vault, vec![note]).await?;
                }
                Ok::<i64, StoreError>(0)
            })
            .await
        })?;
        Ok(if jobs > 0 { Change::InUse { jobs } } else { Change::Done(before) })
    }

    /// One executor; `None` when there is none or it was deleted.
    ///
    /// # Errors
    /// What the database says.
    pub async fn executor_get(&self, id: ExecutorId) -> Result<Option<Executor>, StoreError> {
        Ok(self.executor_list_where(Some(id)).await?.into_iter().next())
    }

    /// Every executor in the order of their ids. There are few: a row per app key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn executor_list(&self) -> Result<Vec<Executor>, StoreError> {
        self.executor_list_where(None).await
    }

    async fn executor_list_where(&self, only: Option<ExecutorId>) -> Result<Vec<Executor>, StoreError> {
        let (rows, manual, former) = run!(self, read, async |conn| {
            let mut wanted = executor::table.filter(executor::deleted_at.is_null()).into_boxed();
            let mut entered = node::table.filter(node::registration.eq("manual")).into_boxed();
            if let Some(id) = only {
                wanted = wanted.filter(executor::id.eq(id.0));
                entered = entered.filter(node::executor_id.eq(id.0));
            }
            let rows = wanted.select(ExecutorRow::as_select()).order(executor::id).load(conn).await?;
            let manual: Vec<(i64, String)> =
                entered.select((node::executor_id, node::address)).order(node::id).load(conn).await?;
            let former: Vec<FormerRow> =
                executor_former_secret::table.select(FormerRow::as_select()).load(conn).await?;
            let rows: Vec<ExecutorRow> = rows;
            Ok((rows, manual, former))
        })?;
        let addresses = |id| manual.iter().filter(|(owner, _)| *owner == id).map(|(_, text)| text.clone()).collect();
        rows.into_iter()
            .map(|row| {
                let of = addresses(row.id);
                let former = former.iter().find(|former| former.executor_id == row.id);
                row.executor(of, former, &self.vault)
            })
            .collect()
    }

    /// The node rows of the addresses that were entered by hand.
    async fn manual_nodes(&self, of: &Executor, now: DateTime<Utc>) -> Result<Vec<NodeRow>, StoreError> {
        let mut rows = Vec::new();
        for address in &of.spec.draft().addresses {
            rows.push(NodeRow {
                id: self.id_next("node").await?,
                executor_id: of.id.0,
                address: address.clone(),
                registration: "manual".into(),
                agent: None,
                instance: None,
                state: NodeState::Offline.code(),
                first_seen_at: millis(now),
                last_seen_at: None,
                secret_age: SecretAge::Present.code(),
            });
        }
        Ok(rows)
    }
}

impl Executor {
    /// The definition as JSON, as the operation log compares it; with it, until when a secret that was replaced is good.
    fn json(&self) -> Value {
        let mut json = serde_json::to_value(self.spec.draft()).unwrap_or(Value::Null);
        if let (Value::Object(fields), Some(former)) = (&mut json, &self.former) {
            fields.insert("former_secret_until".to_owned(), Value::from(former.until.to_rfc3339()));
        }
        json
    }

    fn note(&self, log_id: i64, by: &By, action: &str, before: &Value, after: &Value) -> OperationRow {
        let object = Object { kind: "executor", id: self.id.0, name: &self.spec.draft().name };
        OperationRow::of(log_id, by, action, &object, before, after)
    }

    /// The secret that is being replaced, if it is to be good for some time yet.
    fn retired(&self, until: Option<DateTime<Utc>>) -> Option<FormerSecret> {
        Some(FormerSecret { secret: self.spec.draft().app_secret.clone()?, until: until? })
    }

    fn former_row(&self, vault: &Vault) -> Result<Option<FormerRow>, StoreError> {
        let Some(former) = &self.former else { return Ok(None) };
        let secret = vault.seal(&owner_of(self.id.0), &former.secret)?;
        Ok(Some(FormerRow { executor_id: self.id.0, secret, until_at: millis(former.until) }))
    }

    fn row(&self, vault: &Vault) -> Result<ExecutorRow, StoreError> {
        let draft = self.spec.draft();
        let sealed = draft.app_secret.as_ref().map(|secret| vault.seal(&owner_of(self.id.0), secret)).transpose()?;
        Ok(ExecutorRow {
            id: self.id.0,
            name: draft.name.clone(),
            app_key: draft.app_key.clone(),
            app_secret: sealed,
            registration: registration_word(draft.registration).to_owned(),
            version: self.version,
            created_at: millis(self.created_at),
            updated_at: millis(self.updated_at),
            deleted_at: None,
        })
    }
}

impl ExecutorRow {
    fn executor(
        self,
        addresses: Vec<String>,
        former: Option<&FormerRow>,
        vault: &Vault,
    ) -> Result<Executor, StoreError> {
        let open = |sealed: &String| vault.open(&owner_of(self.id), sealed);
        let app_secret = self.app_secret.as_ref().map(open).transpose()?;
        // One that cannot be read is good for nothing any more; that must not keep the scheduler from starting.
        let retired =
            |row: &FormerRow| Some(FormerSecret { secret: open(&row.secret).ok()?, until: moment(row.until_at) });
        let former = former.and_then(retired);
        let corrupt = |reason| StoreError::Corrupt { table: "executor", id: self.id, reason };
        let registration = registration(self.id, &self.registration)?;
        let addresses = if registration == Registration::Manual { addresses } else { Vec::new() };
        let draft = ExecutorDraft {
            name: self.name.clone(),
            app_key: self.app_key.clone(),
            app_secret,
            registration,
            addresses,
        };
        let spec = draft.check().map_err(|problems| corrupt(problems_text(&problems)))?;
        Ok(Executor {
            id: ExecutorId(self.id),
            spec,
            version: self.version,
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
            former,
        })
    }
}

/// To what a secret is bound: one that is copied into another executor's row is not read there.
pub(crate) fn owner_of(id: i64) -> String {
    format!("executor {id}")
}

/// Whether the addresses that stay no longer lead the list in the order they had; new ones get later numbers anyway.
fn is_reordered(before: &[String], after: &[String]) -> bool {
    let mut leading = after.iter();
    !before.iter().filter(|address| after.contains(address)).all(|address| leading.next() == Some(address))
}

/// Turns a unique key that was hit into `Taken`.
pub(crate) fn taken_or<T>(
    written: Result<(), StoreError>,
    done: impl FnOnce() -> Change<T>,
) -> Result<Change<T>, StoreError> {
    match written {
        Ok(()) => Ok(done()),
        Err(StoreError::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => Ok(Change::Taken),
        Err(other) => Err(other),
    }
}
