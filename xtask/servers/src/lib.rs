//! Private servers for tests, databases and an LDAP directory: each with its own data folder, on free loopback ports, as a user
//! without rights, and gone when the test is, however it ends.
//!
//! A server here can be treated as badly as a test wants: killed at any instant, started again on the same data and the
//! same port, stopped in its tracks and let go on. Writes reach the disk before they are acknowledged, as in production.
//!
//! Limits: Linux with util-linux's `setpriv`, which asks the kernel to end a server when the thread that started it ends. So
//! a server must be started, and started again, by a thread that outlives it. Nothing is installed here.

mod command;
mod directory;
mod error;
mod mariadb;
mod port;
mod postgres;
mod processes;
mod programs;
mod server;

pub use directory::{Certificate, Directory};
pub use error::Problem;
pub use port::free_port;
pub use processes::{family, signal};
pub use server::{Kind, Server};

/// The database that every server has from the start; empty.
pub const DATABASE: &str = "hzm_test";
