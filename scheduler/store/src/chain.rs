//! The operation log as a chain: every entry has its place and a hash over itself and the entry before it.
//!
//! The end of the chain is a row that each transaction with an entry locks, last of all: entries get their places in the order in
//! which their transactions end. What follows: an entry that was changed, taken out or put in between is found out by
//! [`Store::operations_verify`], by whoever has the key. Entries cut off at the end are found out by whoever kept a place and hash
//! from before; the log of the admin tells of one every hour.

use crate::backend::{SqliteConn, Store, pieces, run};
use crate::error::StoreError;
use crate::link::{Fault, Link};
use crate::operation::OperationRow;
use crate::schema::{operation, operation_chain};
use crate::vault::Vault;
use diesel::prelude::*;
use diesel::result::{Error as DieselError, QueryResult};
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};
use std::future::Future;

/// The row of the end.
pub(crate) const END: i64 = 1;
/// Entries that are read in one step.
pub(crate) const STEP: i64 = 1_000;

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
    use super::{chained, end, entered, places};
    use crate::operation::OperationRow;
    use crate::schema::{operation, operation_chain};
    use crate::vault::Vault;
    use diesel::prelude::*;

    pub(super) fn enter(conn: &mut SqliteConnection, vault: &Vault, mut rows: Vec<OperationRow>) -> QueryResult<()> {
        let Ok(count @ 1..) = i64::try_from(rows.len()) else { return Ok(()) };
        diesel::update(end()).set(operation_chain::place.eq(operation_chain::place + count)).execute(conn)?;
        let moved: (i64, String) = end().select((operation_chain::place, operation_chain::hash)).first(conn)?;
        let last = moved.0;
        let hash = chained(&mut rows, moved, vault);
        for row in &rows {
            diesel::insert_into(operation::table).values(row).execute(conn)?;
        }
        diesel::update(end()).set(operation_chain::hash.eq(&hash)).execute(conn)?;
        let kept: i64 = places(last - count, last).count().get_result(conn)?;
        let reached: (i64, String) = end().select((operation_chain::place, operation_chain::hash)).first(conn)?;
        entered(kept == count && reached == (last, hash))
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
                let last = moved.0;
                let hash = chained(&mut rows, moved, vault);
                for some in pieces(&rows, |row| row.bytes()) {
                    diesel::insert_into(operation::table).values(some).execute(self).await?;
                }
                diesel::update(end()).set(operation_chain::hash.eq(&hash)).execute(self).await?;
                let kept: i64 = places(last - count, last).count().get_result(self).await?;
                let reached: (i64, String) =
                    end().select((operation_chain::place, operation_chain::hash)).first(self).await?;
                entered(kept == count && reached == (last, hash))
            }
        }
    };
}
on_server!(AsyncMysqlConnection);
on_server!(AsyncPgConnection);

/// The row of the end.
#[diesel::dsl::auto_type]
pub(crate) fn end() -> _ {
    let id: i64 = END;
    operation_chain::table.find(id)
}

/// The entries at these places: behind the first one, up to the second one.
#[diesel::dsl::auto_type]
fn places(after: i64, until: i64) -> _ {
    let is_behind: diesel::dsl::Gt<operation::place, i64> = operation::place.gt(after);
    let is_within: diesel::dsl::Le<operation::place, i64> = operation::place.le(until);
    operation::table.filter(is_behind).filter(is_within)
}

/// Entries that the database swallowed, or an end that it put back (a trigger can do both without a word), undo the change that they
/// were to tell of.
fn entered(is_kept: bool) -> QueryResult<()> {
    if is_kept {
        return Ok(());
    }
    let what = "the database does not keep entries of the operation log as they are written; look for triggers on operation and \
        operation_chain, which are none of this program's";
    Err(DieselError::QueryBuilderError(what.into()))
}

/// Gives the rows their places, the last of which is `moved`'s, and answers the hash of the last one.
pub(crate) fn chained(rows: &mut [OperationRow], (last, before): (i64, String), vault: &Vault) -> String {
    let first = last + 1 - i64::try_from(rows.len()).unwrap_or_default();
    (first..).zip(rows).fold(before, |before, (place, row)| row.chain(place, &before, vault))
}

impl Store {
    /// Looks through the whole chain, and whether it still holds what was `kept` from before.
    ///
    /// # Errors
    /// What the database says.
    pub async fn operations_verify(&self, kept: Option<Link>) -> Result<Verified, StoreError> {
        let (end, entries) = self.chain_whole().await?;
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
            (false, true) if entries > end.place => Some(self.chain_stray(&end).await?),
            (false, true) => None,
        };
        Ok(Verified { end, fault })
    }

    /// What is wrong with an entry that is none of the chain's, although all of those are there.
    async fn chain_stray(&self, end: &Link) -> Result<Fault, StoreError> {
        let (unplaced, before): (i64, Option<i64>) = run!(self, read, async |conn| {
            let unplaced = operation::table.filter(operation::place.is_null()).count().get_result(conn).await?;
            let before = operation::table.filter(operation::place.lt(1)).order(operation::id.asc());
            let before: Option<i64> = before.select(operation::id).first(conn).await.optional()?;
            Ok((unplaced, before))
        })?;
        Ok(match (unplaced, before) {
            (1.., _) => Fault::Unplaced(unplaced),
            (_, Some(id)) => Fault::Stray(id),
            // Also what is no number at all, which SQLite puts behind all numbers.
            _ => Fault::Behind(end.place),
        })
    }

    /// The end of the chain.
    ///
    /// # Errors
    /// What the database says.
    pub async fn chain_end(&self) -> Result<Link, StoreError> {
        run!(self, read, async |conn| {
            let row = end().select((operation_chain::place, operation_chain::hash));
            let (place, hash): (i64, String) = row.first(conn).await.optional()?.unwrap_or_default();
            Ok(Link { place, hash })
        })
    }

    /// The end, and how many entries there are, whatever their places: in one statement, so that both are of one moment.
    async fn chain_whole(&self) -> Result<(Link, i64), StoreError> {
        run!(self, read, async |conn| {
            let entries = operation::table.count().single_value();
            let row = end().select((operation_chain::place, operation_chain::hash, entries));
            let whole: Option<(i64, String, Option<i64>)> = row.first(conn).await.optional()?;
            let Some((place, hash, entries)) = whole else {
                // Somebody took the end away: every entry is behind it.
                return Ok((Link::default(), operation::table.count().get_result(conn).await?));
            };
            Ok((Link { place, hash }, entries.unwrap_or_default()))
        })
    }

    async fn chain_step(&self, (after, until): (i64, i64)) -> Result<Vec<OperationRow>, StoreError> {
        run!(self, read, async |conn| {
            let next = places(after, until).order(operation::place.asc()).limit(STEP);
            Ok(next.select(OperationRow::as_select()).load(conn).await?)
        })
    }
}
