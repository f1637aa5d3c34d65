//! MySQL and MariaDB: how a connection is made, what each session is set to, and the lock under which the schema changes.

use super::address::{Server, TlsMode};
use super::refusal::{Refusal, with_grant};
use super::tls;
use crate::error::{StoreError, chain};
use crate::migrate;
use crate::settings::StoreSettings;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncMigrationHarness, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder};
use std::time::Duration;

/// The smallest `max_allowed_packet` that is worked with, in bytes: a server closes the connection on a longer statement.
pub(super) const LEAST_PACKET: i64 = 1 << 20;

#[derive(QueryableByName)]
struct Room {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = Text)]
    charset: String,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Nullable<BigInt>)]
    taken: Option<i64>,
}

#[derive(QueryableByName)]
struct Cipher {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Makes a connection, within the time allowed.
pub(super) async fn connect(server: &Server, settings: &StoreSettings) -> Result<AsyncMysqlConnection, Refusal> {
    let within = settings.connect_within;
    let made = tokio::time::timeout(within, async {
        let conn = link(server, settings).await?;
        let mut conn = AsyncMysqlConnection::try_from(conn).await.map_err(|error| Refusal::passing(chain(&error)))?;
        let session = session(settings.statement_within);
        conn.batch_execute(&session).await.map_err(|error| Refusal::lasting(error.to_string()))?;
        // On every connection: both may be changed on a running server, and hold for connections made afterwards.
        let room = "SELECT CAST(@@max_allowed_packet AS SIGNED) AS bytes, @@character_set_database AS charset";
        let room = diesel::sql_query(room).get_result(&mut conn).await;
        let room: Room = room.map_err(|error| Refusal::passing(error.to_string()))?;
        check_packet(room.bytes)?;
        check_charset(&room.charset, &server.database)?;
        Ok(conn)
    });
    made.await.unwrap_or_else(|_| Err(Refusal::too_slow(within, server)))
}

async fn link(server: &Server, settings: &StoreSettings) -> Result<Conn, Refusal> {
    let ssl = tls::ssl_opts(server.tls, settings.tls_ca.as_deref())?;
    let opts = OptsBuilder::default()
        .ip_or_hostname(&*server.host)
        .tcp_port(server.port)
        .user(Some(&*server.user))
        .pass(server.password.as_deref())
        .db_name(Some(&*server.database))
        // Over the address that was asked for, not over a socket that the server names.
        .prefer_socket(false)
        .tcp_keepalive(Some(30_000_u32))
        // diesel keeps statements itself, and needs updates to count the rows they match.
        .stmt_cache_size(0)
        .client_found_rows(true);
    match Conn::new(opts.clone().ssl_opts(ssl)).await {
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if server.tls == TlsMode::Prefer => {
            Conn::new(opts).await.map_err(|error| refusal(&error, server))
        }
        made => made.map_err(|error| refusal(&error, server)),
    }
}

/// What each session is set to. READ COMMITTED, because the default locks gaps between keys on inserts; strict, because
/// otherwise a text that is too long is cut in silence; English, because messages are told apart by their words. The
/// bounds have one name on MariaDB and another on MySQL, which each skip the comment that is for the other.
fn session(bound: Duration) -> String {
    let (millis, seconds) = (bound.as_millis(), whole_seconds(bound));
    format!(
        "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
         lc_messages = 'en_US', innodb_lock_wait_timeout = {seconds} \
         /*M! , max_statement_time = {seconds}, idle_transaction_timeout = {seconds} */ \
         /*!80000 , max_execution_time = {millis} */; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
}

/// A bound in whole seconds, at least one.
pub(super) fn whole_seconds(bound: Duration) -> u64 {
    bound.as_secs().max(1)
}

fn refusal(error: &Error, server: &Server) -> Refusal {
    let said = match error {
        Error::Server(said) => said,
        Error::Driver(DriverError::NoClientSslFlagFromServer) => return Refusal::no_tls(),
        Error::Driver(DriverError::ConnectionClosed) => return Refusal::passing(error.to_string()),
        Error::Io(IoError::Io(_) | IoError::Tls(_)) => {
            return Refusal::of_transport(error, server).unwrap_or_else(|| Refusal::passing(chain(error)));
        }
        other => return Refusal::lasting(chain(other)),
    };
    match said.code {
        1044 => Refusal::no_database_for(server, &said.message),
        1045 | 1130 | 1698 => Refusal::wrong_login(&said.message),
        1049 => {
            let create = format!("CREATE DATABASE `{}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", server.database);
            Refusal::missing_database(server, &create)
        }
        // Too many connections, shutting down, killed.
        1040 | 1053 | 1203 | 1226 | 1927 => Refusal::passing(&*said.message),
        _ => Refusal::lasting(&*said.message),
    }
}

/// Whether this session is encrypted, as the server sees it.
pub(super) async fn is_encrypted(conn: &mut AsyncMysqlConnection) -> Result<bool, StoreError> {
    let shown: Vec<Cipher> = diesel::sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").load(conn).await?;
    Ok(shown.iter().any(|shown| !shown.value.is_empty()))
}

/// Refuses a server that is too old, then brings the schema up to date; `conn` is used up.
pub(super) async fn prepare(mut conn: AsyncMysqlConnection, server: &Server, wait: Duration) -> Result<(), StoreError> {
    let version: Version = diesel::sql_query("SELECT VERSION() AS version").get_result(&mut conn).await?;
    check_version(&version.version).map_err(|refusal| refusal.into_error(server))?;
    // An index over millions of runs takes longer than a statement usually may. On MySQL the bound is for queries only.
    conn.batch_execute("SET SESSION sql_safe_updates = 0 /*M! , max_statement_time = 0 */").await?;
    let seconds = whole_seconds(wait);
    // Locks are the server's, not the database's: the name tells which schema is meant.
    let lock = format!("SELECT CAST(GET_LOCK(CONCAT('hzm-job ', SHA1(DATABASE())), {seconds}) AS SIGNED) AS taken");
    let lock: Lock = diesel::sql_query(lock).get_result(&mut conn).await?;
    if lock.taken != Some(1) {
        let reason = format!("another program has been changing its schema for more than {seconds} s");
        return Err(Refusal::passing(reason).into_error(server));
    }
    // The lock ends with the session, that is here in any case.
    let grant = format!("GRANT ALL ON `{}`.* TO '{}'@'…'", server.database, server.user);
    migrate::apply(&mut AsyncMigrationHarness::new(conn), migrate::MYSQL).map_err(|error| with_grant(error, &grant))
}

/// The texts of a batch are read out of JSON, and come in the database's own character set on their way into the tables.
fn check_charset(found: &str, database: &str) -> Result<(), Refusal> {
    if found == "utf8mb4" {
        return Ok(());
    }
    let helps = format!("change that with `ALTER DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`");
    Err(Refusal::wrong_charset(found, &helps))
}

/// Without room for its largest rows a ledger would work until one of them comes.
fn check_packet(bytes: i64) -> Result<(), Refusal> {
    if bytes >= LEAST_PACKET { Ok(()) } else { Err(Refusal::small_packets(bytes, LEAST_PACKET)) }
}

/// `10.11.19-MariaDB-…` or `8.0.36`: JSON_TABLE came with MariaDB 10.6; MySQL reads null in it as NULL
/// since 8.0.21, and as an error or a text before.
fn check_version(text: &str) -> Result<(), Refusal> {
    let is_mariadb = text.to_ascii_lowercase().contains("mariadb");
    let (name, oldest) = if is_mariadb { ("MariaDB", [10, 6, 0]) } else { ("MySQL", [8, 0, 21]) };
    let number = text.split(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap_or_default();
    let parts: Vec<u32> = number.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts.len() < 2 {
        return Err(Refusal::lasting(format!("the server's version {text:?} cannot be read")));
    }
    if parts.as_slice() >= oldest.as_slice() {
        return Ok(());
    }
    let oldest = if is_mariadb { "MariaDB 10.6" } else { "MySQL 8.0.21" };
    Err(Refusal::lasting(format!("the server is {name} {number}, which is too old; {oldest} or newer is needed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_without_json_tables_are_refused() {
        for good in [
            "10.11.19-MariaDB-0+deb12u1",
            "10.6.0-MariaDB",
            "11.4.2-MariaDB-log",
            "8.0.21",
            "8.4.0-commercial",
            "9.1.0",
        ] {
            assert!(check_version(good).is_ok(), "{good}");
        }
        for (old, shown) in
            [("10.5.99-MariaDB", "MariaDB 10.5.99"), ("8.0.20-log", "MySQL 8.0.20"), ("5.7.44", "MySQL 5.7.44")]
        {
            let refusal = check_version(old).unwrap_err();
            assert!(!refusal.is_passing && refusal.reason.contains(shown), "{}", refusal.reason);
        }
        assert!(check_version("what").is_err());
    }

    #[test]
    fn a_database_whose_texts_lack_characters_is_refused_with_what_to_change() {
        assert!(check_charset("utf8mb4", "ledger").is_ok());
        for short in ["latin1", "utf8mb3", "ascii"] {
            let refusal = check_charset(short, "ledger").unwrap_err();
            assert!(!refusal.is_passing && refusal.reason.contains("ALTER DATABASE `ledger`"), "{}", refusal.reason);
        }
    }

    #[test]
    fn a_server_that_takes_no_large_rows_is_refused_with_what_to_set() {
        assert!(check_packet(LEAST_PACKET).is_ok() && check_packet(16 << 20).is_ok());
        let refusal = check_packet(65_536).unwrap_err();
        assert!(!refusal.is_passing && refusal.reason.contains("max_allowed_packet is 65536"), "{}", refusal.reason);
    }
}
