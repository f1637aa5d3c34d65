//! Logins by real directories, and by what pretends to be one.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

mod certificates;
mod groups;
mod impostor;
mod names;
mod outage;
mod set_up;
mod tls;
mod world;
