//! What is true: the database.
//!
//! One [`Store`] serves one database, chosen by URL. Its functions are named after the resource first, then the verb
//! (`job_create`, `run_page`), one file per table; helpers that need a connection end in `_on_conn`, those inside a
//! transaction in `_in_txn`. A function that may find somebody was first answers with an enum that says so: losing a race
//! is a result, not an error.
//!
//! Invariants kept by the schema:
//! - one row per (job, kind, scheduled time, shard, attempt) in `run`, whoever tries;
//! - one executor per app key, one node per (executor, address), one user per name;
//! - a run's state changes only from the state its writer names, and only while the writer's epoch holds.
//!
//! Nothing here decides what should happen: decisions are in the `scheduler` crate. Nothing here reads a clock: `now` is
//! an argument. Why queries run on a runtime of their own is told in [`backend`].

pub mod account;
pub mod account_change;
pub mod account_guest;
pub mod account_name;
mod asker;
pub mod backend;
pub mod binding;
pub mod chain;
mod checkpoint;
pub mod columns;
pub mod debt;
mod epoch;
pub mod error;
pub mod executor;
pub mod explain;
mod ids;
pub mod job;
pub mod job_import;
pub mod job_list;
mod job_row;
pub mod ledger;
pub mod link;
mod migrate;
pub mod node;
pub mod operation;
mod operation_alone;
pub mod outcome;
pub mod page;
pub mod partition;
#[cfg(test)]
mod query_plan;
pub mod run;
pub mod run_clear;
mod run_columns;
mod run_parts;
pub mod run_request;
mod run_row;
pub mod schema;
mod secrets;
pub mod session;
pub mod settings;
mod shown_url;
pub mod sleeper;
pub mod standing;
pub mod stat;
pub mod strips;
mod taken;
mod taken_text;
pub mod token;
pub mod trouble;
pub mod user;
pub mod vault;

pub use backend::Store;
pub use error::StoreError;
pub use page::{Cursor, Page};
pub use settings::StoreSettings;
