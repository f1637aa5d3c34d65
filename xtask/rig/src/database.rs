//! The databases that an admin can run on.

use hzm_job_test_servers::Kind;

/// Which database the admin runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// A private MariaDB.
    Mysql,
    /// A private PostgreSQL.
    Postgres,
}

impl Database {
    /// Every database.
    pub const ALL: [Database; 3] = [Database::Sqlite, Database::Mysql, Database::Postgres];

    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
        }
    }

    /// The server it needs; none for the embedded one.
    #[must_use]
    pub fn server(self) -> Option<Kind> {
        match self {
            Self::Sqlite => None,
            Self::Mysql => Some(Kind::MariaDb),
            Self::Postgres => Some(Kind::Postgres),
        }
    }
}

/// One database or all of them.
#[derive(Clone, Debug)]
pub struct Databases(pub Vec<Database>);

/// Reads `sqlite`, `mysql`, `postgres` or `all`.
///
/// # Errors
/// When it is none of them, with what there is.
pub fn databases(text: &str) -> Result<Databases, String> {
    if text == "all" {
        return Ok(Databases(Database::ALL.to_vec()));
    }
    let found = Database::ALL.into_iter().find(|database| database.name() == text);
    found.map(|database| Databases(vec![database])).ok_or_else(|| "use sqlite, mysql, postgres or all".to_owned())
}
