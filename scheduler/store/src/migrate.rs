//! Brings the schema up to date at start. The migrations are embedded, so the binary needs no files beside it.

use crate::error::StoreError;
use diesel::backend::Backend;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// SQLite's migrations.
pub(crate) const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
/// Those of MySQL and MariaDB. Each can be repeated, because nothing undoes a definition when a later one fails.
pub(crate) const MYSQL: EmbeddedMigrations = embed_migrations!("../../migrations/mysql");
/// PostgreSQL's.
pub(crate) const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Applies what is missing, and refuses a database that a newer version has changed. The caller holds the lock that keeps
/// other processes from doing the same at the same time.
pub(crate) fn apply<DB: Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<(), StoreError> {
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Migration { reason: source.to_string() };
    let known = MigrationSource::<DB>::migrations(&migrations).map_err(failed)?;
    let is_known = |version: &MigrationVersion<'_>| known.iter().any(|one| one.name().version() == *version);
    match harness.applied_migrations().map_err(failed)?.iter().find(|version| !is_known(version)) {
        None => harness.run_pending_migrations(migrations).map(|_| ()).map_err(failed),
        Some(version) => Err(StoreError::Migration {
            reason: format!(
                "it has been changed by a newer version (migration {version}); start that version, or restore a backup"
            ),
        }),
    }
}
