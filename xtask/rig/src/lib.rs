//! What programs need that start a real admin and look at it from outside: the breaker and the benchmark.
//!
//! Threads and blocking calls only. Everything listens on the loopback, and every program ends with the thread that
//! started it. Nothing here knows what is being tried: jobs, faults and rates belong to the callers.

pub mod api;
pub mod clock;
pub mod database;
pub mod http;
pub mod process;
pub mod programs;
