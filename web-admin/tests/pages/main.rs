//! The pages as readers meet them: a real server on a loopback port, SQLite in a folder of its own, forms sent as a browser
//! without script sends them. `support` is the stage.

// It always holds here; it tells clippy that these are tests, where `unwrap` is allowed.
#![cfg(test)]

mod actors;
mod executors;
mod explain;
mod jobs;
mod language;
mod login;
mod rendering;
mod runs;
mod support;
mod users;
