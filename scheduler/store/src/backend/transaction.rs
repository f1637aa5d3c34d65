//! `immediate_transaction` on MySQL and PostgreSQL: there every transaction is one that may write, so a plain one will do.
//!
//! On SQLite the method is diesel-async's own and takes the write lock at once. Bodies of `run!` use this name on all three.

use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection};
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

/// A transaction under the name it has on SQLite.
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
