//! The migrations of SQLite: up, down, up again, and in step with `schema.rs`.

use crate::support::silence;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hzm_job_store::Store;
use std::collections::BTreeMap;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// (column, type, may be null, place in the primary key) of each table.
type Tables = BTreeMap<String, Vec<(String, String, bool, bool)>>;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = BigInt)]
    notnull: i64,
    #[diesel(sql_type = BigInt)]
    pk: i64,
}

fn memory() -> SqliteConnection {
    SqliteConnection::establish(":memory:").unwrap()
}

fn objects(conn: &mut SqliteConnection) -> Vec<(String, String)> {
    let ours = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
                ORDER BY name";
    diesel::sql_query(ours).load::<Named>(conn).unwrap().into_iter().map(|row| (row.name, row.sql)).collect()
}

fn migrated_tables(conn: &mut SqliteConnection) -> Tables {
    let tables = objects(conn).into_iter().filter(|(_, sql)| sql.starts_with("CREATE TABLE"));
    let columns = |name: &str, conn: &mut SqliteConnection| {
        let info = diesel::sql_query(format!("SELECT name, type, \"notnull\", pk FROM pragma_table_info('{name}')"));
        let rows = info.load::<Column>(conn).unwrap().into_iter();
        rows.map(|column| (column.name, column.kind, column.notnull == 0, column.pk > 0)).collect()
    };
    tables.map(|(name, _)| (name.clone(), columns(&name, conn))).collect()
}

/// Reads the `table!` blocks: `name (keys) { column -> Type, .. }`.
fn described_tables() -> Tables {
    let source = include_str!("../../src/schema.rs");
    source.split("diesel::table! {").skip(1).map(described_table).collect()
}

fn described_table(block: &str) -> (String, Vec<(String, String, bool, bool)>) {
    let (head, rest) = block.split_once('{').unwrap();
    let (name, keys) = head.trim().split_once(" (").unwrap();
    let keys: Vec<&str> = keys.trim_end_matches(')').split(',').map(str::trim).collect();
    let columns = rest.split_once('}').unwrap().0.split(',').filter(|text| text.contains("->"));
    let columns = columns.map(|text| {
        let (column, kind) = text.split_once("->").unwrap();
        let (column, kind) = (column.trim(), kind.trim());
        let inner = kind.strip_prefix("Nullable<").map(|inner| inner.trim_end_matches('>'));
        // Only a key that is called INTEGER is the number of the row, and no index beside the table.
        let is_row_number = [("run", "id"), ("run_open", "run_id")].contains(&(name, column));
        let kind = if is_row_number { "INTEGER".to_owned() } else { sql_type(inner.unwrap_or(kind)) };
        (column.to_owned(), kind, inner.is_some(), keys.contains(&column))
    });
    (name.to_owned(), columns.collect())
}

fn sql_type(kind: &str) -> String {
    let known =
        [("BigInt", "BIGINT"), ("Integer", "INTEGER"), ("SmallInt", "SMALLINT"), ("Text", "TEXT"), ("Bool", "BOOLEAN")];
    known.into_iter().find(|(ours, _)| *ours == kind).map(|(_, sql)| sql.to_owned()).unwrap()
}

#[test]
fn the_migrations_go_up_down_and_up_again() {
    let conn = &mut memory();
    conn.run_pending_migrations(SQLITE).unwrap();
    let up = objects(conn);
    assert!(up.iter().any(|(name, _)| name == "run"));
    conn.revert_all_migrations(SQLITE).unwrap();
    assert_eq!(objects(conn), Vec::new(), "nothing is left behind");
    conn.run_pending_migrations(SQLITE).unwrap();
    assert_eq!(objects(conn), up);
}

#[test]
fn the_schema_describes_the_migrated_database() {
    let conn = &mut memory();
    conn.run_pending_migrations(SQLITE).unwrap();
    assert_eq!(described_tables(), migrated_tables(conn));
}

#[test]
fn a_database_that_a_newer_version_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite").display().to_string();
    drop(Store::open(&format!("sqlite://{path}"), &silence()).unwrap());
    let conn = &mut SqliteConnection::establish(&path).unwrap();
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
        .execute(conn)
        .unwrap();
    let refusal = Store::open(&format!("sqlite://{path}"), &silence()).err().map(|error| error.to_string()).unwrap();
    assert!(refusal.contains("newer version") && refusal.contains("29990101000000"), "{refusal}");
}
