//! The migrations of the three databases make the same tables: columns, types, what may be null, keys and indexes.

use crate::database::{Database, is_postgres, kinds};
use crate::support::silence;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};
use hzm_job_store::Store;
use std::collections::BTreeSet;

/// (table, column, type in our words, whether it may be null).
type Columns = BTreeSet<(String, String, String, bool)>;
/// (table, columns of an index in their order, whether it is unique).
type Keys = BTreeSet<(String, String, bool)>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    nullable: i64,
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    parts: String,
    #[diesel(sql_type = BigInt)]
    is_unique: i64,
}

/// A run's id is called INTEGER on SQLite, because that is the number of its row; it has as many bits as everywhere. An index
/// ends with that number by itself. On MySQL and PostgreSQL some indexes have a column of their own where the others have an
/// expression.
const SQLITE: [&str; 2] = [
    "SELECT t.name AS place, c.name AS name, \
     iif(t.name || '.' || c.name IN ('run.id', 'run_open.run_id'), 'bigint', lower(c.type)) AS kind, 1 - c.\"notnull\" AS nullable \
     FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    "SELECT t.name AS place, (SELECT group_concat(name, ',') FROM (SELECT ifnull(name, 'part') AS name \
     FROM pragma_index_info(i.name) ORDER BY seqno)) || iif(i.name IN ('run_job', 'run_executor', 'run_unsuccessful'), ',id', '') AS parts, i.\"unique\" AS is_unique FROM sqlite_master AS t, pragma_index_list(t.name) AS i WHERE t.name NOT LIKE '\\_\\_%' \
     ESCAPE '\\' UNION SELECT t.name, c.name, 1 FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE c.pk = 1 \
     AND t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
     AND (SELECT count(*) FROM pragma_table_info(t.name) AS o WHERE o.pk > 0) = 1",
];
const MYSQL: [&str; 2] = [
    "SELECT table_name AS place, column_name AS name, data_type AS kind, CAST(is_nullable = 'YES' AS SIGNED) AS nullable \
     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%' \
     AND NOT (table_name = 'run' AND column_name IN ('part', 'unsuccessful'))",
    "SELECT table_name AS place, GROUP_CONCAT(IF(column_name = 'unsuccessful', 'state', column_name) ORDER BY seq_in_index) AS parts, \
     CAST(1 - MAX(non_unique) AS SIGNED) AS is_unique FROM information_schema.statistics \
     WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%' GROUP BY table_name, index_name",
];
const POSTGRES: [&str; 2] = [
    "SELECT table_name::text AS place, column_name::text AS name, data_type::text AS kind, \
     (is_nullable = 'YES')::int::bigint AS nullable FROM information_schema.columns \
     WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' AND NOT (table_name = 'run' AND column_name = 'unsuccessful')",
    "SELECT t.relname::text AS place, replace((SELECT string_agg(coalesce(a.attname, 'part'), ',' ORDER BY k.place) FROM \
     unnest(i.indkey) WITH ORDINALITY AS k (number, place) LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid \
     AND a.attnum = k.number)::text, 'unsuccessful', 'state') AS parts, i.indisunique::int::bigint AS is_unique FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid \
     WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '\\_\\_%'",
];

/// The type in the words of `schema.rs`.
fn our_word(kind: &str) -> &'static str {
    match kind {
        "bigint" => "BigInt",
        "int" | "integer" => "Integer",
        "smallint" => "SmallInt",
        "boolean" | "tinyint" => "Bool",
        "text" | "varchar" | "mediumtext" | "varbinary" => "Text",
        other => panic!("no column may be a {other}"),
    }
}

async fn catalogue(url: &str) -> (Columns, Keys) {
    let (columns, keys): (Vec<Column>, Vec<Key>) = if let Some(path) = url.strip_prefix("sqlite://") {
        let conn = &mut SqliteConnection::establish(path).unwrap();
        let columns = diesel::RunQueryDsl::load(diesel::sql_query(SQLITE[0]), conn).unwrap();
        (columns, diesel::RunQueryDsl::load(diesel::sql_query(SQLITE[1]), conn).unwrap())
    } else if is_postgres(url) {
        let conn = &mut AsyncPgConnection::establish(url).await.unwrap();
        let columns = diesel::sql_query(POSTGRES[0]).load(conn).await.unwrap();
        (columns, diesel::sql_query(POSTGRES[1]).load(conn).await.unwrap())
    } else {
        let conn = &mut AsyncMysqlConnection::establish(url).await.unwrap();
        let columns = diesel::sql_query(MYSQL[0]).load(conn).await.unwrap();
        (columns, diesel::sql_query(MYSQL[1]).load(conn).await.unwrap())
    };
    let columns = columns.into_iter().map(|c| (c.place, c.name, our_word(&c.kind).to_owned(), c.nullable == 1));
    (columns.collect(), keys.into_iter().map(|key| (key.place, key.parts, key.is_unique == 1)).collect())
}

#[tokio::test]
async fn the_migrations_agree_on_tables_columns_keys_and_indexes() {
    let mut first = None;
    for kind in kinds() {
        let database = Database::on(&kind);
        drop(Store::open(&database.url, &silence()).unwrap());
        let (columns, keys) = catalogue(&database.url).await;
        for (table, parts, is_unique) in [
            ("run", "scheduled_at,job_id,kind,shard,attempt", true),
            ("run", "executor_id,id", false),
            ("run", "part,job_id,id", false),
            ("run", "state,id", false),
            ("operation", "object_kind,object_id,id", false),
            ("user_account", "folded,twin", true),
        ] {
            assert!(keys.contains(&(table.into(), parts.into(), is_unique)), "{kind}: {keys:?}");
        }
        let (known_columns, known_keys) = first.get_or_insert_with(|| (columns.clone(), keys.clone()));
        let differing: Vec<_> = columns.symmetric_difference(known_columns).collect();
        assert!(differing.is_empty(), "{kind}: {differing:?}");
        let differing: Vec<_> = keys.symmetric_difference(known_keys).collect();
        assert!(differing.is_empty(), "{kind}: {differing:?}");
    }
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    definition: String,
}

#[tokio::test]
async fn no_index_of_postgres_names_what_a_run_that_succeeds_changes() {
    let changed = [
        "state",
        "reason",
        "node",
        "sent_at",
        "accepted_at",
        "cancel_at",
        "finished_at",
        "code",
        "message",
        "not_before",
    ];
    for kind in kinds().into_iter().filter(|kind| is_postgres(kind)) {
        let database = Database::on(&kind);
        drop(Store::open(&database.url, &silence()).unwrap());
        let conn = &mut AsyncPgConnection::establish(&database.url).await.unwrap();
        let all = diesel::sql_query("SELECT indexdef AS definition FROM pg_indexes WHERE tablename = 'run'");
        let all: Vec<Index> = all.load(conn).await.unwrap();
        assert!(all.len() >= 4);
        for index in all {
            assert!(!changed.iter().any(|column| index.definition.contains(column)), "{}", index.definition);
        }
    }
}
