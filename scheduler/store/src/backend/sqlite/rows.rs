//! The statements that SQLite gets most often. Each has a text that never changes, so it is prepared once per connection and
//! found again by its type: neither its text nor the tree of its parts is made anew for a row.

use crate::columns::millis;
use crate::ledger::{NewRun, RunChange};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text};
use diesel::sqlite::Sqlite;

/// New rows, `N` in one statement, of which none may be there already.
pub(super) struct OpenRows<'a, const N: usize> {
    rows: [OpenRow<'a>; N],
}

impl<'a, const N: usize> OpenRows<'a, N> {
    /// Of exactly `N` rows with their ids.
    pub(super) fn of(news: &[(i64, &'a NewRun)]) -> Option<OpenRows<'a, N>> {
        let news: &[(i64, &NewRun); N] = news.try_into().ok()?;
        Some(OpenRows { rows: news.map(|(id, new)| OpenRow::of(id, new)) })
    }
}

impl<const N: usize> QueryId for OpenRows<'_, N> {
    type QueryId = OpenRows<'static, N>;
}

impl<const N: usize> RunQueryDsl<SqliteConnection> for OpenRows<'_, N> {}

impl<const N: usize> QueryFragment<Sqlite> for OpenRows<'_, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, not_before, node, \
             pinned, parameters, requested_by, created_at, finished_at, message) VALUES ",
        );
        for (at, row) in self.rows.iter().enumerate() {
            out.push_sql(if at == 0 { "(" } else { "), (" });
            row.push(&mut out)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

/// What is bound of a new row; the rest is not known yet, and its shard is 0.
struct OpenRow<'a> {
    /// Its id, job and executor.
    ids: [i64; 3],
    kind: i16,
    scheduled_at: i64,
    attempt: i32,
    state: i16,
    reason: i16,
    not_before: i64,
    node: Option<&'a str>,
    pinned: bool,
    parameters: Option<&'a str>,
    requested_by: Option<&'a str>,
    created_at: i64,
    finished_at: Option<i64>,
    message: Option<&'a str>,
}

impl<'a> OpenRow<'a> {
    fn of(id: i64, new: &'a NewRun) -> OpenRow<'a> {
        OpenRow {
            ids: [id, new.job.0, new.executor.0],
            kind: new.kind.code(),
            scheduled_at: millis(new.scheduled_at),
            attempt: new.attempt,
            state: new.state.code(),
            reason: new.reason.code(),
            not_before: millis(new.not_before),
            node: new.node.as_deref(),
            pinned: new.pinned,
            parameters: new.parameters.as_deref(),
            requested_by: new.requested_by.as_deref(),
            created_at: millis(new.created_at),
            finished_at: new.state.is_terminal().then(|| millis(new.created_at)),
            message: new.message.as_deref(),
        }
    }

    /// Its values, in the order of the columns.
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for id in &self.ids {
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<SmallInt, _>(&self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.scheduled_at)?;
        out.push_sql(", 0, ");
        out.push_bind_param::<Integer, _>(&self.attempt)?;
        for code in [&self.state, &self.reason] {
            out.push_sql(", ");
            out.push_bind_param::<SmallInt, _>(code)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.not_before)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.node)?;
        out.push_sql(", ");
        out.push_bind_param::<Bool, _>(&self.pinned)?;
        for text in [&self.parameters, &self.requested_by] {
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(text)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.created_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.finished_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.message)
    }
}

/// A change of a row that is still in the state which the change names. It keeps the row's executor, which is in an index.
pub(super) struct ChangeRow<'a> {
    /// The state it takes, and why.
    codes: [i16; 2],
    /// When it was sent, accepted, asked to be cancelled and ended, as far as that becomes known.
    moments: [Option<i64>; 4],
    code: Option<i32>,
    /// Its node and message, as far as they become known.
    texts: [Option<&'a str>; 2],
    run: i64,
    from: i16,
}

impl<'a> ChangeRow<'a> {
    pub(super) fn of(change: &'a RunChange) -> ChangeRow<'a> {
        let known = &change.known;
        // Known facts may be added to an outcome later; its end stays when it was.
        let ended = (change.to.is_terminal() && change.from != change.to).then_some(change.at);
        ChangeRow {
            codes: [change.to.code(), change.reason.code()],
            moments: [known.sent_at, known.accepted_at, known.cancel_at, ended].map(|at| at.map(millis)),
            code: known.code,
            texts: [known.node.as_deref(), known.message.as_deref()],
            run: change.run.0,
            from: change.from.code(),
        }
    }
}

impl QueryId for ChangeRow<'_> {
    type QueryId = ChangeRow<'static>;
}

impl RunQueryDsl<SqliteConnection> for ChangeRow<'_> {}

impl QueryFragment<Sqlite> for ChangeRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for (code, column) in self.codes.iter().zip(["UPDATE run SET state = ", ", reason = "]) {
            out.push_sql(column);
            out.push_bind_param::<SmallInt, _>(code)?;
        }
        let columns = ["sent_at", "accepted_at", "cancel_at", "finished_at"];
        for (moment, column) in self.moments.iter().zip(columns) {
            push_known::<BigInt, _>(&mut out, column, moment)?;
        }
        push_known::<Integer, _>(&mut out, "code", &self.code)?;
        for (text, column) in self.texts.iter().zip(["node", "message"]) {
            push_known::<Text, _>(&mut out, column, text)?;
        }
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.run)?;
        out.push_sql(" AND state = ");
        out.push_bind_param::<SmallInt, _>(&self.from)
    }
}

/// `, column = COALESCE(value, column)`: what is not known stays as it is.
fn push_known<'b, S, T>(out: &mut AstPass<'_, 'b, Sqlite>, column: &str, value: &'b Option<T>) -> QueryResult<()>
where
    S: diesel::sql_types::SqlType<IsNull = diesel::sql_types::is_nullable::NotNull> + 'static,
    Sqlite: diesel::sql_types::HasSqlType<S>,
    Option<T>: diesel::serialize::ToSql<Nullable<S>, Sqlite>,
{
    for part in [", ", column, " = COALESCE("] {
        out.push_sql(part);
    }
    out.push_bind_param::<Nullable<S>, _>(value)?;
    for part in [", ", column, ")"] {
        out.push_sql(part);
    }
    Ok(())
}

/// A statement of a fixed text with a few numbers or one text in it, each marked `?`.
pub(super) struct Fixed<'a> {
    pub(super) sql: &'static str,
    pub(super) numbers: &'a [i64],
    pub(super) json: Option<&'a str>,
}

impl QueryId for Fixed<'_> {
    type QueryId = ();
    // Then the statement is remembered by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<SqliteConnection> for Fixed<'_> {}

impl QueryFragment<Sqlite> for Fixed<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let (mut parts, mut numbers) = (self.sql.split('?'), self.numbers.iter());
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            match numbers.next() {
                Some(number) => out.push_bind_param::<BigInt, _>(number)?,
                None => out.push_bind_param::<Nullable<Text>, _>(&self.json)?,
            }
            out.push_sql(part);
        }
        Ok(())
    }
}
