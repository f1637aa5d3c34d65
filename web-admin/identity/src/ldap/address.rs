//! Where a directory is.

use std::fmt;
use std::net::IpAddr;

/// The port of `ldap://`.
const PLAIN_PORT: u16 = 389;
/// The port of `ldaps://`.
const TLS_PORT: u16 = 636;

/// Where a directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Whether TLS is spoken from the start.
    pub(super) tls: bool,
    /// A name or an IP address, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

impl Address {
    /// Reads `ldap://HOST:PORT`, `ldaps://HOST:PORT` or, as the original does, `HOST:PORT`; the port may be left out.
    pub(super) fn parse(text: &str) -> Option<Address> {
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("ldap", text.trim()));
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => false,
            "ldaps" => true,
            _ => return None,
        };
        let (host, port) = split(rest.strip_suffix('/').unwrap_or(rest))?;
        let standard = if tls { TLS_PORT } else { PLAIN_PORT };
        let port = port.map_or(Some(standard), |port| port.parse().ok()).filter(|port| *port > 0)?;
        Some(Address { tls, host: host.to_owned(), port })
    }

    /// Whether the host is this machine by its very name.
    pub(super) fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        address.map_or_else(|_| self.host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
    }
}

/// Host and port of `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (host, after) = inner.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return if after.is_empty() { Some((host, None)) } else { Some((host, Some(after.strip_prefix(':')?))) };
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_host = !host.is_empty() && host.chars().all(|letter| letter.is_alphanumeric() || "-._".contains(letter));
    is_host.then_some((host, port))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "ldaps" } else { "ldap" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(out, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        Address::parse(text).map(|address| address.to_string())
    }

    #[test]
    fn every_way_to_write_an_address_is_understood() {
        for (text, expected) in [
            ("ldap://dir.example.org", "ldap://dir.example.org:389"),
            ("LDAPS://dir.example.org/", "ldaps://dir.example.org:636"),
            ("dir.example.org:1389", "ldap://dir.example.org:1389"),
            ("ldaps://[::1]:1636", "ldaps://[::1]:1636"),
            (" ldap://127.0.0.1:389 ", "ldap://127.0.0.1:389"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_directory_is_refused() {
        for text in [
            "",
            "ldap://",
            "http://a",
            "ldap://a:0",
            "ldap://a:b",
            "ldap://a:70000",
            "ldap://u:p@a",
            "ldap://a/dc=org",
            "ldap://[::1",
            "ldap://[a]:1",
            "ldap://::1",
            "ldap://a b",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_surely_is_this_machine_is_loopback() {
        for (text, expected) in [
            ("ldap://localhost", true),
            ("ldap://127.9.9.9", true),
            ("ldap://[::1]", true),
            ("ldap://localhost.example.org", false),
            ("ldap://10.0.0.1", false),
            ("ldap://0.0.0.0", false),
        ] {
            assert_eq!(Address::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }
}
