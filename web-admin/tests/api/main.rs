//! The admin's HTTP interface as clients meet it: a real server on a loopback port, SQLite in a folder of its own. One file
//! per family of addresses; `support` is the stage.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

mod actors;
mod audit;
mod connections;
mod edges;
mod executor_api;
mod executors;
mod explain;
mod hostile_input;
mod job_batch;
mod jobs;
mod key;
mod known_cases;
mod openapi;
mod operations;
mod outage;
mod overview;
mod permissions;
mod rotation;
mod runs;
mod schedules;
mod second_admin;
mod server;
mod session;
mod standalone;
mod support;
mod tls;
mod tokens;
mod users;
