//! Opening a database on a server: what is refused, with which words, and several who open at once.

use crate::database::{Database, execute, is_postgres, servers, with_database};
use crate::support::silence;
use hzm_job_store::{Store, StoreError, StoreSettings};
use std::net::TcpListener;
use std::time::Duration;

fn refusal(url: &str) -> StoreError {
    match Store::open(url, &silence()) {
        Ok(_) => panic!("{url} was opened"),
        Err(error) => error,
    }
}

/// The URL with this host and port.
fn at_place(url: &str, host: &str, port: u16) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_host(Some(host)).unwrap();
    url.set_port(Some(port)).unwrap();
    url.to_string()
}

/// A URL of each kind, where no server is needed.
const KINDS: [&str; 3] = ["mysql://me:secret@h/x", "mariadb://me:secret@h/x", "postgres://me:secret@h/x"];

#[test]
fn a_missing_database_is_named_with_the_statement_that_makes_it() {
    for server in servers() {
        let error = refusal(&with_database(&server, "hzm_test_missing"));
        let said = error.to_string();
        assert!(said.contains("hzm_test_missing") && said.contains("CREATE DATABASE"), "{said}");
        assert!(!error.is_away(), "waiting makes no database: {said}");
    }
}

/// A database whose texts are of another kind; gone when this is dropped.
struct Foreign {
    server: String,
    name: String,
}

impl Foreign {
    fn on(server: &str) -> Foreign {
        let name = format!("hzm_test_{}", uuid::Uuid::new_v4().simple());
        let texts = if is_postgres(server) {
            "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        } else {
            "CHARACTER SET latin1"
        };
        execute(server, &format!("CREATE DATABASE {name} {texts}"));
        Foreign { server: server.to_owned(), name }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        execute(&self.server, &format!("DROP DATABASE {}", self.name));
    }
}

#[test]
fn a_database_that_would_spoil_texts_is_refused_with_the_statement_that_helps() {
    for server in servers() {
        let foreign = Foreign::on(&server);
        let url = with_database(&server, &foreign.name);
        let error = refusal(&url);
        let said = error.to_string();
        let (found, helps) = match is_postgres(&server) {
            true => ("SQL_ASCII", format!("CREATE DATABASE \"{}_utf8\" ENCODING 'UTF8'", foreign.name)),
            false => ("latin1", format!("ALTER DATABASE `{}` CHARACTER SET utf8mb4", foreign.name)),
        };
        assert!(said.contains(found) && said.contains(&helps), "{said}");
        assert!(!error.is_away(), "waiting changes nothing: {said}");
        if !is_postgres(&server) {
            execute(&server, &format!("ALTER DATABASE `{}` CHARACTER SET utf8mb4", foreign.name));
            drop(Store::open(&url, &silence()).unwrap());
        }
    }
}

#[test]
fn a_stranger_is_refused_and_the_password_not_shown() {
    for server in servers() {
        let mut url = url::Url::parse(&server).unwrap();
        url.set_username("hzm_stranger").unwrap();
        url.set_password(Some("secret%2Fword")).unwrap();
        let error = refusal(url.as_str());
        let said = format!("{error} {error:?}");
        assert!(said.contains("hzm_stranger") && !said.contains("secret"), "{said}");
        assert!(!error.is_away(), "{said}");
    }
}

#[test]
fn a_server_that_is_not_there_may_come_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap().port();
    drop(listener);
    for kind in KINDS {
        let error = refusal(&at_place(kind, "127.0.0.1", free));
        let said = format!("{error} {error:?}");
        assert!(said.contains("refused") && said.contains(&free.to_string()) && !said.contains("secret"), "{said}");
        assert!(error.is_away(), "{said}");
    }
}

