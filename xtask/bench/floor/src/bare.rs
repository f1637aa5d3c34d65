//! The same rows and updates on SQLite past the store: two prepared statements in a loop, in transactions of the same
//! size and with the same durability. What is possible, for comparison.

use std::fs;
use std::path::Path;

use hzm_job_bench::figures::Sheet;
use hzm_job_store::Store;
use hzm_job_test_rig::clock::now_ms;
use rusqlite::{Connection, params};

use crate::cost::Cost;
use crate::{Options, text};

const ROW: &str = "INSERT OR IGNORE INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, \
     not_before, node, pinned, created_at) VALUES (?1, ?1, 1, 0, ?2, 0, 0, 2, 0, ?2, ?3, FALSE, ?2)";
const UPDATE: &str = "UPDATE run SET state = 10, finished_at = ?2, code = 200 WHERE id = ?1 AND state = 2";

pub(crate) fn measure(options: &Options, folder: &Path, sheet: &mut Sheet) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(text)?;
    let file = folder.join("bare.sqlite");
    // Opened once by the store, which makes the schema with all its indexes.
    let log = slog::Logger::root(slog::Discard, slog::o!());
    drop(Store::open(&format!("sqlite://{}", file.display()), &log).map_err(text)?);
    let mut connection = Connection::open(&file).map_err(text)?;
    connection
        .execute_batch("PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        .map_err(text)?;
    let due = now_ms();
    let cost = Cost::begin(None)?;
    in_batches(&mut connection, options, ROW, |statement, id| {
        statement.execute(params![id, due, "http://127.0.0.1:7777"])
    })?;
    cost.tell("row in past the store", options.rows, sheet)?;
    let cost = Cost::begin(None)?;
    in_batches(&mut connection, options, UPDATE, |statement, id| statement.execute(params![id, due]))?;
    cost.tell("update past the store", options.rows, sheet)
}

fn in_batches(
    connection: &mut Connection,
    options: &Options,
    sql: &str,
    mut each: impl FnMut(&mut rusqlite::Statement<'_>, u32) -> rusqlite::Result<usize>,
) -> Result<(), String> {
    for from in (1..=options.rows).step_by(options.batch as usize) {
        let transaction = connection.transaction().map_err(text)?;
        let mut statement = transaction.prepare_cached(sql).map_err(text)?;
        for id in from..=(from + options.batch - 1).min(options.rows) {
            if each(&mut statement, id).map_err(text)? != 1 {
                return Err(format!("row {id} was not written"));
            }
        }
        drop(statement);
        transaction.commit().map_err(text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn every_row_is_written_and_updated_by_the_store_and_past_it() {
        let folder = std::env::temp_dir().join(format!("hzm-job-bench-floor-{}", std::process::id()));
        let url = format!("sqlite://{}", folder.join("store.sqlite").display());
        let options = Options::parse_from(["floor", "--url", &url, "--rows", "7", "--batch", "3"]);
        let mut sheet = Sheet::default();
        crate::store::measure(&options, &mut sheet).unwrap();
        measure(&options, &folder, &mut sheet).unwrap();
        let succeeded = |file: &str| {
            let connection = Connection::open(folder.join(file)).unwrap();
            let query = "SELECT COUNT(*) FROM run WHERE state = 10 AND code = 200";
            connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        let found = (succeeded("store.sqlite"), succeeded("bare.sqlite"));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, (7, 7));
    }
}
