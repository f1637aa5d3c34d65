//! What to do: pure functions of (state, event, now).
//!
//! Everything that hzm-job *decides* is decided here: when a job is due ([`schedule`]), what becomes of a fire that comes
//! late ([`misfire`]) or meets a run still going ([`overlap`]), which node gets it ([`routing`]), whether it is tried
//! again ([`retry`]), which transitions a run may make ([`run`]) and when a node counts as gone ([`liveness`]).
//!
//! Nothing in this crate reads a clock, draws a random number, opens a file or talks to anybody: the time and the dice
//! are arguments. So every rule is a table that a test can walk through, and the actors around it stay small.

pub mod agenda;
pub mod cron;
mod cron_field;
pub mod delivery;
pub mod describe;
pub mod egress;
pub mod executor;
pub mod explain;
pub mod foresight;
pub mod ids;
pub mod job;
pub mod liveness;
pub mod misfire;
pub mod names;
pub mod networks;
pub mod overlap;
pub mod partition;
pub mod problem;
pub mod progress;
pub mod retry;
pub mod routing;
pub mod run;
pub mod schedule;
mod schedule_draft;
mod schedule_problem;
pub mod silence;
mod wall_time;

pub use ids::{ExecutorId, JobId, RunId};