#[test]
fn a_host_that_nobody_knows_is_named() {
    for kind in KINDS {
        let error = refusal(&at_place(kind, "no-such-host.invalid", 1));
        assert!(error.is_away() && error.to_string().contains("no-such-host.invalid"), "{error}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for kind in KINDS {
        let connect_within = Duration::from_millis(200);
        let settings = StoreSettings { connect_within, ..StoreSettings::new(at_place(kind, "127.0.0.1", port)) };
        let error = Store::open_with(&settings, &silence()).err().unwrap();
        assert!(error.is_away() && error.to_string().contains("200ms"), "{error}");
    }
}

#[test]
fn an_impossible_setting_is_refused_before_anything_is_opened() {
    let settings = StoreSettings { pool_size: 1, ..StoreSettings::new("postgres://me@no-such-host.invalid/x") };
    let error = Store::open_with(&settings, &silence()).err().unwrap();
    assert!(matches!(error, StoreError::Setting { name: "poolSize", .. }) && !error.is_away(), "{error}");
}

#[test]
fn a_server_without_tls_is_not_spoken_to_when_tls_is_demanded() {
    for server in servers() {
        for mode in ["require", "verify-full"] {
            let database = Database::on(&server);
            let opened = Store::open(&format!("{}?sslmode={mode}", database.url), &silence());
            // A server that has TLS is not believed without its authority, and spoken to if nobody asked for one.
            match opened {
                Ok(_) => assert_eq!(mode, "require"),
                Err(error) => assert!(error.to_string().contains("TLS") && !error.is_away(), "{mode}: {error}"),
            }
            assert!(Store::open(&format!("{}?sslmode=prefer", database.url), &silence()).is_ok());
        }
    }
}

#[test]
fn six_who_open_a_fresh_database_at_once_all_succeed() {
    for server in servers() {
        let database = Database::on(&server);
        let url = &database.url;
        let errors: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| Store::open(url, &silence()))).collect();
            let opened = threads.into_iter().map(|thread| thread.join().unwrap());
            opened.filter_map(|opened| opened.err()).map(|error| error.to_string()).collect()
        });
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn a_database_that_a_newer_version_changed_is_refused_for_good() {
    for server in servers() {
        let database = Database::on(&server);
        drop(Store::open(&database.url, &silence()).unwrap());
        execute(&database.url, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
        let error = refusal(&database.url);
        assert!(!error.is_away() && error.to_string().contains("29990101000000"), "{error}");
    }
}

#[test]
fn definitions_that_a_crash_left_half_made_are_completed() {
    for server in servers().into_iter().filter(|server| !is_postgres(server)) {
        let database = Database::on(&server);
        let ledger = include_str!("../../../../migrations/mysql/2026-11-22-000000_ledger/up.sql");
        let half = ledger.split("CREATE TABLE IF NOT EXISTS job_checkpoint").next().unwrap();
        execute(&database.url, half);
        drop(Store::open(&database.url, &silence()).unwrap());
        // And as if every definition had been made, but none recorded.
        execute(&database.url, "DELETE FROM __diesel_schema_migrations");
        drop(Store::open(&database.url, &silence()).unwrap());
    }
}

#[tokio::test]
async fn an_open_store_gives_a_sign_of_life() {
    for kind in crate::database::kinds() {
        let database = Database::on(&kind);
        let store = Store::open(&database.url, &silence()).unwrap();
        store.ping().await.unwrap();
    }
}

/// Servers with a certificate for the host in their URL, signed by the authority in the file `TEST_TLS_CA`.
fn tls_servers() -> Option<(Vec<String>, std::path::PathBuf)> {
    let (urls, ca) = (std::env::var("TEST_TLS_DATABASE_URLS").ok()?, std::env::var_os("TEST_TLS_CA")?);
    Some((urls.split(',').map(|url| url.trim().to_owned()).collect(), ca.into()))
}

#[test]
fn a_server_is_believed_when_its_authority_is_and_spoken_to_in_secret() {
    let Some((servers, ca)) = tls_servers() else { return };
    for server in servers {
        let database = Database::on(&server);
        let url = |mode: &str| format!("{}?sslmode={mode}", database.url);
        for mode in ["require", "prefer"] {
            Store::open(&url(mode), &silence()).unwrap();
        }
        let settings = StoreSettings { tls_ca: Some(ca.clone()), ..StoreSettings::new(url("verify-full")) };
        let store = Store::open_with(&settings, &silence()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.ping()).unwrap();
        let error = refusal(&url("verify-full"));
        assert!(error.to_string().contains("TLS") && !error.is_away(), "no authority of the web signed it: {error}");
    }
}
