//! What indexes of `run` have in the place of a column: an expression, or a stored column.
//!
//! They stand here word for word as in the migrations: another form would not be recognised as the one that is indexed.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, SmallInt};
use diesel::sqlite::Sqlite;

macro_rules! column {
    ($(#[$doc:meta])* $name:ident: $kind:ty, $($backend:ty: $sql:literal),*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        impl Expression for $name {
            type SqlType = $kind;
        }
        impl<Table> AppearsOnTable<Table> for $name {}
        impl<Table> SelectableExpression<Table> for $name {}
        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::No;
        }
        $(impl QueryFragment<$backend> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        })*
    };
}

column! {
    /// The part of the ledger that a run is in, see `run_parts`.
    PartOfRun: BigInt, Sqlite: "(run.id >> 18)", Pg: "(run.id >> 18)", Mysql: "run.part"
}
column! {
    /// The state of a run that ended otherwise than well. On SQLite to be asked for together with [`is_unsuccessful`], because
    /// only those rows are in the index.
    UnsuccessfulState: Nullable<SmallInt>, Sqlite: "run.state", Pg: "run.unsuccessful", Mysql: "run.unsuccessful"
}

/// Whether a run ended otherwise than well.
pub(crate) fn is_unsuccessful() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("run.state > 10")
}
