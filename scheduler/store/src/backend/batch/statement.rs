//! A fixed statement with one parameter: a set of rows as JSON text.
//!
//! The text never changes with the number of rows, so each connection prepares it once. (`sql_query` and statements with
//! many values are prepared anew each time.)

use crate::error::StoreError;
use diesel::backend::Backend;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Text};
use serde::Serialize;
use std::borrow::Cow;
use std::marker::PhantomData;

/// Bytes of the rows in one statement: below the smallest packet that a server may be set to
/// ([`LEAST_PACKET`](crate::backend::mysql::LEAST_PACKET)). A single row never has more: its two long texts have 64 KiB
/// each, and no byte takes more than six in JSON (two in hexadecimal digits).
pub(super) const LARGEST: usize = 768 << 10;

/// A statement whose answer has rows of the SQL type `Rows`.
pub(super) struct Statement<Rows> {
    sql: Cow<'static, str>,
    parameter: String,
    rows: PhantomData<fn() -> Rows>,
}

impl<Rows> Statement<Rows> {
    /// `sql` holds one `?`.
    pub(super) fn new(sql: impl Into<Cow<'static, str>>, parameter: String) -> Statement<Rows> {
        Statement { sql: sql.into(), parameter, rows: PhantomData }
    }
}

impl<Rows> QueryId for Statement<Rows> {
    type QueryId = ();
    // Then the statement is remembered by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Rows> Query for Statement<Rows> {
    type SqlType = Rows;
}

impl<Rows, DB: Backend + HasSqlType<Text>> QueryFragment<DB> for Statement<Rows>
where
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (head, tail) = self.sql.split_once('?').unwrap_or((&self.sql, ""));
        out.push_sql(head);
        out.push_bind_param::<Text, _>(&self.parameter)?;
        out.push_sql(tail);
        Ok(())
    }
}

/// The rows as JSON arrays of bounded size, in order; none for no rows. A single row that is larger goes alone.
pub(super) fn chunks<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<Vec<String>, StoreError> {
    chunks_of(LARGEST, rows)
}

fn chunks_of<T: Serialize>(largest: usize, rows: impl IntoIterator<Item = T>) -> Result<Vec<String>, StoreError> {
    let (mut full, mut open) = (Vec::new(), String::new());
    for row in rows {
        let json = serde_json::to_string(&row).map_err(|error| StoreError::Corrupt {
            table: "run",
            id: 0,
            reason: format!("a row to be written is no JSON: {error}"),
        })?;
        if !open.is_empty() && open.len() + json.len() + 2 > largest {
            full.push(std::mem::take(&mut open) + "]");
        }
        open.push(if open.is_empty() { '[' } else { ',' });
        open.push_str(&json);
    }
    if !open.is_empty() {
        full.push(open + "]");
    }
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_arrays_of_bounded_size_in_order() {
        assert_eq!(chunks_of(9, [1, 22, 333, 4444, 5]).unwrap(), ["[1,22]", "[333]", "[4444,5]"]);
        assert_eq!(chunks_of(4, [123_456, 7]).unwrap(), ["[123456]", "[7]"], "too large for any, so alone");
        assert_eq!(chunks::<i32>([]).unwrap(), Vec::<String>::new());
    }
}
