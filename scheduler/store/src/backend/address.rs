//! Reading the database's URL: which kind of database, where, as whom, and how the way there is secured.
//!
//! Nothing here connects. No text made here holds a password.

use crate::error::StoreError;
use crate::settings::StoreSettings;
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

impl StoreSettings {
    /// Refuses impossible values, the URL's included. Connects to nothing.
    ///
    /// # Errors
    /// [`StoreError::Url`] and [`StoreError::Setting`].
    pub fn check(&self) -> Result<(), StoreError> {
        self.check_bounds()?;
        Address::of(self).map(drop)
    }
}

impl Address {
    /// What the URL of these settings names.
    pub(super) fn of(settings: &StoreSettings) -> Result<Address, StoreError> {
        let (url, checks_certificate) = (settings.url.as_str(), settings.tls_ca.is_some());
        if let Some(path) = url.strip_prefix("sqlite://") {
            if checks_certificate {
                let reason = "an SQLite file is reached without TLS; leave it out".to_owned();
                return Err(StoreError::Setting { name: "tlsCa", reason });
            }
            return Ok(Address::Sqlite(path.to_owned()));
        }
        let refuse = |reason: &str| StoreError::Url { url: scheme_of(url), reason: reason.to_owned() };
        if is_torn(url) {
            return Err(refuse(ENCODE));
        }
        let parts = Url::parse(url).map_err(|error| refuse(&format!("it is no URL ({error})")))?;
        let server = |kind, port| Server::of(&parts, kind, port, checks_certificate).map_err(|why| refuse(&why));
        match parts.scheme() {
            "mysql" | "mariadb" => Ok(Address::MySql(server("MySQL", 3306)?)),
            "postgres" | "postgresql" => Ok(Address::Postgres(server("PostgreSQL", 5432)?)),
            _ => Err(refuse("its kind is not known")),
        }
    }
}

/// What to do about a URL that falls into other parts than were meant.
const ENCODE: &str = "a `#`, or an `@` behind the host, stands in it: characters of the user, the password or the database's \
    name must be percent-encoded (`@` is %40, `:` %3A, `/` %2F, `?` %3F, `#` %23, `%` %25)";

/// Whether the URL has a fragment, or an `@` behind what would be its host. A password that is not encoded does that, and parts
/// of it would be taken for host and database, which messages name.
fn is_torn(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let behind = rest.find(['/', '?']).and_then(|end| rest.get(end..)).unwrap_or_default();
    rest.contains('#') || behind.contains('@')
}

/// All that is shown of a URL that cannot be used: nobody knows which part of it is what.
fn scheme_of(url: &str) -> String {
    url.split_once("://").map_or_else(|| "…".to_owned(), |(scheme, _)| format!("{scheme}://…"))
}

impl Server {
    fn of(parts: &Url, kind: &'static str, usual_port: u16, checks_certificate: bool) -> Result<Server, String> {
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
        let tls = tls_mode(parts, &host, checks_certificate)?;
        Ok(Server { kind, port: parts.port().unwrap_or(usual_port), host, user, password, database, tls })
    }
}

/// The only parameter there is, `sslmode`. Without it: checked where authorities are named, else encrypted where the server
/// can, plain on this machine. Whoever names authorities wants the certificate checked: a mode that does not is refused.
fn tls_mode(parts: &Url, host: &str, checks_certificate: bool) -> Result<TlsMode, String> {
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
    match mode {
        Some(TlsMode::VerifyFull) => Ok(TlsMode::VerifyFull),
        Some(_) if checks_certificate => {
            let asked = "tlsCa names authorities, but this sslmode checks no certificate";
            Err(format!("{asked}; write sslmode=verify-full, or leave tlsCa out"))
        }
        Some(mode) => Ok(mode),
        None if checks_certificate => Ok(TlsMode::VerifyFull),
        None if is_loopback(host) => Ok(TlsMode::Disable),
        None => Ok(TlsMode::Prefer),
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
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
        match Address::of(&StoreSettings::new(url)) {
            Ok(Address::MySql(server) | Address::Postgres(server)) => server,
            other => panic!("{url} became {other:?}"),
        }
    }

    fn refusal(url: &str) -> String {
        Address::of(&StoreSettings::new(url)).err().map(|error| error.to_string()).unwrap_or_default()
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
            ("oracle://x", "not known"),
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
    fn a_password_that_is_not_encoded_is_refused_and_no_part_of_it_is_shown() {
        for url in [
            "mysql://sched:p@ss/w#1@127.0.0.1:20402/sched",
            "postgres://sched:p#ss@db/sched",
            "postgres://sched:p/ss@db/sched",
            "mysql://sched:p?ss@db/sched",
            "mysql://sched:ss@db/w#p",
        ] {
            let refusal = refusal(url);
            assert!(refusal.contains("%40") && refusal.contains("%23"), "{url}: {refusal}");
            assert!(
                !refusal.contains("ss/") && !refusal.contains("ss@") && !refusal.contains("127.0"),
                "{url}: {refusal}"
            );
        }
        assert_eq!(server("mysql://sched:p@ss@db/x").password.as_deref(), Some("p@ss"), "this one can be read");
    }

    #[test]
    fn whoever_names_authorities_has_the_certificate_checked() {
        let with_ca =
            |url: &str| Address::of(&StoreSettings { tls_ca: Some("ca.pem".into()), ..StoreSettings::new(url) });
        for url in ["postgres://me@db/x", "mysql://me@localhost/x", "mysql://me@db/x?sslmode=verify-full"] {
            let Ok(Address::MySql(server) | Address::Postgres(server)) = with_ca(url) else { panic!("{url}") };
            assert_eq!(server.tls, TlsMode::VerifyFull, "{url}");
        }
        for (url, words) in [
            ("postgres://me@db/x?sslmode=require", "sslmode=verify-full"),
            ("mysql://me@db/x?sslmode=disable", "leave tlsCa out"),
            ("sqlite://x", "without TLS"),
        ] {
            let refusal = with_ca(url).unwrap_err().to_string();
            assert!(refusal.contains("tlsCa") && refusal.contains(words), "{url}: {refusal}");
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
            let (shown, refusal) = (crate::shown_url::without_password(url), refusal(url));
            assert!(!shown.contains("secret") && !refusal.contains("secret"), "{url}: {shown}: {refusal}");
        }
        let there = server("mysql://root:secret@127.0.0.1/x");
        assert!(!format!("{there} {there:?}").contains("secret"));
    }
}
