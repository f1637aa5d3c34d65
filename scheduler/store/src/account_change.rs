//! Changes of what users may do, each with the operation log.
//!
//! A change ends the sessions of the user it concerns, in the same transaction: nobody goes on under rights that are gone.
//! There is always an administrator who can log in.

use crate::account::{ADMINISTRATOR, Account, Rights};
use crate::asker::may_ask;
use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::columns::millis;
use crate::error::StoreError;
use crate::operation::By;
use crate::schema::{api_token, executor, session, user_account, user_grant};
use crate::user::LOCAL;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

/// How a change of an account ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// It was made; this is the account as it is now.
    Done(Account),
    /// There is no such user.
    NotFound,
    /// Somebody else changed it since the caller read it; its version is now this one.
    Stale {
        /// The version to read before trying again.
        version: i64,
    },
    /// One of the executors does not exist.
    NoExecutor,
    /// Nobody would be left who can log in and administer.
    LastAdministrator,
    /// Whoever asks was changed since it was let in: it may have lost the right to ask.
    Overtaken,
}

/// Why a transaction did not make its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    None,
    Gone,
    Stale,
    NoExecutor,
    LastAdministrator,
    Overtaken,
}

impl Store {
    /// Changes what a user may do and ends its sessions; `version` is the one the caller read.
    ///
    /// # Errors
    /// What the database says.
    pub async fn account_update(
        &self,
        id: i64,
        version: i64,
        rights: Rights,
        by: By,
    ) -> Result<AccountChange, StoreError> {
        let Some(before) = self.account_get(id).await? else { return Ok(AccountChange::NotFound) };
        if before.user.version != version {
            return Ok(AccountChange::Stale { version: before.user.version });
        }
        let mut after = Account::of(before.user.clone(), &rights);
        (after.user.version, after.user.updated_at) = (version + 1, millis(by.at));
        let log_id = self.id_next("operation").await?;
        let note = after.note(log_id, &by, "update", &before.json(), &after.json());
        let (row, grants, vault) = (after.user.clone(), after.grants(), self.vault.clone());
        let refusal: Refusal = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // Locks them: of two administrators who demote each other the second one sees what the first did.
                diesel::update(administrators()).set(user_account::role.eq(ADMINISTRATOR)).execute(conn).await?;
                if let Some((asker, version)) = by.account {
                    let same = user_account::version.eq(user_account::version);
                    if diesel::update(may_ask(asker, version)).set(same).execute(conn).await? == 0 {
                        return Ok(Refusal::Overtaken);
                    }
                }
                let named: Vec<i64> = grants.iter().map(|grant| grant.executor_id).collect();
                let there = executor::table.filter(executor::id.eq_any(&named)).filter(executor::deleted_at.is_null());
                let there: i64 = there.count().get_result(conn).await?;
                if usize::try_from(there) != Ok(named.len()) {
                    return Ok(Refusal::NoExecutor);
                }
                let set = (
                    user_account::role.eq(&row.role),
                    user_account::all_executors.eq(row.all_executors),
                    user_account::disabled.eq(row.disabled),
                    user_account::version.eq(row.version),
                    user_account::updated_at.eq(row.updated_at),
                );
                let seen = user_account::table.find(id).filter(user_account::version.eq(version));
                if diesel::update(seen).set(set).execute(conn).await? == 0 {
                    return Ok(Refusal::Stale);
                }
                let others: i64 = administrators().count().get_result(conn).await?;
                if others == 0 {
                    // Rolled back: what is an error to the transaction is none to us.
                    return Err(StoreError::from(diesel::result::Error::RollbackTransaction));
                }
                diesel::delete(user_grant::table.filter(user_grant::user_id.eq(id))).execute(conn).await?;
                for grant in &grants {
                    diesel::insert_into(user_grant::table).values(grant).execute(conn).await?;
                }
                diesel::delete(session::table.filter(session::user_id.eq(id))).execute(conn).await?;
                if row.disabled {
                    diesel::delete(api_token::table.filter(api_token::user_id.eq(id))).execute(conn).await?;
                }
                conn.enter(&vault, vec![note]).await?;
                Ok(Refusal::None)
            })
            .await
        })
        .or_else(last_administrator)?;
        Ok(match refusal {
            Refusal::None => AccountChange::Done(after),
            Refusal::Gone => AccountChange::NotFound,
            Refusal::Stale => AccountChange::Stale { version: version + 1 },
            Refusal::NoExecutor => AccountChange::NoExecutor,
            Refusal::LastAdministrator => AccountChange::LastAdministrator,
            Refusal::Overtaken => AccountChange::Overtaken,
        })
    }

    /// Deletes a user with its sessions, tokens and grants; what it did stays in the operation log under its name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn account_delete(&self, id: i64, by: By) -> Result<AccountChange, StoreError> {
        let Some(gone) = self.account_get(id).await? else { return Ok(AccountChange::NotFound) };
        let log_id = self.id_next("operation").await?;
        let note = gone.note(log_id, &by, "delete", &gone.json(), &Value::Null);
        let vault = self.vault.clone();
        let refusal: Refusal = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                diesel::update(administrators()).set(user_account::role.eq(ADMINISTRATOR)).execute(conn).await?;
                if let Some((asker, version)) = by.account {
                    let same = user_account::version.eq(user_account::version);
                    if diesel::update(may_ask(asker, version)).set(same).execute(conn).await? == 0 {
                        return Ok(Refusal::Overtaken);
                    }
                }
                // So that no session and no token comes to it meanwhile.
                let row = user_account::table.find(id);
                diesel::update(row).set(user_account::version.eq(user_account::version)).execute(conn).await?;
                diesel::delete(session::table.filter(session::user_id.eq(id))).execute(conn).await?;
                diesel::delete(user_grant::table.filter(user_grant::user_id.eq(id))).execute(conn).await?;
                diesel::delete(api_token::table.filter(api_token::user_id.eq(id))).execute(conn).await?;
                if diesel::delete(user_account::table.find(id)).execute(conn).await? == 0 {
                    return Ok(Refusal::Gone);
                }
                let others: i64 = administrators().count().get_result(conn).await?;
                if others == 0 {
                    return Err(StoreError::from(diesel::result::Error::RollbackTransaction));
                }
                conn.enter(&vault, vec![note]).await?;
                Ok(Refusal::None)
            })
            .await
        })
        .or_else(last_administrator)?;
        Ok(match refusal {
            Refusal::LastAdministrator => AccountChange::LastAdministrator,
            Refusal::Gone => AccountChange::NotFound,
            Refusal::Overtaken => AccountChange::Overtaken,
            _ => AccountChange::Done(gone),
        })
    }
}

/// Who can log in and administer whatever becomes of directories and providers.
#[diesel::dsl::auto_type]
fn administrators() -> _ {
    let is_local: diesel::dsl::Eq<user_account::origin, &'static str> = user_account::origin.eq(LOCAL);
    let role_is: diesel::dsl::Eq<user_account::role, &'static str> = user_account::role.eq(ADMINISTRATOR);
    let may_log_in: diesel::dsl::Eq<user_account::disabled, bool> = user_account::disabled.eq(false);
    user_account::table.filter(role_is).filter(may_log_in).filter(is_local)
}

fn last_administrator(error: StoreError) -> Result<Refusal, StoreError> {
    match error {
        StoreError::Query(diesel::result::Error::RollbackTransaction) => Ok(Refusal::LastAdministrator),
        other => Err(other),
    }
}
