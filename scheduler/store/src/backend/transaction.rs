//! `immediate_transaction`, the name that bodies of `run!` use on all three databases for a transaction that may write.
//!
//! On MySQL and PostgreSQL that is every one. SQLite takes the write lock at once: a reader that wants to write later could not
//! be let go on. diesel-async has that only for connections whose calls it spawns itself.

use super::pool::SqliteConn;
use diesel::connection::AnsiTransactionManager;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, TransactionManager};
use std::future::Future;

/// An asynchronous closure whose future has a name, so that it can be asked to be `Send`.
pub(crate) trait TransactionBody<T, R>:
    AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as TransactionBody<T, R>>::Work
{
    /// What calling the closure gives.
    type Work: Future<Output = R>;
}

impl<F, T, Work, R> TransactionBody<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Work,
    Work: Future<Output = R>,
{
    type Work = Work;
}

/// See the module.
pub(crate) trait ImmediateTransaction: AsyncConnection {
    /// Runs `body` in a transaction: committed when it answers `Ok`, rolled back when it fails.
    fn immediate_transaction<'a, 'conn, R, E, F>(
        &'conn mut self,
        body: F,
    ) -> impl Future<Output = Result<R, E>> + Send + 'conn
    where
        for<'r> F: AsyncFnOnce(&'r mut Self) -> Result<R, E>
            + TransactionBody<&'r mut Self, Result<R, E>, Work: Send>
            + Send
            + 'a,
        E: From<diesel::result::Error> + Send + 'a,
        R: Send + 'a,
        'a: 'conn,
    {
        self.transaction(body)
    }
}

impl ImmediateTransaction for AsyncMysqlConnection {}
impl ImmediateTransaction for AsyncPgConnection {}

impl ImmediateTransaction for SqliteConn {
    async fn immediate_transaction<'a, 'conn, R, E, F>(&'conn mut self, body: F) -> Result<R, E>
    where
        for<'r> F: AsyncFnOnce(&'r mut Self) -> Result<R, E>
            + TransactionBody<&'r mut Self, Result<R, E>, Work: Send>
            + Send
            + 'a,
        E: From<diesel::result::Error> + Send + 'a,
        R: Send + 'a,
        'a: 'conn,
    {
        self.spawn_blocking(|conn| AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")).await?;
        let done = body(&mut *self).await;
        match done {
            Ok(_) => Manager::commit_transaction(self).await?,
            Err(_) => Manager::rollback_transaction(self).await?,
        }
        done
    }
}

type Manager = <SqliteConn as AsyncConnection>::TransactionManager;
