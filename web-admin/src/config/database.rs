//! Which database, and how it is reached: `hzm.job.admin.database` and the original's `hzm.job.admin.mysql`.
//!
//! A URL may hold a password, so neither is ever shown: `Debug` hides it, and no message repeats a value of a URL.

use super::secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// The schemes that a URL may begin with.
const SCHEMES: [&str; 5] = ["sqlite://", "mysql://", "mariadb://", "postgres://", "postgresql://"];

/// The database: `hzm.job.admin.database`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseConfig {
    /// `sqlite://PATH`, `mysql://USER:PASSWORD@HOST:PORT/NAME` or `postgres://...`; empty (the default): the file
    /// `ledger.sqlite` in the data folder, or the server that `mysql` names.
    pub url: String,
    /// Connections to the database, 2 to 64; default 8.
    pub pool_size: u16,
    /// How long a connection may take to come about, in milliseconds, 100 to 60,000; default 5,000.
    pub connect_within_ms: u64,
    /// How long a statement may take before the server ends it, in milliseconds, 1,000 to 600,000; default 30,000.
    pub statement_within_ms: u64,
    /// A file with the certificates (PEM) of the authorities that the server's certificate may come from. Whoever names one
    /// has the certificate checked (`sslmode=verify-full`). Empty (the default): those that browsers trust, and only checked
    /// with `sslmode=verify-full`.
    pub tls_ca: PathBuf,
}

/// The original's database: `hzm.job.admin.mysql`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct MySqlConfig {
    /// The server's name; default `localhost`.
    pub host: String,
    /// The server's port; default 3306.
    pub port: u16,
    /// The user.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// The database's name.
    pub dbname: String,
    /// How the way there is secured: `disable`, `prefer`, `require` or `verify-full`; empty (the default): `verify-full` with
    /// `database.tlsCa`, else `disable` on this machine and `prefer` elsewhere.
    pub sslmode: String,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        DatabaseConfig {
            url: String::new(),
            pool_size: 8,
            connect_within_ms: 5_000,
            statement_within_ms: 30_000,
            tls_ca: PathBuf::new(),
        }
    }
}

impl Default for MySqlConfig {
    fn default() -> Self {
        MySqlConfig {
            host: "localhost".to_owned(),
            port: 3306,
            username: String::new(),
            password: Secret::default(),
            dbname: String::new(),
            sslmode: String::new(),
        }
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = SCHEMES.into_iter().find(|scheme| self.url.starts_with(scheme)).unwrap_or_default();
        f.debug_struct("DatabaseConfig")
            .field("url", &format_args!("{scheme}(hidden)"))
            .field("pool_size", &self.pool_size)
            .field("connect_within_ms", &self.connect_within_ms)
            .field("statement_within_ms", &self.statement_within_ms)
            .field("tls_ca", &self.tls_ca)
            .finish()
    }
}

impl DatabaseConfig {
    /// The first value that cannot be used: its key below `database`, and what to do.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let known = self.url.is_empty() || SCHEMES.iter().any(|scheme| self.url.starts_with(scheme));
        let checks = [
            (
                "url",
                known,
                "give sqlite://PATH, mysql://USER:PASSWORD@HOST:PORT/NAME or postgres://USER:PASSWORD@HOST:PORT/NAME",
            ),
            ("poolSize", (2..=64).contains(&self.pool_size), "give a number from 2 to 64"),
            ("connectWithinMs", (100..=60_000).contains(&self.connect_within_ms), "give a number from 100 to 60000"),
            (
                "statementWithinMs",
                (1_000..=600_000).contains(&self.statement_within_ms),
                "give a number from 1000 to 600000",
            ),
        ];
        checks.into_iter().find(|(_, is_fine, _)| !is_fine).map_or(Ok(()), |(key, _, advice)| Err((key, advice)))
    }
}

impl MySqlConfig {
    /// The same as a URL. Names and password are percent-encoded, so that any character may stand in them.
    pub(super) fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { encoded(&self.host) };
        let user = encoded(&self.username);
        let login = if self.password.0.is_empty() { user } else { format!("{user}:{}", encoded(&self.password.0)) };
        let mode = if self.sslmode.is_empty() { String::new() } else { format!("?sslmode={}", encoded(&self.sslmode)) };
        format!("mysql://{login}@{host}:{}/{}{mode}", self.port, encoded(&self.dbname))
    }

    /// The first value that cannot be used: its key below `mysql`, and what to do.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let checks = [
            ("host", !self.host.trim().is_empty(), "give the name of the server"),
            ("host", self.is_host(), "give the server's name or address alone; its port stands in mysql.port"),
            ("port", self.port > 0, "give the port of the server, 1 to 65535"),
            ("username", !self.username.is_empty(), "give the user to log in to the database with"),
            ("dbname", !self.dbname.is_empty(), "give the name of the database"),
            (
                "sslmode",
                ["", "disable", "prefer", "require", "verify-full"].contains(&self.sslmode.as_str()),
                "give disable, prefer, require or verify-full",
            ),
        ];
        checks.into_iter().find(|(_, is_fine, _)| !is_fine).map_or(Ok(()), |(key, _, advice)| Err((key, advice)))
    }

    /// Whether the host is one: a colon stands in addresses of IPv6 only.
    fn is_host(&self) -> bool {
        !self.host.contains(':') || self.host.parse::<std::net::Ipv6Addr>().is_ok()
    }
}

/// The block `mysql` where it stands in the file. One without a key of its own (`mysql:` with every line below it commented
/// out) is a mistake: it would mean the embedded database in silence.
pub(super) fn block<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<MySqlConfig>, D::Error> {
    let found = Option::<MySqlConfig>::deserialize(from)?;
    let missing = "names no database; give host, username, password and dbname below it, or remove the line";
    found.map(Some).ok_or_else(|| serde::de::Error::custom(missing))
}

/// A text as a part of a URL: everything but letters, digits and `-._~` by its bytes.
fn encoded(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_block_becomes_a_url_whatever_stands_in_it() {
        let mut mysql = MySqlConfig { username: "root".into(), dbname: "hzm_job".into(), ..MySqlConfig::default() };
        assert_eq!(mysql.url(), "mysql://root@localhost:3306/hzm_job");
        mysql.password = Secret("p@ss:w/rd #1 密".into());
        assert_eq!(mysql.url(), "mysql://root:p%40ss%3Aw%2Frd%20%231%20%E5%AF%86@localhost:3306/hzm_job");
        let url = url::Url::parse(&mysql.url()).unwrap();
        assert_eq!((url.host_str(), url.port(), url.path()), (Some("localhost"), Some(3306), "/hzm_job"));
        mysql.host = "::1".into();
        assert!(mysql.url().ends_with("@[::1]:3306/hzm_job"), "an address of IPv6 stands in brackets");
    }

    #[test]
    fn a_url_is_never_shown_for_it_may_hold_a_password() {
        let url = "postgres://ann:s3cret@db/hzm".to_owned();
        let shown = format!("{:?}", DatabaseConfig { url, ..DatabaseConfig::default() });
        assert!(shown.contains("postgres://(hidden)") && !shown.contains("s3cret"), "{shown}");
    }
}
