//! The journal's batch on MySQL and PostgreSQL: a few round trips, however many entries it has.
//!
//! In one transaction: the epoch is checked and locked, the runs that changes name are locked in the order of their ids,
//! the entries are played in memory ([`play`]), and the outcome is written with one statement per set of rows.
//!
//! Nearly every fire is new, so the first attempt does not look for rows that exist. When a unique key then says that one
//! does, the transaction is undone and made again with a look-up before it.

mod commit;
mod mysql_rows;
mod play;
#[cfg(test)]
mod play_tests;
mod postgres_rows;
mod sql;
mod statement;

pub(super) use commit::{mysql_play, postgres_play};
