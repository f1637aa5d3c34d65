//! Ports that nobody else comes upon by chance.
//!
//! The kernel gives outgoing connections ports from its ephemeral range. A server that is killed and started again must
//! find its own port free, and a client that calls a dead port of that range can even end up connected to itself; so
//! servers of tests get ports below the range.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below this port other programs of a developer's machine tend to live.
const LOWEST: u32 = 20_000;
/// Where the ephemeral range begins when the kernel does not tell.
const USUAL_EPHEMERAL: u32 = 32_768;
/// A step through the ports that has no factor in common with their number, so that every port gets its turn.
const STRIDE: u32 = 7_919;

/// Ports given away by this process.
static GIVEN: AtomicU32 = AtomicU32::new(0);

/// A loopback port that is free now and that the kernel gives to nobody.
///
/// Two processes begin their search at different places, so that they rarely meet; whoever still finds the port taken
/// asks again.
///
/// # Errors
/// When no port of the range is free.
pub fn free_port() -> io::Result<u16> {
    let ports = ephemeral_start().saturating_sub(LOWEST).max(1_000);
    let start = std::process::id().wrapping_mul(31);
    for _ in 0..ports {
        let turn = GIVEN.fetch_add(1, Ordering::Relaxed);
        let offset = start.wrapping_add(turn.wrapping_mul(STRIDE)) % ports;
        let Ok(port) = u16::try_from(LOWEST + offset) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::other(format!("no free port from {LOWEST} to {}", LOWEST + ports)))
}

fn ephemeral_start() -> u32 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_whitespace().next().and_then(|start| start.parse().ok()).unwrap_or(USUAL_EPHEMERAL).min(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ports_differ_and_lie_below_what_the_kernel_gives_away() {
        let (one, two) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(one, two);
        assert!(u32::from(one) < ephemeral_start().max(LOWEST + 1_000) && u32::from(one) >= LOWEST);
    }
}
