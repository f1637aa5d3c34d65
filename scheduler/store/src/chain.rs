//! The operation log as a chain: every entry has its place and a hash over itself and the entry before it.
//!
//! The end of the chain is a row that each transaction with an entry locks, last of all: entries get their places in the order in
//! which their transactions end. What follows: an entry that was changed, taken out or put in between is found out by
//! [`Store::operations_verify`], by whoever has the key. Entries cut off at the end are found out by whoever kept a place and hash
//! from before; the log of the admin tells of one every hour.

use crate::backend::{ImmediateTransaction, SqliteConn, Store, pieces, run};
use crate::error::StoreError;
use crate::link::{Fault, Link};
use crate::operation::OperationRow;
use crate::schema::{operation, operation_chain};
use crate::vault::Vault;
use diesel::prelude::*;
use diesel::result::QueryResult;
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};
use std::future::Future;

/// The row of the end.
const END: i64 = 1;
/// Entries that are read in one step.
const STEP: i64 = 1_000;

/// What looking through the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its end.
    pub end: Link,
    /// The first fault; `None`: the chain is whole.
    pub fault: Option<Fault>,
}

/// Writes entries of the operation log, inside the transaction that makes the changes and last in it.
pub(crate) trait Enter {
    /// See the trait.
    fn enter(&mut self, vault: &Vault, rows: Vec<OperationRow>) -> impl Future<Output = QueryResult<()>> + Send;
}

impl Enter for SqliteConn {
    async fn enter(&mut self, vault: &Vault, rows: Vec<OperationRow>) -> QueryResult<()> {
        let vault = vault.clone();
        // In one step: many small ones would each change threads.
        self.spawn_blocking(move |conn| at_once::enter(conn, &vault, rows)).await
    }
}

/// The same on SQLite's own thread.
mod at_once {
    use super::{chained, end};
    use crate::operation::OperationRow;
    use crate::schema::{operation, operation_chain};
    use crate::vault::Vault;
    use diesel::prelude::*;

    pub(super) fn enter(conn: &mut SqliteConnection, vault: &Vault, mut rows: Vec<OperationRow>) -> QueryResult<()> {
        let Ok(count @ 1..) = i64::try_from(rows.len()) else { return Ok(()) };
        diesel::update(end()).set(operation_chain::place.eq(operation_chain::place + count)).execute(conn)?;
        let moved: (i64, String) = end().select((operation_chain::place, operation_chain::hash)).first(conn)?;
        let hash = chained(&mut rows, moved, vault);
        for row in &rows {
            diesel::insert_into(operation::table).values(row).execute(conn)?;
        }
        diesel::update(end()).set(operation_chain::hash.eq(hash)).execute(conn)?;
        Ok(())
    }
}

macro_rules! on_server {
    ($conn:ty) => {
        impl Enter for $conn {
            async fn enter(&mut self, vault: &Vault, mut rows: Vec<OperationRow>) -> QueryResult<()> {
                let Ok(count @ 1..) = i64::try_from(rows.len()) else { return Ok(()) };
                // Moved before it is read, which locks it.
                let moved = operation_chain::place.eq(operation_chain::place + count);
                diesel::update(end()).set(moved).execute(self).await?;
                let moved: (i64, String) =
                    end().select((operation_chain::place, operation_chain::hash)).first(self).await?;
                let hash = chained(&mut rows, moved, vault);
                for some in pieces(&rows, |row| row.bytes()) {
                    diesel::insert_into(operation::table).values(some).execute(self).await?;
                }
                diesel::update(end()).set(operation_chain::hash.eq(hash)).execute(self).await?;
                Ok(())
            }
        }
    };
}
on_server!(AsyncMysqlConnection);
on_server!(AsyncPgConnection);

/// The row of the end.
#[diesel::dsl::auto_type]
fn end() -> _ {
    let id: i64 = END;
    operation_chain::table.find(id)
}

/// Gives the rows their places, the last of which is `moved`'s, and answers the hash of the last one.
fn chained(rows: &mut [OperationRow], (last, before): (i64, String), vault: &Vault) -> String {
    let first = last + 1 - i64::try_from(rows.len()).unwrap_or_default();
    (first..).zip(rows).fold(before, |before, (place, row)| row.chain(place, &before, vault))
}

impl Store {
    /// Looks through the whole chain, and whether it still holds what was `kept` from before.
    ///
    /// # Errors
    /// What the database says.
    pub async fn operations_verify(&self, kept: Option<Link>) -> Result<Verified, StoreError> {
        let (end, unplaced) = self.chain_end().await?;
        let mut at = Link::default();
        while at.place < end.place {
            let rows = self.chain_step((at.place, end.place)).await?;
            let followed = if rows.is_empty() { Err(Fault::Missing(at.place + 1)) } else { Ok(()) };
            let followed =
                followed.and_then(|()| rows.iter().try_fold(at, |at, row| row.follow(&at, kept.as_ref(), &self.vault)));
            match followed {
                Ok(next) => at = next,
                Err(fault) => return Ok(Verified { end, fault: Some(fault) }),
            }
        }
        let is_cut = kept.is_some_and(|kept| kept.place > end.place);
        let fault = match (is_cut, at.hash == end.hash) {
            (true, _) => Some(Fault::Missing(end.place + 1)),
            (false, false) => Some(Fault::Changed(end.place)),
            (false, true) if unplaced > 0 => Some(Fault::Unplaced(unplaced)),
            (false, true) => self.behind_end().await?,
        };
        Ok(Verified { end, fault })
    }

