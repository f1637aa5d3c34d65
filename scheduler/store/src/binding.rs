//! How this database comes to be tied to the store's key: its entries are chained by it, its secrets encrypted with it, and last of all
//! its mark is written down. From then on a secret in plain text, or an entry outside the chain, was put in by somebody else.
//!
//! Whether that is to happen is for the admin to say ([`Tie`]): whoever can write to the database can take the mark away.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::{END, STEP, chained, end};
use crate::error::StoreError;
use crate::operation::OperationRow;
use crate::schema::{executor, operation, operation_chain, user_account};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// What a database knows of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// It is tied to the key of this store.
    Own,
    /// It is tied to another one.
    Other,
    /// To none, and there are no users, no executors and no entries in it.
    Empty,
    /// To none, and no entry has ever been chained: it is from before there were keys.
    Untouched,
    /// To none, although entries were chained: somebody took the mark away.
    Severed,
}

impl Store {
    /// What this database knows of the store's key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn key_tie(&self) -> Result<Tie, StoreError> {
        let chain = run!(self, read, async |conn| {
            let row = end().select((operation_chain::place, operation_chain::hash, operation_chain::key_mark));
            let chain: Option<(i64, String, Option<String>)> = row.first(conn).await.optional()?;
            Ok(chain)
        })?;
        // Each database has the row from the start.
        let Some(chain) = chain else { return Ok(Tie::Severed) };
        if let Some(mark) = chain.2 {
            return Ok(if self.vault.mark() == Some(mark.as_str()) { Tie::Own } else { Tie::Other });
        }
        let (entries, chained, others) = run!(self, read, async |conn| {
            let is_chained = operation::place.is_not_null().or(operation::hash.is_not_null());
            let entries: i64 = operation::table.count().get_result(conn).await?;
            let chained: i64 = operation::table.filter(is_chained).count().get_result(conn).await?;
            let executors: i64 = executor::table.count().get_result(conn).await?;
            let users: i64 = user_account::table.count().get_result(conn).await?;
            Ok((entries, chained, executors + users))
        })?;
        Ok(match (chained == 0 && chain.0 == 0 && chain.1.is_empty(), entries + others) {
            (false, _) => Tie::Severed,
            (true, 0) => Tie::Empty,
            (true, _) => Tie::Untouched,
        })
    }

    /// Ties this database to the store's key where it is tied to none: chains the entries from before by it, and encrypts the secrets
    /// from before. After a crash in between it is done anew, until the database is tied.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when it is tied to another one; then nothing was changed.
    pub async fn key_bind(&self) -> Result<(), StoreError> {
        if self.vault.mark().is_none() {
            return Ok(());
        }
        match self.key_tie().await? {
            Tie::Own => Ok(()),
            tie => self.bind(tie).await,
        }
    }

    /// Chains all entries as they are, whatever was there before, and ties the database to the store's key. Secrets are encrypted where
    /// nothing was chained before, and first: one in plain text beside a chain was put in from outside, and stays to be refused.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when it is tied to another one.
    pub async fn key_bind_anew(&self) -> Result<(), StoreError> {
        self.bind(self.key_tie().await?).await
    }

    async fn bind(&self, tie: Tie) -> Result<(), StoreError> {
        match tie {
            Tie::Other => return Err(StoreError::WrongKey),
            // There is nothing to chain; and another admin that was given the same key may be writing the first entries meanwhile.
            Tie::Empty => {}
            Tie::Untouched => {
                self.secrets_seal().await?;
                self.chain_anew().await?;
            }
            Tie::Own | Tie::Severed => self.chain_anew().await?,
        }
        let mark = self.vault.mark().map(str::to_owned);
        let tied = run!(self, write, async |conn| {
            let untied = end().filter(operation_chain::key_mark.is_null().or(operation_chain::key_mark.eq(&mark)));
            Ok(diesel::update(untied).set(operation_chain::key_mark.eq(&mark)).execute(conn).await?)
        })?;
        // Somebody else tied it meanwhile.
        if tied == 0 { Err(StoreError::WrongKey) } else { Ok(()) }
    }

    /// Chains all entries that there are, in the order of their numbers: those from before there was a key have no place, or one that
    /// proves nothing.
    async fn chain_anew(&self) -> Result<(), StoreError> {
        self.chain_take_apart().await?;
        let mut after = i64::MIN;
        while let Some(last) = self.chain_step_anew(after).await? {
            after = last;
        }
        Ok(())
    }

    async fn chain_take_apart(&self) -> Result<(), StoreError> {
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let none = (operation::place.eq(None::<i64>), operation::hash.eq(None::<String>));
                diesel::update(operation::table).set(none).execute(conn).await?;
                let empty = (operation_chain::place.eq(0), operation_chain::hash.eq(""));
                if diesel::update(end()).set(empty).execute(conn).await? == 0 {
                    let anew = (operation_chain::id.eq(END), empty.0, empty.1);
                    diesel::insert_into(operation_chain::table).values(anew).execute(conn).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await
        })
    }

    /// Chains the next entries, and answers the number of the last one; `None`: there are no more.
    async fn chain_step_anew(&self, after: i64) -> Result<Option<i64>, StoreError> {
        let vault = self.vault.clone();
        run!(self, write, async |conn| {
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
        })
    }
}
