//! Statements that wait too long are ended by the server, and that is a failure that may pass.

use crate::database::{Database, is_postgres, servers};
use crate::support::{at, silence};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection};
use hzm_job_store::account::{NewUser, Rights};
use hzm_job_store::{Store, StoreSettings};
use std::time::Duration;

const HOLD: &str = "BEGIN; UPDATE id_block SET next = next + 1 WHERE name = 'user'";

/// Somebody else's transaction that holds the row from which users get their ids; it ends when this is dropped.
enum Holder {
    MySql(AsyncMysqlConnection),
    Postgres(Box<AsyncPgConnection>),
}

impl Holder {
    async fn on(url: &str) -> Holder {
        if is_postgres(url) {
            let mut conn = AsyncPgConnection::establish(url).await.unwrap();
            conn.batch_execute(HOLD).await.unwrap();
            Holder::Postgres(Box::new(conn))
        } else {
            let mut conn = AsyncMysqlConnection::establish(url).await.unwrap();
            conn.batch_execute(HOLD).await.unwrap();
            Holder::MySql(conn)
        }
    }

    async fn let_go(self) {
        match self {
            Holder::MySql(mut conn) => conn.batch_execute("ROLLBACK").await.unwrap(),
            Holder::Postgres(mut conn) => conn.batch_execute("ROLLBACK").await.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_statement_that_waits_too_long_is_ended_and_may_be_tried_again() {
    for server in servers() {
        let database = Database::on(&server);
        let statement_within = Duration::from_secs(1);
        let settings = StoreSettings { statement_within, ..StoreSettings::new(&database.url) };
        let store = Store::open_with(&settings, &silence()).unwrap();
        let holder = Holder::on(&database.url).await;
        let rights = Rights { role: "administrator".into(), executors: None, disabled: false };
        let ann = NewUser {
            name: "ann".into(),
            password_hash: "hash".into(),
            must_change: false,
            rights,
            origin: "local".into(),
            subject: None,
        };
        let create = || store.account_create(ann.clone(), None, at(1));
        let error = create().await.unwrap_err();
        assert!(error.is_away(), "{error:?}");
        holder.let_go().await;
        create().await.unwrap();
    }
}
