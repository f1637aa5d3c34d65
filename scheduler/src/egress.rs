//! Where triggers may be sent: the guard against an admin that is made to call what its callers cannot reach (server-side request
//! forgery; what it was used for elsewhere: CVE-2022-43183, CVE-2024-24113, CVE-2025-7787).
//!
//! Pure. It is asked when an address is typed or registered, and again for every address that a name leads to when a connection is
//! made: what a name says may change in between.

use crate::networks::Networks;
use ipnet::IpNet;
use std::net::IpAddr;
use thiserror::Error;

/// What no executor has by itself: this network and unspecified, link-local with the metadata services of clouds, shared metadata
/// addresses outside of it, multicast, reserved and broadcast (RFC 6890; the vendors' documentation).
pub const DENIED: &str = "0.0.0.0/8, 169.254.0.0/16, 100.100.100.200/32, 168.63.129.16/32, 192.0.0.192/32, 224.0.0.0/4, 240.0.0.0/4, \
                          ::/128, fe80::/10, ff00::/8, fd00:ec2::254/128, fd20:ce::254/128";

/// The rule: never into `deny`; where `allow` names anything, only there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// Where executors may be; empty: everywhere.
    pub allow: Networks,
    /// Where they may not be, whatever `allow` says.
    pub deny: Networks,
}

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// It is in a network that is denied.
    #[error("{0} lies in {1}, where hzm.job.admin.egress.deny allows no executor")]
    Denied(IpAddr, IpNet),
    /// It is in none of those that are allowed.
    #[error("{0} lies in none of the networks that hzm.job.admin.egress.allow names")]
    NotAllowed(IpAddr),
}

impl Default for Egress {
    fn default() -> Self {
        Egress { allow: Networks::default(), deny: DENIED.parse().unwrap_or_default() }
    }
}

impl Egress {
    /// Whether triggers may be sent to this address.
    ///
    /// # Errors
    /// [`Forbidden`], which names the rule.
    pub fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        match self.deny.holding(address) {
            Some(network) => Err(Forbidden::Denied(address, network)),
            None if self.allow.is_empty() || self.allow.holds(address) => Ok(()),
            None => Err(Forbidden::NotAllowed(address)),
        }
    }

    /// The same of a node's address such as `http://10.0.0.7:7777`. One with a name passes: what it leads to is only known when a
    /// connection is made.
    ///
    /// # Errors
    /// [`Forbidden`], which names the rule.
    pub fn check_node(&self, node: &str) -> Result<(), Forbidden> {
        literal(node).map_or(Ok(()), |address| self.check(address))
    }
}

/// The IP address that a node's address names by itself; `None` for a name.
#[must_use]
pub fn literal(node: &str) -> Option<IpAddr> {
    let authority = node.split_once("://").map_or(node, |(_, authority)| authority);
    match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0.parse().ok(),
        None => authority.split(':').next()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn egress(allow: &str, deny: &str) -> Egress {
        Egress { allow: allow.parse().unwrap(), deny: deny.parse().unwrap() }
    }

    #[test]
    fn the_metadata_services_of_clouds_are_out_of_reach_from_the_start() {
        let rule = Egress::default();
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "0.0.0.0",
            "255.255.255.255",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(matches!(rule.check(address.parse().unwrap()), Err(Forbidden::Denied(..))), "{address}");
        }
        for address in ["10.0.0.7", "127.0.0.1", "192.168.1.1", "8.8.8.8", "fd00::7", "::1"] {
            assert_eq!(rule.check(address.parse().unwrap()), Ok(()), "{address}");
        }
    }

    #[test]
    fn a_network_that_is_denied_is_not_opened_by_one_that_is_allowed() {
        let rule = egress("10.0.0.0/8", "10.1.0.0/16");
        assert_eq!(rule.check_node("http://10.2.0.1:7777"), Ok(()));
        assert!(matches!(rule.check_node("http://10.1.0.1:7777"), Err(Forbidden::Denied(..))));
        assert!(matches!(rule.check_node("http://127.0.0.1:7777"), Err(Forbidden::NotAllowed(_))));
        assert!(matches!(rule.check_node("http://[::ffff:127.0.0.1]:7777"), Err(Forbidden::NotAllowed(_))));
        assert_eq!(rule.check_node("http://node-7:7777"), Ok(()), "a name is looked at when it is looked up");
    }

    proptest! {
        #[test]
        fn nothing_passes_that_is_denied_and_nothing_outside_of_what_is_allowed(
            address: IpAddr, allowed: IpAddr, denied: IpAddr, bits in 0_u8..=32,
        ) {
            let rule = egress(&format!("{allowed}/{bits}"), &format!("{denied}/{bits}"));
            let passes = rule.check(address).is_ok();
            prop_assert_eq!(passes, rule.deny.holding(address).is_none() && rule.allow.holds(address));
            let spelt = if address.is_ipv6() { format!("http://[{address}]:1") } else { format!("http://{address}:1") };
            prop_assert_eq!(rule.check_node(&spelt).is_ok(), passes);
        }
    }
}
