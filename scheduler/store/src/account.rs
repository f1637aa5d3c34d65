//! What users may do, and on which executors: created and read here; changes are in [`crate::account_change`].

use crate::account_name;
use crate::asker::may_ask;
use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::executor::taken_or;
use crate::operation::{By, Object, OperationRow};
use crate::outcome::Change;
use crate::schema::{executor, user_account, user_grant};
use crate::user::User;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ExecutorId;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// The role of which there is always one who can log in.
pub const ADMINISTRATOR: &str = "administrator";

/// Users that are listed at most.
const LISTED: i64 = 10_000;

/// A user and the executors it may work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The executors that were granted, in the order of their numbers; they do not matter where all are.
    pub executors: Vec<ExecutorId>,
}

/// A user to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to log in with.
    pub name: String,
    /// The argon2id hash of the password, in the PHC string format.
    pub password_hash: String,
    /// Whether the password is to be changed at the first login.
    pub must_change: bool,
    /// What it may do.
    pub rights: Rights,
    /// Who vouches for it: [`LOCAL`](crate::user::LOCAL), `ldap` or `oidc`.
    pub origin: String,
    /// By what they know it; `None` for a local one.
    pub subject: Option<String>,
}

/// What a user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The word of the role.
    pub role: String,
    /// The executors it may work on; `None`: all of them, those to come too.
    pub executors: Option<BTreeSet<ExecutorId>>,
    /// Whether it may not log in.
    pub disabled: bool,
}

impl Account {
    /// What the user may do.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let executors = (!self.user.all_executors).then(|| self.executors.iter().copied().collect());
        Rights { role: self.user.role.clone(), executors, disabled: self.user.disabled }
    }

    /// The account as it would be with these rights.
    #[must_use]
    pub fn with(user: User, rights: &Rights) -> Account {
        Account::of(user, rights)
    }

    pub(crate) fn of(user: User, rights: &Rights) -> Account {
        let user = User {
            role: rights.role.clone(),
            all_executors: rights.executors.is_none(),
            disabled: rights.disabled,
            ..user
        };
        Account { user, executors: rights.executors.iter().flatten().copied().collect() }
    }

    pub(crate) fn json(&self) -> Value {
        let executors: Vec<i64> = self.executors.iter().map(|id| id.0).collect();
        let executors = if self.user.all_executors { json!("all") } else { json!(executors) };
        json!({ "name": self.user.name, "role": self.user.role, "executors": executors, "disabled": self.user.disabled,
            "origin": self.user.origin })
    }

    pub(crate) fn note(&self, id: i64, by: &By, action: &str, before: &Value, after: &Value) -> OperationRow {
        let object = Object { kind: "user", id: self.user.id, name: &self.user.name };
        OperationRow::of(id, by, action, &object, before, after)
    }

    pub(crate) fn grants(&self) -> Vec<GrantRow> {
        self.executors.iter().map(|executor| GrantRow { user_id: self.user.id, executor_id: executor.0 }).collect()
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_grant)]
pub(crate) struct GrantRow {
    pub(crate) user_id: i64,
    pub(crate) executor_id: i64,
}

impl Store {
    /// Creates a user, and records who did (`None`: the program itself). `Taken` when the name is, however its letters are written,
    /// `NotFound` when one of the executors does not exist, `Stale` when whoever asks was changed since it was let in.
    ///
    /// # Errors
    /// What the database says.
    pub async fn account_create(
        &self,
        new: NewUser,
        by: Option<By>,
        now: DateTime<Utc>,
    ) -> Result<Change<Account>, StoreError> {
        let (id, at) = (self.id_next("user").await?, millis(now));
        let user = User {
            id,
            name: storable(new.name),
            password_hash: new.password_hash,
            role: String::new(),
            created_at: at,
            updated_at: at,
            all_executors: false,
            must_change: new.must_change,
            disabled: false,
            version: 1,
            origin: new.origin,
            subject: new.subject.map(storable),
        };
        let made = Account::of(user, &new.rights);
        let log_id = self.id_next("operation").await?;
        let asks = by.as_ref().and_then(|by| by.account);
        let note = by.map(|by| made.note(log_id, &by, "create", &Value::Null, &made.json()));
        let (row, grants, vault) = (made.user.clone(), made.grants(), self.vault.clone());
        let folded = account_name::folded(&row.name);
        let written: Result<Change<()>, StoreError> = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                if let Some((asker, version)) = asks {
                    let same = user_account::version.eq(user_account::version);
                    if diesel::update(may_ask(asker, version)).set(same).execute(conn).await? == 0 {
                        return Ok(Change::Stale { version });
                    }
                }
                let named: Vec<i64> = grants.iter().map(|grant| grant.executor_id).collect();
                let there = executor::table.filter(executor::id.eq_any(&named)).filter(executor::deleted_at.is_null());
                let there: i64 = there.count().get_result(conn).await?;
                if usize::try_from(there) != Ok(named.len()) {
                    return Ok(Change::NotFound);
                }
                // Those from before whose names are one are not told apart by the index.
                let alike = user_account::table.filter(user_account::folded.eq(Some(&folded)));
                if alike.count().get_result::<i64>(conn).await? > 0 {
                    return Ok(Change::Taken);
                }
                let named = (&row, user_account::folded.eq(Some(&folded)));
                diesel::insert_into(user_account::table).values(named).execute(conn).await?;
                for grant in &grants {
                    diesel::insert_into(user_grant::table).values(grant).execute(conn).await?;
                }
                if let Some(note) = note {
                    conn.enter(&vault, vec![note]).await?;
                }
                Ok(Change::Done(()))
            })
            .await
        });
        match written {
            Ok(ended) => Ok(ended.map(|()| made)),
            Err(error) => taken_or(Err(error), || Change::Done(made)),
        }
    }

    /// One user and what it may work on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn account_get(&self, id: i64) -> Result<Option<Account>, StoreError> {
        let user: Option<User> = run!(self, read, async |conn| {
            Ok(user_account::table.find(id).select(User::as_select()).first(conn).await.optional()?)
        })?;
        let Some(user) = user else { return Ok(None) };
        let executors = self.user_grants(id).await?;
        Ok(Some(Account { user, executors }))
    }

    /// The executors that were granted to a user, in the order of their numbers.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_grants(&self, id: i64) -> Result<Vec<ExecutorId>, StoreError> {
        let granted: Vec<i64> = run!(self, read, async |conn| {
            let mine = user_grant::table.filter(user_grant::user_id.eq(id));
            Ok(mine.select(user_grant::executor_id).order(user_grant::executor_id).load(conn).await?)
        })?;
        Ok(granted.into_iter().map(ExecutorId).collect())
    }

    /// All users in the order of their names, ten thousand at most.
    ///
    /// # Errors
    /// What the database says.
    pub async fn account_list(&self) -> Result<Vec<Account>, StoreError> {
        let (users, grants): (Vec<User>, Vec<GrantRow>) = run!(self, read, async |conn| {
            let users = user_account::table.order(user_account::name).limit(LISTED);
            let users = users.select(User::as_select()).load(conn).await?;
            let grants = user_grant::table.order(user_grant::executor_id).select(GrantRow::as_select());
            Ok((users, grants.load(conn).await?))
        })?;
        let mut granted: HashMap<i64, Vec<ExecutorId>> = HashMap::new();
        for grant in grants {
            granted.entry(grant.user_id).or_default().push(ExecutorId(grant.executor_id));
        }
        let account = |user: User| Account { executors: granted.remove(&user.id).unwrap_or_default(), user };
        Ok(users.into_iter().map(account).collect())
    }
}
