//! Measures a running hzm-job from outside: a real admin on a real database, and a load executor that does next to nothing.
//!
//! The driver ([`stage`], [`scenario`]) starts all of it, lets jobs fire, and then reads the ledger directly ([`ledger`],
//! [`verify`]): a figure counts only when every expected fire has exactly one row and succeeded. Nothing here shares code
//! with the scheduler.

pub mod conditions;
pub mod create;
pub mod crowd;
pub mod during;
pub mod ended;
pub mod figures;
pub mod fill;
pub mod history;
pub mod ledger;
pub mod machine;
pub mod meters;
pub mod node;
pub mod options;
pub mod own_settings;
pub mod page;
pub mod percentile;
pub mod plot;
pub mod product;
pub mod refused;
pub mod report;
pub mod scenario;
pub mod search;
pub mod stage;
pub mod told;
pub mod verify;

/// The app key of the benchmark's executor.
pub const APP_KEY: &str = "bench";
/// Its secret; it guards nothing but a few processes on the loopback.
pub const APP_SECRET: &str = "a-secret-of-the-benchmark";

/// An error as text: nobody here tells one failure from another, but people read them.
pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