    /// Whether there are entries behind the end. The end is read second: what was written in between moved it.
    async fn behind_end(&self) -> Result<Option<Fault>, StoreError> {
        let furthest: Option<i64> = run!(self, read, async |conn| {
            Ok(operation::table.select(diesel::dsl::max(operation::place)).first(conn).await?)
        })?;
        let (end, _) = self.chain_end().await?;
        Ok(furthest.filter(|furthest| *furthest > end.place).map(|_| Fault::Behind(end.place)))
    }

    /// The end of the chain, and how many entries have no place in it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn chain_end(&self) -> Result<(Link, i64), StoreError> {
        run!(self, read, async |conn| {
            let row = end().select((operation_chain::place, operation_chain::hash));
            let (place, hash): (i64, String) = row.first(conn).await?;
            let without = operation::table.filter(operation::place.is_null()).count().get_result(conn).await?;
            Ok((Link { place, hash }, without))
        })
    }

    async fn chain_step(&self, (after, until): (i64, i64)) -> Result<Vec<OperationRow>, StoreError> {
        run!(self, read, async |conn| {
            let some = operation::table.filter(operation::place.gt(after)).filter(operation::place.le(until));
            let next = some.order(operation::place.asc()).limit(STEP);
            Ok(next.select(OperationRow::as_select()).load(conn).await?)
        })
    }

    /// Ties this database to the store's key, chains the entries from before by it, and encrypts secrets from before.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when it is tied to another one; then nothing was changed.
    pub async fn key_bind(&self) -> Result<(), StoreError> {
        let Some(mark) = self.vault.mark().map(str::to_owned) else { return Ok(()) };
        if !self.is_key_bound().await? {
            self.chain_anew().await?;
            run!(self, write, async |conn| {
                let untied = end().filter(operation_chain::key_mark.is_null());
                diesel::update(untied).set(operation_chain::key_mark.eq(Some(&mark))).execute(conn).await?;
                Ok(())
            })?;
        }
        if self.key_mark().await?.as_deref() != self.vault.mark() {
            return Err(StoreError::WrongKey);
        }
        self.secrets_seal().await
    }

    /// Chains all entries that there are, in the order of their numbers: those from before there was a key have no place, or one that
    /// proves nothing. After a crash in between it is done anew, until the database is tied.
    async fn chain_anew(&self) -> Result<(), StoreError> {
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let none = (operation::place.eq(None::<i64>), operation::hash.eq(None::<String>));
                diesel::update(operation::table).set(none).execute(conn).await?;
                let empty = (operation_chain::place.eq(0), operation_chain::hash.eq(""));
                Ok::<_, StoreError>(diesel::update(end()).set(empty).execute(conn).await?)
            })
            .await
        })?;
        let mut after = i64::MIN;
        loop {
            let vault = self.vault.clone();
            let last: Option<i64> = run!(self, write, async |conn| {
                conn.immediate_transaction(async |conn| {
                    let next = operation::table.filter(operation::id.gt(after)).order(operation::id.asc()).limit(STEP);
                    let mut rows: Vec<OperationRow> = next.select(OperationRow::as_select()).load(conn).await?;
                    let (place, hash): (i64, String) =
                        end().select((operation_chain::place, operation_chain::hash)).first(conn).await?;
                    let last = place + i64::try_from(rows.len()).unwrap_or_default();
                    let hash = chained(&mut rows, (last, hash), &vault);
                    for row in &rows {
                        let (id, place, hash) = row.placed();
                        let set = (operation::place.eq(place), operation::hash.eq(hash));
                        diesel::update(operation::table.find(id)).set(set).execute(conn).await?;
                    }
                    let moved = (operation_chain::place.eq(last), operation_chain::hash.eq(hash));
                    diesel::update(end()).set(moved).execute(conn).await?;
                    Ok::<_, StoreError>(rows.last().map(|row| row.placed().0))
                })
                .await
            })?;
            match last {
                Some(id) => after = id,
                None => return Ok(()),
            }
        }
    }

    /// Whether the database is tied to a key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_key_bound(&self) -> Result<bool, StoreError> {
        Ok(self.key_mark().await?.is_some())
    }

    /// Whether this key is the one that the database is tied to; `None`: it is tied to none yet.
    ///
    /// # Errors
    /// What the database says.
    pub async fn is_key_of(&self, vault: &Vault) -> Result<Option<bool>, StoreError> {
        Ok(self.key_mark().await?.map(|mark| vault.mark() == Some(mark.as_str())))
    }

    async fn key_mark(&self) -> Result<Option<String>, StoreError> {
        run!(self, read, async |conn| { Ok(end().select(operation_chain::key_mark).first(conn).await?) })
    }
}
