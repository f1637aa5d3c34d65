//! Breaks a running hzm-job on purpose, then proves that nothing was lost, done early, or done twice.
//!
//! ```text
//!                 ┌──> wire relay ──> node 0 ─┐
//!   database <─ relay <─ admin ┤              ├──> callback relay ──> admin
//!                 └──> wire relay ──> node 1 ─┘
//! ```
//!
//! A plan follows from a seed ([`plan`]); the stage does what it says ([`stage`]); afterwards the [`checker`] compares the
//! ledger with what had to happen and with what the nodes wrote down themselves. Everything listens on the loopback, and
//! no process outlives the breaker.

pub mod checker;
pub mod dice;
pub mod faults;
pub mod history;
pub mod job;
pub mod ledger;
pub mod meddling;
pub mod options;
pub mod plan;
pub mod relay;
pub mod report;
pub mod run;
pub mod stage;
pub mod trace;

pub use hzm_job_test_rig::programs::has_fault_points;
pub use hzm_job_test_rig::{api, clock, http, process, programs};

/// The app key of the breaker's executor.
pub const APP_KEY: &str = "chaos";
/// Its secret; it guards nothing but a few processes on the loopback.
pub const APP_SECRET: &str = "a-secret-of-the-breaker";
