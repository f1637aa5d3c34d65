//! Logins by a real provider, and by one of our own that does what no provider should.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

mod answers;
mod browser;
mod fake;
mod flow;
mod keys;
mod real;
mod rotation;
mod tokens;
