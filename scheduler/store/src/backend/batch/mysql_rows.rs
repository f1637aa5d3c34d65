//! The two large statements of a batch on MySQL and MariaDB: the one that opens runs and the one that changes them.
//!
//! Runs are opened by a statement with the values in its text: read from JSON, they cost the server twice as much (43 µs of
//! processor time a row against 19 on MariaDB 10.11, batches of 1,000). A text of a user is in it as the hexadecimal digits
//! of its bytes, so that no text can end early or be a command, whatever the server's modes.
//!
//! Changes are read from JSON, which both servers join in the same words, and only the columns that some change of the
//! batch names are in the statement: each costs the server about a microsecond a row.

use super::play::RowChange;
use super::statement::{LARGEST, Statement, chunks};
use crate::error::StoreError;
use crate::run_row::RunRow;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::fmt::Write;

const HEAD: &str = "INSERT INTO run (id, job_id, executor_id, kind, scheduled_at, shard, attempt, state, reason, \
    not_before, node, pinned, parameters, requested_by, created_at, sent_at, accepted_at, cancel_at, finished_at, code, \
    message) VALUES ";

/// Inserts runs.
pub(super) async fn open<'a>(
    conn: &mut AsyncMysqlConnection,
    rows: impl Iterator<Item = &'a RunRow>,
) -> Result<(), StoreError> {
    for statement in inserts(LARGEST, rows) {
        conn.batch_execute(&statement).await?;
    }
    Ok(())
}

/// Statements of at most `largest` bytes; a single row that is larger goes alone.
fn inserts<'a>(largest: usize, rows: impl Iterator<Item = &'a RunRow>) -> Vec<String> {
    let (mut full, mut open) = (Vec::new(), String::new());
    let mut row_text = String::new();
    for row in rows {
        row_text.clear();
        values(&mut row_text, row);
        if !open.is_empty() && open.len() + row_text.len() + 1 > largest {
            full.push(std::mem::take(&mut open));
        }
        open.push_str(if open.is_empty() { HEAD } else { "," });
        open.push_str(&row_text);
    }
    full.extend((!open.is_empty()).then_some(open));
    full
}

/// The values of a row, in the order of [`HEAD`].
fn values(out: &mut String, row: &RunRow) {
    out.push('(');
    number(out, row.id);
    for value in [row.job_id, row.executor_id, row.kind.into(), row.scheduled_at, row.shard.into(), row.attempt.into()]
    {
        out.push(',');
        number(out, value);
    }
    for value in [row.state.into(), row.reason.into(), row.not_before] {
        out.push(',');
        number(out, value);
    }
    text(out, row.node.as_deref());
    out.push(',');
    number(out, row.pinned.into());
    text(out, row.parameters.as_deref());
    text(out, row.requested_by.as_deref());
    out.push(',');
    number(out, row.created_at);
    for value in [row.sent_at, row.accepted_at, row.cancel_at, row.finished_at, row.code.map(i64::from)] {
        match value {
            Some(value) => {
                out.push(',');
                number(out, value);
            }
            None => out.push_str(",NULL"),
        }
    }
    text(out, row.message.as_deref());
    out.push(')');
}

fn number(out: &mut String, value: i64) {
    // Writing to a String never fails.
    let _ = write!(out, "{value}");
}

/// A comma and the text.
fn text(out: &mut String, text: Option<&str>) {
    let Some(text) = text else { return out.push_str(",NULL") };
    out.push_str(",_utf8mb4 X'");
    for byte in text.bytes() {
        out.extend(char::from_digit((byte >> 4).into(), 16));
        out.extend(char::from_digit((byte & 15).into(), 16));
    }
    out.push('\'');
}

/// A column that a change may name.
struct Column {
    name: &'static str,
    kind: &'static str,
    is_named: fn(&RowChange) -> bool,
}

/// In the order of the JSON, after the id, the state and the reason, which every change names.
const COLUMNS: [Column; 8] = [
    Column { name: "node", kind: "LONGTEXT", is_named: |change| change.node.is_some() },
    Column { name: "executor_id", kind: "BIGINT", is_named: |change| change.executor_id.is_some() },
    Column { name: "sent_at", kind: "BIGINT", is_named: |change| change.sent_at.is_some() },
    Column { name: "accepted_at", kind: "BIGINT", is_named: |change| change.accepted_at.is_some() },
    Column { name: "cancel_at", kind: "BIGINT", is_named: |change| change.cancel_at.is_some() },
    Column { name: "finished_at", kind: "BIGINT", is_named: |change| change.finished_at.is_some() },
    Column { name: "code", kind: "INTEGER", is_named: |change| change.code.is_some() },
    Column { name: "message", kind: "LONGTEXT", is_named: |change| change.message.is_some() },
];

/// Changes runs and answers how many there were.
pub(super) async fn change<'a>(
    conn: &mut AsyncMysqlConnection,
    changes: impl Iterator<Item = &'a RowChange> + Clone,
) -> Result<usize, StoreError> {
    let named = COLUMNS.map(|column| changes.clone().any(column.is_named));
    let sql = update(named);
    let mut touched = 0;
    for json in chunks(changes.map(|change| Named(change, named)))? {
        touched += Statement::<BigInt>::new(sql.clone(), json).execute(conn).await?;
    }
    Ok(touched)
}

