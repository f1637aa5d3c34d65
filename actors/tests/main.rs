//! The actors as a whole, in virtual time: a real store (SQLite in a fresh folder), real HTTP to fake nodes on the
//! loopback, and a clock that the test moves. One module per topic; `support` explains how time passes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected is to fail there")]

mod ahead;
mod cancel;
mod clock;
mod deaths;
mod early;
mod failover;
mod fault_points;
mod firing;
mod fixed_delay;
mod held;
mod journal;
mod liveness;
mod misfire;
mod moved;
mod never_left;
mod outage;
mod overlap;
mod passivation;
mod restart;
mod retry;
mod rotation;
mod supervision;
mod support;
mod taken;
mod threads;
mod timeout;
mod together;
mod untold;
