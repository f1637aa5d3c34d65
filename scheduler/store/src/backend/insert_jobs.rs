//! Many new jobs in as few steps as a database takes them: a loop on SQLite's own thread, statements of many rows on a server.

use super::pool::SqliteConn;
use crate::job_import::NewRows;
use crate::schema::{job, job_request};
use diesel::QueryResult;
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection};
use std::future::Future;

/// Writes the rows of new jobs inside the transaction that is under way.
pub(crate) trait InsertJobs {
    /// See the trait.
    fn insert_jobs(&mut self, rows: NewRows) -> impl Future<Output = QueryResult<()>> + Send;
}

impl InsertJobs for SqliteConn {
    async fn insert_jobs(&mut self, rows: NewRows) -> QueryResult<()> {
        use diesel::RunQueryDsl;
        self.spawn_blocking(move |conn| {
            for row in &rows.jobs {
                diesel::insert_into(job::table).values(row).execute(conn)?;
            }
            for row in &rows.keys {
                diesel::insert_into(job_request::table).values(row).execute(conn)?;
            }
            Ok(())
        })
        .await
    }
}

/// A statement stays far below the smallest packet that a server may be set to take (1 MiB).
const STATEMENT_BYTES: usize = 256 * 1_024;

/// The rows in pieces that a statement takes; a single large one is a piece of its own.
pub(crate) fn pieces<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut pieces, mut start, mut sum) = (Vec::new(), 0, 0);
    for (place, row) in rows.iter().enumerate() {
        let size = bytes(row);
        if sum + size > STATEMENT_BYTES && place > start {
            pieces.extend(rows.get(start..place));
            (start, sum) = (place, 0);
        }
        sum += size;
    }
    pieces.extend(rows.get(start..).filter(|rest| !rest.is_empty()));
    pieces
}

macro_rules! on_server {
    ($conn:ty) => {
        impl InsertJobs for $conn {
            async fn insert_jobs(&mut self, rows: NewRows) -> QueryResult<()> {
                use diesel_async::RunQueryDsl;
                for some in pieces(&rows.jobs, |row| row.bytes()) {
                    diesel::insert_into(job::table).values(some).execute(self).await?;
                }
                for some in pieces(&rows.keys, |_| 256) {
                    diesel::insert_into(job_request::table).values(some).execute(self).await?;
                }
                Ok(())
            }
        }
    };
}
on_server!(AsyncMysqlConnection);
on_server!(AsyncPgConnection);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_every_row_once_and_a_large_one_alone() {
        let rows = [100, STATEMENT_BYTES, 200, 300, STATEMENT_BYTES * 2, 1];
        let sizes: Vec<Vec<usize>> = pieces(&rows, |row| *row).into_iter().map(<[usize]>::to_vec).collect();
        assert_eq!(sizes, [vec![100], vec![STATEMENT_BYTES], vec![200, 300], vec![STATEMENT_BYTES * 2], vec![1]]);
        assert!(pieces(&[] as &[usize], |row| *row).is_empty());
    }
}
