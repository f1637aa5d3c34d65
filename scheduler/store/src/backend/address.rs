//! Reading the database's URL: which kind of database, where, as whom, and how the way there is secured.
//!
//! Nothing here connects. No text made here holds a password.

use crate::error::StoreError;
use crate::shown_url::without_password;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::net::IpAddr;
use url::Url;

/// What a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// The path of a SQLite file.
    Sqlite(String),
    MySql(Server),
    Postgres(Server),
}

/// A database on a server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// `MySQL` (MariaDB included) or `PostgreSQL`, for messages.
    pub(super) kind: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) database: String,
    pub(super) tls: TlsMode,
}

/// How the connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsMode {
    /// Plain.
    Disable,
    /// Encrypted when the server can, whoever it is.
    Prefer,
    /// Encrypted, whoever the server is.
    Require,
    /// Encrypted, and the server's certificate must be for its name and signed by a trusted authority.
    VerifyFull,
}

impl Address {
    pub(super) fn of(url: &str) -> Result<Address, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Ok(Address::Sqlite(path.to_owned()));
        }
        let refuse = |reason: &str| StoreError::Url { url: without_password(url), reason: reason.to_owned() };
        let parts = Url::parse(url).map_err(|error| refuse(&format!("it is no URL ({error})")))?;
        match parts.scheme() {
            "mysql" | "mariadb" => Ok(Address::MySql(Server::of(&parts, "MySQL", 3306).map_err(|why| refuse(&why))?)),
            "postgres" | "postgresql" => {
                Ok(Address::Postgres(Server::of(&parts, "PostgreSQL", 5432).map_err(|why| refuse(&why))?))
            }
            other => Err(refuse(&format!("{other:?} is of no known kind"))),
        }
    }
}

impl Server {
    fn of(parts: &Url, kind: &'static str, usual_port: u16) -> Result<Server, String> {
        let host = parts.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        let host = decoded("host", host.trim_start_matches('[').trim_end_matches(']'))?;
        let user = decoded("user", parts.username())?;
        if user.is_empty() {
            return Err("it names no user".into());
        }
        let database = decoded("database", parts.path().trim_start_matches('/'))?;
        if database.is_empty() || database.contains('/') {
            return Err("it names no database; write the database's name after the host, such as …/hzm_job".into());
        }
        let password = parts.password().map(|text| decoded("password", text)).transpose()?;
        let tls = tls_mode(parts, &host)?;
        Ok(Server { kind, port: parts.port().unwrap_or(usual_port), host, user, password, database, tls })
    }
}

/// The only parameter there is, `sslmode`. Without it: encrypted where the server can, plain on this machine.
fn tls_mode(parts: &Url, host: &str) -> Result<TlsMode, String> {
    let mut mode = None;
    for (name, value) in parts.query_pairs() {
        if name != "sslmode" {
            return Err(format!("its parameter {name:?} is unknown; known: sslmode"));
        }
        let known = match value.as_ref() {
            "disable" => TlsMode::Disable,
            "prefer" => TlsMode::Prefer,
            "require" => TlsMode::Require,
            "verify-full" => TlsMode::VerifyFull,
            other => {
                return Err(format!("sslmode {other:?} is unknown; known: disable, prefer, require, verify-full"));
            }
        };
        if mode.replace(known).is_some() {
            return Err("sslmode is given twice".into());
        }
    }
    Ok(mode.unwrap_or(if is_loopback(host) { TlsMode::Disable } else { TlsMode::Prefer }))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn decoded(what: &str, text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| format!("its {what} is not UTF-8"))?;
    if text.contains('\0') {
        return Err(format!("its {what} contains a NUL character"));
    }
    Ok(text.into_owned())
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { kind, host, port, user, database, .. } = self;
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        write!(out, "the {kind} database {database:?} on {open}{host}{close}:{port} as user {user:?}")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self} with TLS {:?}", self.tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        match Address::of(url) {
            Ok(Address::MySql(server) | Address::Postgres(server)) => server,
            other => panic!("{url} became {other:?}"),
        }
    }

    fn refusal(url: &str) -> String {
        Address::of(url).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_url_names_kind_place_user_and_database() {
        let found = server("mysql://us%40er:p%2Fw@db.example:3307/led%20ger?sslmode=require");
        assert_eq!((found.kind, found.host.as_str(), found.port), ("MySQL", "db.example", 3307));
        assert_eq!((found.user.as_str(), found.password.as_deref()), ("us@er", Some("p/w")));
        assert_eq!((found.database.as_str(), found.tls), ("led ger", TlsMode::Require));
        let found = server("postgresql://me@[::1]/ledger");
        assert_eq!((found.kind, found.host.as_str(), found.port, found.password), ("PostgreSQL", "::1", 5432, None));
        assert_eq!(server("mariadb://me@h/x").port, 3306);
    }

    #[test]
    fn the_way_is_encrypted_where_the_server_can_unless_it_is_this_machine() {
        assert_eq!(server("postgres://me@db/x").tls, TlsMode::Prefer);
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert_eq!(server(&format!("postgres://me@{host}/x")).tls, TlsMode::Disable, "{host}");
        }
        assert_eq!(server("mysql://me@localhost/x?sslmode=verify-full").tls, TlsMode::VerifyFull);
    }

    #[test]
    fn mistakes_are_named() {
        for (url, words) in [
            ("oracle://x", "oracle"),
            ("mysql://db/x", "no user"),
            ("mysql://me@db", "no database"),
            ("mysql://me@db/", "no database"),
            ("mysql://me@db/a/b", "no database"),
            ("mysql://me@/x", ""),
            ("postgres://me@db/x?sslmode=verify-ca", "verify-full"),
            ("postgres://me@db/x?ssl=1", "\"ssl\" is unknown"),
            ("postgres://me@db/x?sslmode=require&sslmode=disable", "twice"),
            ("postgres://me@db:99999/x", "no URL"),
            ("postgres://m%00e@db/x", "NUL"),
            ("ledger.sqlite", "sqlite://"),
        ] {
            let refusal = refusal(url);
            assert!(!refusal.is_empty() && refusal.contains(words), "{url}: {refusal}");
        }
    }

    #[test]
    fn nothing_that_is_shown_holds_a_password() {
        for url in [
            "mysql://root:secret@127.0.0.1/x?ssl=secret",
            "mysql://root:secret",
            "mysql://root:secret/x",
            "mysql://root:se/secret@h:70000/x",
            "postgres://root:s@secret@h/",
            "postgres://h/x?password=secret",
        ] {
            let (shown, refusal) = (without_password(url), refusal(url));
            assert!(!shown.contains("secret") && !refusal.contains("secret"), "{url}: {shown}: {refusal}");
        }
        let there = server("mysql://root:secret@127.0.0.1/x");
        assert!(!format!("{there} {there:?}").contains("secret"));
    }
}
