//! How the store is to be opened: the URL and the bounds. Every value has a default; impossible ones are refused.

use crate::error::StoreError;
use crate::shown_url::without_password;
use crate::vault::Vault;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Connections that a pool may have.
const POOL_SIZES: std::ops::RangeInclusive<u32> = 2..=64;
/// No bound may be shorter than this or longer than an hour.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3_600);

/// Where the database is and how patient the store is with it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `sqlite://PATH`, `mysql://USER:PASSWORD@HOST:PORT/DATABASE` (also `mariadb://`) or `postgres://…` (also
    /// `postgresql://`); the latter two may end in `?sslmode=disable|prefer|require|verify-full`.
    pub url: String,
    /// Connections to MySQL or PostgreSQL at most, 2 to 64 (default 8). SQLite has one writer and four readers, always.
    pub pool_size: u32,
    /// How long making a connection, or waiting for a free one, may take (default five seconds); on SQLite also how long
    /// a lock that another process holds is waited for.
    pub connect_within: Duration,
    /// How long a statement may take before the server ends it (default thirty seconds); not on SQLite. MySQL (not
    /// MariaDB) knows such a bound for queries only.
    pub statement_within: Duration,
    /// A file of certificates (PEM) of the authorities that the server's certificate may come from, which makes
    /// `sslmode=verify-full` the default and refuses the others; `None`: those of the web.
    pub tls_ca: Option<PathBuf>,
    /// The key of the database; by default none, for tools and tests that need none.
    pub vault: Vault,
}

impl StoreSettings {
    /// The defaults for this URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> StoreSettings {
        StoreSettings {
            url: url.into(),
            pool_size: 8,
            connect_within: Duration::from_secs(5),
            statement_within: Duration::from_secs(30),
            tls_ca: None,
            vault: Vault::default(),
        }
    }

    /// Refuses impossible bounds. The URL is read by who knows the databases.
    pub(crate) fn check_bounds(&self) -> Result<(), StoreError> {
        let refuse = |name, reason| Err(StoreError::Setting { name, reason });
        if !POOL_SIZES.contains(&self.pool_size) {
            let (least, most) = (POOL_SIZES.start(), POOL_SIZES.end());
            return refuse("poolSize", format!("{} is not between {least} and {most}", self.pool_size));
        }
        for (name, bound) in [("connectWithinMs", self.connect_within), ("statementWithinMs", self.statement_within)] {
            if !(SHORTEST..=LONGEST).contains(&bound) {
                return refuse(name, format!("{bound:?} is not between {SHORTEST:?} and one hour"));
            }
        }
        Ok(())
    }
}

// By hand, because the URL may hold a password.
impl fmt::Debug for StoreSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoreSettings")
            .field("url", &without_password(&self.url))
            .field("pool_size", &self.pool_size)
            .field("connect_within", &self.connect_within)
            .field("statement_within", &self.statement_within)
            .field("tls_ca", &self.tls_ca)
            .field("vault", &self.vault)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(settings: StoreSettings) -> String {
        settings.check_bounds().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_defaults_are_possible() {
        assert_eq!(refusal(StoreSettings::new("sqlite://x")), "");
    }

    #[test]
    fn impossible_bounds_are_refused_by_name_and_value() {
        for size in [0, 1, 65] {
            let refusal = refusal(StoreSettings { pool_size: size, ..StoreSettings::new("sqlite://x") });
            assert!(refusal.contains("poolSize") && refusal.contains("between 2 and 64"), "{refusal}");
        }
        let settings = StoreSettings { connect_within: Duration::ZERO, ..StoreSettings::new("sqlite://x") };
        assert!(refusal(settings).contains("connectWithinMs"));
        let settings =
            StoreSettings { statement_within: Duration::from_secs(9_999), ..StoreSettings::new("sqlite://x") };
        assert!(refusal(settings).contains("statementWithinMs"));
    }

    #[test]
    fn printed_settings_show_no_password() {
        let shown = format!("{:?}", StoreSettings::new("mysql://root:secret@db/ledger"));
        assert!(!shown.contains("secret") && shown.contains("db/ledger"), "{shown}");
    }
}
