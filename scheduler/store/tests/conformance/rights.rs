//! What a user of a database server lacks: told with what to grant, and in force as soon as it is granted.

use crate::database::{Database, execute, is_postgres, servers};
use crate::support::{at, due, silence};
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Batch, Checkpoints, Entry};
use hzm_job_store::{Store, StoreError};

/// A user of a server with no rights yet; gone when this is dropped, before its database is.
struct User<'d> {
    name: String,
    server: String,
    database: &'d Database,
    database_name: String,
}

impl<'d> User<'d> {
    fn on(server: &str, database: &'d Database) -> User<'d> {
        let name = format!("hzm_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let sql = match is_postgres(server) {
            true => format!("CREATE ROLE {name} LOGIN PASSWORD 'secret'"),
            false => format!("CREATE USER {name}@'%' IDENTIFIED BY 'secret'"),
        };
        execute(server, &sql);
        let database_name = database.url.rsplit('/').next().unwrap().to_owned();
        User { name, server: server.to_owned(), database, database_name }
    }

    /// May read, and on MySQL define tables, but not write.
    fn may_read(&self) {
        let (user, database) = (&self.name, &self.database_name);
        match is_postgres(&self.server) {
            true => self.change(&format!(
                "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {user}; GRANT CREATE ON SCHEMA public TO {user}; \
                 GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}"
            )),
            false => self.change(&format!(
                "GRANT ALL ON {database}.* TO {user}@'%'; REVOKE INSERT, UPDATE, DELETE ON {database}.* FROM {user}@'%'"
            )),
        }
    }

    fn may_write(&self) {
        let (user, database) = (&self.name, &self.database_name);
        match is_postgres(&self.server) {
            true => self.change(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}")),
            false => self.change(&format!("GRANT ALL ON {database}.* TO {user}@'%'")),
        }
    }

    fn change(&self, sql: &str) {
        execute(&self.database.url, sql);
    }

    fn url(&self) -> String {
        let mut url = url::Url::parse(&self.database.url).unwrap();
        url.set_username(&self.name).unwrap();
        url.set_password(Some("secret")).unwrap();
        url.to_string()
    }

    async fn open(&self) -> Store {
        let url = self.url();
        tokio::task::spawn_blocking(move || Store::open(&url, &silence()).unwrap()).await.unwrap()
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        match is_postgres(&self.server) {
            true => self.change(&format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name)),
            false => self.change(&format!("DROP USER {}@'%'", self.name)),
        }
    }
}

fn assert_lacks_rights(refused: Result<impl Sized, StoreError>) {
    let error = refused.err().expect("it was written without the right to");
    assert!(error.is_away(), "it is written once the right is granted: {error:?}");
    let brief = error.away().unwrap().0;
    assert!(brief.contains("lacks a right"), "{brief}");
}

#[test]
fn whoever_may_not_define_tables_is_told_what_to_grant() {
    for server in servers() {
        let database = Database::on(&server);
        let user = User::on(&server, &database);
        if !is_postgres(&server) {
            user.change(&format!("GRANT SELECT ON {}.* TO {}@'%'", user.database_name, user.name));
        }
        let error = Store::open(&user.url(), &silence()).err().unwrap();
        let said = error.to_string();
        assert!(!error.is_away() && !said.contains("secret"), "{said}");
        let helps = match is_postgres(&server) {
            true => format!("ALTER DATABASE \"{}\" OWNER TO \"{}\"", user.database_name, user.name),
            false => format!("GRANT ALL ON `{}`.* TO", user.database_name),
        };
        assert!(said.contains(&helps) && said.contains("denied"), "{said}");
    }
}

#[tokio::test]
async fn rights_that_are_granted_hold_for_the_next_statement() {
    for server in servers() {
        let database = Database::on(&server);
        let url = database.url.clone();
        tokio::task::spawn_blocking(move || drop(Store::open(&url, &silence()).unwrap())).await.unwrap();
        let user = User::on(&server, &database);
        user.may_read();
        let store = user.open().await;
        assert_lacks_rights(store.partition_claim_all("one".into(), at(1)).await);
        user.may_write();
        let epoch = store.partition_claim_all("one".into(), at(1)).await.unwrap();

        // The journal has a way of its own to the database.
        user.may_read();
        let store = user.open().await;
        let entries = vec![Entry::Open(due(JobId(7), 1))];
        let batch = Batch { epoch, journal: 0, entries, first_id: 1, checkpoints: Checkpoints::default() };
        assert_lacks_rights(store.ledger_commit(batch.clone()).await);
        user.may_write();
        store.ledger_commit(batch).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_is_read_only_is_called_so() {
    for server in servers().into_iter().filter(|server| is_postgres(server)) {
        let database = Database::on(&server);
        let url = database.url.clone();
        let name = url.rsplit('/').next().unwrap().to_owned();
        let store = tokio::task::spawn_blocking(move || Store::open(&url, &silence()).unwrap()).await.unwrap();
        // Its pool connects when it is first asked.
        execute(&server, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
        let error = store.partition_claim_all("one".into(), at(1)).await.unwrap_err();
        assert!(error.is_away() && error.away().unwrap().0.contains("read-only"), "{error:?}");
    }
}
