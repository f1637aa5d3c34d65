//! Relays that stand in the way of a connection and break it when they are told to.

pub mod callbacks;
pub mod wire;

use std::io;
use std::net::TcpListener;

/// A listener on a port that the kernel gives to nobody by chance, so that a relay is never confused with a client.
pub(crate) fn listen() -> io::Result<(TcpListener, u16)> {
    let port = hzm_job_test_servers::free_port()?;
    Ok((TcpListener::bind(("127.0.0.1", port))?, port))
}