/// The statement for these columns. There are few sets of columns in practice (each connection remembers each statement).
/// STRAIGHT_JOIN: rows are visited, and so locked, in the order of the JSON. Texts are LONGTEXT, since JSON_TABLE would cut
/// what a shorter type cannot hold; the table itself then refuses what is too long.
fn update(named: [bool; 8]) -> String {
    let mut columns = String::from(
        "id BIGINT PATH '$[0]' ERROR ON ERROR, state SMALLINT PATH '$[1]' ERROR ON ERROR, \
         reason SMALLINT PATH '$[2]' ERROR ON ERROR",
    );
    let mut sets = String::from("run.state = v.state, run.reason = v.reason");
    for (at, Column { name, kind, .. }) in
        COLUMNS.iter().zip(named).filter(|(_, named)| *named).map(|(c, _)| c).enumerate()
    {
        let _ = write!(columns, ", {name} {kind} PATH '$[{}]' ERROR ON ERROR", at + 3);
        let _ = write!(sets, ", run.{name} = COALESCE(v.{name}, run.{name})");
    }
    format!("UPDATE JSON_TABLE(?, '$[*]' COLUMNS ({columns})) AS v STRAIGHT_JOIN run ON run.id = v.id SET {sets}")
}

/// A change as an array of the columns that are named; what this one does not name is null.
struct Named<'a>(&'a RowChange, [bool; 8]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Named(change, [node, executor_id, sent_at, accepted_at, cancel_at, finished_at, code, message]) = self;
        let mut out = out.serialize_seq(None)?;
        out.serialize_element(&change.id)?;
        out.serialize_element(&change.state)?;
        out.serialize_element(&change.reason)?;
        if *node {
            out.serialize_element(&change.node)?;
        }
        let numbers = [
            (executor_id, change.executor_id),
            (sent_at, change.sent_at),
            (accepted_at, change.accepted_at),
            (cancel_at, change.cancel_at),
            (finished_at, change.finished_at),
            (code, change.code.map(i64::from)),
        ];
        for (_, number) in numbers.into_iter().filter(|(named, _)| **named) {
            out.serialize_element(&number)?;
        }
        if *message {
            out.serialize_element(&change.message)?;
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64) -> RunRow {
        RunRow {
            id,
            job_id: -7,
            executor_id: 1,
            kind: 1,
            scheduled_at: 1_800_000_000_000,
            shard: 0,
            attempt: 2,
            state: 0,
            reason: 3,
            not_before: 5,
            node: Some("http://[::1]:1".into()),
            pinned: true,
            parameters: Some("'); DROP TABLE run; -- \\".into()),
            requested_by: None,
            created_at: 4,
            sent_at: None,
            accepted_at: Some(6),
            cancel_at: None,
            finished_at: None,
            code: Some(-1),
            message: Some("吃".into()),
        }
    }

    #[test]
    fn a_text_is_its_bytes_in_hexadecimal_digits_and_nothing_else() {
        let statements = inserts(LARGEST, [row(1)].iter());
        let shown = statements.concat();
        assert!(shown.starts_with(HEAD) && !shown.contains("DROP") && !shown.contains('\\'), "{shown}");
        let values = "(1,-7,1,1,1800000000000,0,2,0,3,5,_utf8mb4 X'687474703a2f2f5b3a3a315d3a31',1,\
             _utf8mb4 X'27293b2044524f50205441424c452072756e3b202d2d205c',NULL,4,NULL,6,NULL,NULL,-1,_utf8mb4 X'e59083')";
        assert_eq!(shown[HEAD.len()..], *values);
    }

    #[test]
    fn rows_are_cut_into_statements_of_bounded_size_in_order() {
        let rows = [row(1), row(2), row(3)];
        let one = inserts(LARGEST, rows[..1].iter())[0].len();
        let cut = inserts(2 * one - HEAD.len() + 1, rows.iter());
        assert_eq!(cut.len(), 2);
        assert!(cut[0].contains("(1,") && cut[0].contains(",(2,") && cut[1].contains(" (3,"));
        assert_eq!(inserts(1, rows.iter()).len(), 3, "each is too large, so each goes alone");
        assert!(inserts(LARGEST, [].iter()).is_empty());
    }

    #[test]
    fn a_change_names_what_some_change_of_the_batch_names() {
        let change = RowChange {
            id: 9,
            state: 10,
            reason: 1,
            node: None,
            executor_id: None,
            sent_at: Some(5),
            accepted_at: None,
            cancel_at: None,
            finished_at: Some(7),
            code: None,
            message: Some("done".into()),
        };
        let named = [false, false, true, false, false, true, true, true];
        assert_eq!(serde_json::to_string(&Named(&change, named)).unwrap(), r#"[9,10,1,5,7,null,"done"]"#);
        let sql = update(named);
        assert!(sql.contains("code INTEGER PATH '$[5]'") && sql.contains("message LONGTEXT PATH '$[6]'"), "{sql}");
        assert!(!sql.contains("node") && sql.matches('?').count() == 1, "{sql}");
    }
}
