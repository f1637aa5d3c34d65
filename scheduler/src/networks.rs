//! Lists of networks, as a configuration writes them: `10.0.0.0/8, 192.168.1.7, fd00::/8`.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use thiserror::Error;

/// The most networks one list may have.
const MOST: usize = 256;

/// A list of networks; an address alone is the network of that address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// Why a text is no list of networks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworksError {
    /// One entry is neither a network nor an address.
    #[error("{0:?} is no network; write such as 10.0.0.0/8 or fd00::/8 or a single address, with commas between")]
    Entry(String),
    /// More than can be looked through for each connection.
    #[error("{0} networks are too many; give at most {MOST}")]
    TooMany(usize),
}

impl Networks {
    /// Whether the list names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the list holds the address, for what is let in: an IPv4 address counts in the clothes of IPv6 that a socket gives it
    /// (mapped), and in no other.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address) || network.contains(&plain))
    }

    /// The first network of the list that holds the address, for what is kept out: in whatever spelling of IPv6 an IPv4 address comes.
    #[must_use]
    pub fn holding(&self, address: IpAddr) -> Option<IpNet> {
        let plain = plain(address);
        self.0.iter().find(|network| network.contains(&address) || network.contains(&plain)).copied()
    }
}

/// The IPv4 address that an IPv6 one leads to, where there is one: mapped and compatible (RFC 4291 §2.5.5), translated by NAT64
/// (RFC 6052 §2.1) and 6to4 (RFC 3056 §2). Whoever is kept from an address must not reach it by another spelling.
#[must_use]
pub fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let low = Ipv4Addr::from_bits((v6.to_bits() & u128::from(u32::MAX)) as u32);
    let inner = match v6.segments() {
        _ if v6 == Ipv6Addr::UNSPECIFIED || v6 == Ipv6Addr::LOCALHOST => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(low),
        [0x2002, high, mid, ..] => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(mid))),
        _ => None,
    };
    inner.map_or(address, IpAddr::V4)
}

impl FromStr for Networks {
    type Err = NetworksError;

    fn from_str(text: &str) -> Result<Networks, NetworksError> {
        let entries: Vec<&str> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        if entries.len() > MOST {
            return Err(NetworksError::TooMany(entries.len()));
        }
        let network = |entry: &&str| {
            let alone = entry.parse::<IpAddr>().map(IpNet::from);
            entry.parse::<IpNet>().or(alone).map(|network| network.trunc())
        };
        let refuse = |entry: &&str| NetworksError::Entry(entry.chars().take(64).collect());
        entries.iter().map(|entry| network(entry).map_err(|_| refuse(entry))).collect::<Result<_, _>>().map(Networks)
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(IpNet::to_string).collect();
        f.write_str(&texts.join(", "))
    }
}

impl Serialize for Networks {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// How a list may be written.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "give networks such as 10.0.0.0/8 or fd00::/8 or single addresses, with commas between or as a list"
)]
enum Written {
    Text(String),
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Networks, D::Error> {
        let text = match Written::deserialize(from)? {
            Written::Text(text) => text,
            Written::List(entries) => entries.join(","),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn networks(text: &str) -> Networks {
        text.parse().unwrap()
    }

    #[test]
    fn an_ipv4_address_is_found_in_every_spelling_of_ipv6() {
        let metadata = networks("169.254.0.0/16");
        for spelling in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(metadata.holding(spelling.parse().unwrap()).is_some(), "{spelling}");
        }
        assert!(metadata.holding("2001:db8::a9fe:a9fe".parse().unwrap()).is_none());
        assert!(networks("127.0.0.0/8").holding("::1".parse().unwrap()).is_none(), "that is another address");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for bad in ["10.0.0.0/33", "nonsense", "10.0.0", "10.0.0.0/8; fd00::/8", "fe80::1%eth0"] {
            assert!(bad.parse::<Networks>().unwrap_err().to_string().contains("no network"), "{bad}");
        }
        assert!(vec!["10.0.0.1"; MOST + 1].join(",").parse::<Networks>().is_err());
        assert!(networks(" , ").is_empty());
    }

    proptest! {
        #[test]
        fn a_list_reads_back_as_it_was_written(addresses in prop::collection::vec((any::<IpAddr>(), 0_u8..=32), 0..20)) {
            let text: Vec<String> = addresses.iter().map(|(address, bits)| format!("{address}/{bits}")).collect();
            let read = networks(&text.join(", "));
            prop_assert_eq!(networks(&read.to_string()), read.clone());
            for (address, _) in addresses {
                prop_assert!(read.holding(address).is_some() && read.holds(address), "{} in {}", address, read);
            }
        }

        #[test]
        fn no_text_makes_reading_fail_in_another_way_than_an_error(text in ".{0,200}") {
            drop(text.parse::<Networks>());
        }
    }
}
