//! PostgreSQL: how a connection is made, what each session is set to, and the lock under which the schema changes.

use super::address::{Server, TlsMode};
use super::refusal::{Refusal, with_grant};
use super::{mysql::whole_seconds, tls};
use crate::error::{StoreError, chain};
use crate::migrate;
use crate::settings::StoreSettings;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The oldest version that is served.
const OLDEST: i64 = 12;
/// The key of the advisory lock of whoever changes the schema: "hzmjob" as a number.
const LOCK: i64 = 0x687a_6d6a_6f62;

#[derive(QueryableByName)]
struct Shown {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    encoding: String,
}

#[derive(QueryableByName)]
struct Secured {
    #[diesel(sql_type = Bool)]
    ssl: bool,
}

/// Makes a connection, within the time allowed.
pub(super) async fn connect(server: &Server, settings: &StoreSettings) -> Result<AsyncPgConnection, Refusal> {
    let within = settings.connect_within;
    let made = tokio::time::timeout(within, async {
        let mut conn = link(server, settings).await?;
        let bound = settings.statement_within.as_millis();
        // A transaction whose client vanished must not hold its locks for ever.
        let session = format!(
            "SET statement_timeout = {bound}; SET lock_timeout = {bound}; \
             SET idle_in_transaction_session_timeout = {bound}; SET client_min_messages = warning; \
             SET default_transaction_isolation = 'read committed'"
        );
        conn.batch_execute(&session).await.map_err(|error| Refusal::passing(error.to_string()))?;
        Ok(conn)
    });
    made.await.unwrap_or_else(|_| Err(Refusal::too_slow(within, server)))
}

async fn link(server: &Server, settings: &StoreSettings) -> Result<AsyncPgConnection, Refusal> {
    let refuse = |error| refusal(&error, server);
    let config = config(server, settings);
    let made = if server.tls == TlsMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(refuse)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    } else {
        let secured = MakeRustlsConnect::new(tls::client_config(server.tls, settings.tls_ca.as_deref())?);
        let (client, connection) = config.connect(secured).await.map_err(refuse)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    };
    made.map_err(|error| Refusal::passing(chain(&error)))
}

fn config(server: &Server, settings: &StoreSettings) -> Config {
    let mut config = Config::new();
    config.host(&server.host).port(server.port).user(&server.user).dbname(&server.database);
    if let Some(password) = &server.password {
        config.password(password);
    }
    config.application_name("hzm-job").connect_timeout(settings.connect_within).ssl_mode(match server.tls {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyFull => SslMode::Require,
    });
    // A server that vanished without a word is noticed, also in the middle of a statement.
    config.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    config.tcp_user_timeout(settings.statement_within + Duration::from_secs(10));
    config
}

fn refusal(error: &tokio_postgres::Error, server: &Server) -> Refusal {
    let Some(said) = error.as_db_error() else {
        let text = chain(error);
        return match Refusal::of_transport(error, server) {
            _ if text.contains("does not support TLS") => Refusal::no_tls(),
            Some(refusal) => refusal,
            None if text.contains("timed out") || text.contains("closed") => Refusal::passing(text),
            None if text.contains("password") => Refusal::wrong_login(&text),
            None if text.contains("unexpected message") => Refusal::lasting(format!(
                "what listens there speaks another language ({text}); is it a PostgreSQL server?"
            )),
            None => Refusal::lasting(text),
        };
    };
    match *said.code() {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Refusal::wrong_login(said.message())
        }
        SqlState::INVALID_CATALOG_NAME => {
            let create = format!("CREATE DATABASE \"{}\" ENCODING 'UTF8' TEMPLATE template0", server.database);
            Refusal::missing_database(server, &create)
        }
        SqlState::TOO_MANY_CONNECTIONS
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN => Refusal::passing(said.message()),
        _ => Refusal::lasting(said.message()),
    }
}

/// Whether this session is encrypted, as the server sees it.
pub(super) async fn is_encrypted(conn: &mut AsyncPgConnection) -> Result<bool, StoreError> {
    let asked = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let shown: Vec<Secured> = asked.load(conn).await?;
    Ok(shown.iter().any(|shown| shown.ssl))
}

/// Refuses a server that is too old, then brings the schema up to date; `conn` is used up.
pub(super) async fn prepare(mut conn: AsyncPgConnection, server: &Server, wait: Duration) -> Result<(), StoreError> {
    let asked =
        "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding";
    let shown: Shown = diesel::sql_query(asked).get_result(&mut conn).await?;
    check_version(&shown.version).map_err(|refusal| refusal.into_error(server))?;
    check_encoding(&shown.encoding, &server.database).map_err(|refusal| refusal.into_error(server))?;
    // An index over millions of runs takes longer than a statement usually may.
    let seconds = whole_seconds(wait);
    conn.batch_execute(&format!("SET statement_timeout = 0; SET lock_timeout = '{seconds}s'")).await?;
    let lock = format!("SELECT pg_advisory_lock({LOCK})");
    if conn.batch_execute(&lock).await.is_err() {
        let reason = format!("another program has been changing its schema for more than {seconds} s");
        return Err(Refusal::passing(reason).into_error(server));
    }
    // The lock ends with the session, that is here in any case.
    let grant = format!("ALTER DATABASE \"{}\" OWNER TO \"{}\"", server.database, server.user);
    migrate::apply(&mut AsyncMigrationHarness::new(conn), migrate::POSTGRES).map_err(|error| with_grant(error, &grant))
}

/// Nothing changes the encoding of a database that is there.
fn check_encoding(found: &str, database: &str) -> Result<(), Refusal> {
    if found == "UTF8" {
        return Ok(());
    }
    let helps = format!(
        "name a database that is made with `CREATE DATABASE \"{database}_utf8\" ENCODING 'UTF8' TEMPLATE template0`"
    );
    Err(Refusal::wrong_charset(found, &helps))
}

/// `server_version_num`: 150020 is 15.20.
fn check_version(number: &str) -> Result<(), Refusal> {
    match number.trim().parse::<i64>() {
        Ok(version) if version >= OLDEST * 10_000 => Ok(()),
        Ok(version) => Err(Refusal::lasting(format!(
            "the server is PostgreSQL {}.{}, which is too old; {OLDEST} or newer is needed",
            version / 10_000,
            version % 10_000
        ))),
        Err(_) => Err(Refusal::lasting(format!("the server's version {number:?} cannot be read"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_whose_texts_lack_characters_is_refused_with_another_one_to_make() {
        assert!(check_encoding("UTF8", "ledger").is_ok());
        for short in ["SQL_ASCII", "LATIN1", "EUC_CN"] {
            let refusal = check_encoding(short, "ledger").unwrap_err();
            assert!(!refusal.is_passing && refusal.reason.contains("ENCODING 'UTF8'"), "{}", refusal.reason);
        }
    }

    #[test]
    fn servers_before_version_12_are_refused() {
        assert!(check_version("120000").is_ok() && check_version("150020").is_ok());
        let refusal = check_version("110022").unwrap_err();
        assert!(!refusal.is_passing && refusal.reason.contains("11.22"), "{}", refusal.reason);
        assert!(check_version("what").is_err());
    }
}
