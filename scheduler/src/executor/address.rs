//! A node's address in its one spelling: `http(s)://host[:port]`.
//!
//! The spelling is the identity of a node (the store keeps one row per address), so two ways to write the same address
//! must come out alike. Nothing is looked up and nothing is sent here.

use crate::problem::AddressFault;
use std::net::Ipv6Addr;

/// The longest address, in bytes.
const LONGEST: usize = 255;

/// The address in its one spelling: trimmed, scheme and host in lower case, no slash at the end, the port as a plain
/// number. A port that the scheme implies anyway is kept, because the node wrote it.
///
/// # Errors
/// The first fault found.
pub(super) fn normalise(text: &str) -> Result<String, AddressFault> {
    let text = text.trim();
    if text.len() > LONGEST {
        return Err(AddressFault::Length);
    }
    let (scheme, rest) = text.split_once("://").ok_or(AddressFault::Scheme)?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(AddressFault::Scheme);
    }
    let authority = authority_of(rest)?;
    let (host, port) = split_port(authority)?;
    let host = host.to_ascii_lowercase();
    check_host(&host)?;
    match port {
        None => Ok(format!("{scheme}://{host}")),
        Some(port) => Ok(format!("{scheme}://{host}:{}", parse_port(port)?)),
    }
}

/// The text as it may be shown: what stands before an `@` may be a password, and length is bounded.
pub(super) fn printable(text: &str) -> String {
    let shown = text.rsplit_once('@').map_or(text, |(_, after)| after);
    shown.chars().take(64).collect()
}

/// What stands before the path, which must be empty or one slash.
fn authority_of(rest: &str) -> Result<&str, AddressFault> {
    if rest.contains('@') {
        return Err(AddressFault::UserInfo);
    }
    if rest.contains(['?', '#']) {
        return Err(AddressFault::Query);
    }
    let authority = rest.trim_end_matches('/');
    if authority.contains('/') { Err(AddressFault::Path) } else { Ok(authority) }
}

/// Host and port; the colons inside `[..]` belong to an IPv6 host.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), AddressFault> {
    if !authority.starts_with('[') {
        return Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))));
    }
    let end = authority.find(']').ok_or(AddressFault::Host)?;
    let (host, rest) = authority.split_at(end + 1);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(AddressFault::Host),
    }
}

fn check_host(host: &str) -> Result<(), AddressFault> {
    let is_fine = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    if is_fine { Ok(()) } else { Err(AddressFault::Host) }
}

/// One part of a host name. The underscore is in no standard for hosts and in many container networks.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn parse_port(text: &str) -> Result<u16, AddressFault> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse::<u16>().map_err(|_| AddressFault::Port)?;
    if is_number && port != 0 { Ok(port) } else { Err(AddressFault::Port) }
}
