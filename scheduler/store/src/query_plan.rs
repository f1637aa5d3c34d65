//! How SQLite would answer a query; for tests.

use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::MigrationHarness;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps of a query on an empty database, in SQLite's words.
pub(crate) fn plan_of(query: &impl QueryFragment<Sqlite>) -> String {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    conn.run_pending_migrations(crate::migrate::SQLITE).unwrap();
    let text = diesel::debug_query(query).to_string();
    let asked = format!("EXPLAIN QUERY PLAN {}", text.split("-- binds").next().unwrap());
    let steps: Vec<Step> = RunQueryDsl::load(diesel::sql_query(asked), conn).unwrap();
    steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("; ")
}
