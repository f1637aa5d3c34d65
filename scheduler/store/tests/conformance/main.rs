//! What a store must do, as tests: every public function of `Store`, on every database.
//!
//! SQLite is always tested, in a fresh file per test; `TEST_DATABASE_URLS` (separated by commas) names further databases.
//! A new kind of database is served when this suite passes on it; nothing here but `database` knows which kinds there are.
//! What only one kind has (files, servers, catalogues) is in `opening`, `locked_file`, `missing_file`, `servers`,
//! `rights`, `relay`, `broken_answers` and `migrations`.

#[cfg(test)]
mod broken_answers;
#[cfg(test)]
mod cancelled;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod clearing;
#[cfg(test)]
mod database;
#[cfg(test)]
mod debts;
#[cfg(test)]
mod executors;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod job_imports;
#[cfg(test)]
mod job_lists;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod locked_file;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod migrations_agree;
#[cfg(test)]
mod missing_file;
#[cfg(test)]
mod names;
mod nodes;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod races;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod run_parts;
#[cfg(test)]
mod run_requests;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod sleepers;
#[cfg(test)]
mod standings;
#[cfg(test)]
mod support;
mod taken;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod twins;
#[cfg(test)]
mod users;
#[cfg(test)]
mod wire;
