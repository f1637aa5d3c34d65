//! The hzm-job admin as a library: configuration, log, login, REST API, executor API and pages around the actors.
//!
//! The binary is a few lines over this; tests start the same server in their own process. Nothing here decides when a job
//! runs (that is `hzm-job-actors` over `hzm-job-scheduler`), and no SQL is written here (that is `hzm-job-store`).

pub mod access;
mod actor_tree;
pub mod api;
mod audit;
pub mod auth;
pub mod change;
pub mod command;
pub mod config;
pub mod data_folder;
mod edge;
pub mod error;
pub mod executor_api;
pub mod extract;
pub mod first_user;
#[cfg(test)]
mod fuzz;
pub mod gate;
pub mod housekeeping;
pub mod key_file;
pub mod logging;
pub mod memory;
mod moment;
mod opening;
mod readiness;
mod readyz;
pub mod rechain;
pub mod request_log;
pub mod routes;
pub mod server;
mod serving;
pub mod standalone;
pub mod startup_error;
pub mod state;
pub mod tls;
pub mod ui;
pub mod views;
mod waiting;
