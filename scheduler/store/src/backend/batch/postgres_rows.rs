//! The two large statements of a batch on PostgreSQL: the one that opens runs and the one that changes them. Each takes a
//! column as an array, so that its text is the same for any number of rows and each connection prepares it once.

use super::play::RowChange;
use crate::error::StoreError;
use crate::run_row::RunRow;
use diesel::pg::Pg;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Rows of one statement: with the longest texts some 130 MiB, well under what a statement may hold (1 GiB).
const ROWS: usize = 1_000;

/// A statement whose parameters are the columns of some rows, an array each, between the texts `head` and `tail`.
macro_rules! columns {
    ($name:ident of $row:ident, $head:literal, $tail:literal, { $($column:ident: $type:ty, $kind:ty, $get:expr;)+ }) => {
        #[derive(Default)]
        struct $name<'a> {
            $($column: Vec<$type>,)+
        }

        impl<'a> $name<'a> {
            fn of(rows: &[&'a $row]) -> $name<'a> {
                let mut columns = $name::default();
                for row in rows {
                    $(
                        let get: fn(&'a $row) -> $type = $get;
                        columns.$column.push(get(row));
                    )+
                }
                columns
            }
        }

        impl QueryId for $name<'_> {
            type QueryId = ();
            // Then the statement is remembered by its text.
            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl QueryFragment<Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                let mut between = concat!($head, " unnest(");
                $(
                    out.push_sql(between);
                    out.push_bind_param::<Array<$kind>, _>(&self.$column)?;
                    between = ", ";
                )+
                let _ = between;
                let mut between = ") AS v (";
                $(
                    out.push_sql(between);
                    out.push_sql(stringify!($column));
                    between = ", ";
                )+
                let _ = between;
                out.push_sql($tail);
                Ok(())
            }
        }
    };
}

columns!(Opened of RunRow,
    "INSERT INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, node, pinned, \
     parameters, requested_by, created_at, sent_at, accepted_at, cancel_at, finished_at, code, message) SELECT * FROM",
    ")",
    {
        id: i64, BigInt, |row| row.id;
        job_id: i64, BigInt, |row| row.job_id;
        executor_id: i64, BigInt, |row| row.executor_id;
        kind: i16, SmallInt, |row| row.kind;
        scheduled_at: i64, BigInt, |row| row.scheduled_at;
        shard: i32, Integer, |row| row.shard;
        attempt: i32, Integer, |row| row.attempt;
        state: i16, SmallInt, |row| row.state;
        reason: i16, SmallInt, |row| row.reason;
        not_before: i64, BigInt, |row| row.not_before;
        node: Option<&'a str>, Nullable<Text>, |row| row.node.as_deref();
        pinned: bool, Bool, |row| row.pinned;
        parameters: Option<&'a str>, Nullable<Text>, |row| row.parameters.as_deref();
        requested_by: Option<&'a str>, Nullable<Text>, |row| row.requested_by.as_deref();
        created_at: i64, BigInt, |row| row.created_at;
        sent_at: Option<i64>, Nullable<BigInt>, |row| row.sent_at;
        accepted_at: Option<i64>, Nullable<BigInt>, |row| row.accepted_at;
        cancel_at: Option<i64>, Nullable<BigInt>, |row| row.cancel_at;
        finished_at: Option<i64>, Nullable<BigInt>, |row| row.finished_at;
        code: Option<i32>, Nullable<Integer>, |row| row.code;
        message: Option<&'a str>, Nullable<Text>, |row| row.message.as_deref();
    }
);

// `$1` is the ids: with them the rows are found by their key also by a plan that was made when the ledger was empty, and that
// would read all of it for the join alone.
columns!(Changed of RowChange,
    "UPDATE run SET state = v.state, reason = v.reason, node = COALESCE(v.node, run.node), \
     executor_id = COALESCE(v.executor_id, run.executor_id), sent_at = COALESCE(v.sent_at, run.sent_at), \
     accepted_at = COALESCE(v.accepted_at, run.accepted_at), cancel_at = COALESCE(v.cancel_at, run.cancel_at), \
     finished_at = COALESCE(v.finished_at, run.finished_at), code = COALESCE(v.code, run.code), \
     message = COALESCE(v.message, run.message) FROM",
    ") WHERE run.id = v.id AND run.id = ANY ($1)",
    {
        id: i64, BigInt, |change| change.id;
        state: i16, SmallInt, |change| change.state;
        reason: i16, SmallInt, |change| change.reason;
        node: Option<&'a str>, Nullable<Text>, |change| change.node.as_deref();
        executor_id: Option<i64>, Nullable<BigInt>, |change| change.executor_id;
        sent_at: Option<i64>, Nullable<BigInt>, |change| change.sent_at;
        accepted_at: Option<i64>, Nullable<BigInt>, |change| change.accepted_at;
        cancel_at: Option<i64>, Nullable<BigInt>, |change| change.cancel_at;
        finished_at: Option<i64>, Nullable<BigInt>, |change| change.finished_at;
        code: Option<i32>, Nullable<Integer>, |change| change.code;
        message: Option<&'a str>, Nullable<Text>, |change| change.message.as_deref();
    }
);

/// Inserts runs.
pub(super) async fn open<'a>(
    conn: &mut AsyncPgConnection,
    rows: impl Iterator<Item = &'a RunRow>,
) -> Result<(), StoreError> {
    let rows: Vec<&RunRow> = rows.collect();
    for rows in rows.chunks(ROWS) {
        Opened::of(rows).execute(conn).await?;
    }
    Ok(())
}

/// Changes runs and answers how many there were.
pub(super) async fn change<'a>(
    conn: &mut AsyncPgConnection,
    changes: impl Iterator<Item = &'a RowChange>,
) -> Result<usize, StoreError> {
    let changes: Vec<&RowChange> = changes.collect();
    let mut touched = 0;
    for changes in changes.chunks(ROWS) {
        touched += Changed::of(changes).execute(conn).await?;
    }
    Ok(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_name_each_column_once_and_in_order() {
        let opened = diesel::debug_query::<Pg, _>(&Opened::default()).to_string();
        let (columns, rest) = opened.split_once("run (").unwrap().1.split_once(") SELECT * FROM unnest(").unwrap();
        let (parameters, rest) = rest.split_once(") AS v (").unwrap();
        assert_eq!(rest.split_once(')').unwrap().0, columns);
        assert_eq!(parameters.matches('$').count(), columns.split(", ").count());
        let changed = diesel::debug_query::<Pg, _>(&Changed::default()).to_string();
        assert!(
            changed.contains("$11) AS v (id, state, reason, node,") && changed.contains("WHERE run.id = v.id"),
            "{changed}"
        );
    }
}
