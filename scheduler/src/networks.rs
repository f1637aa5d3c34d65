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
        let inner: Vec<IpAddr> = inner(address).into_iter().flatten().map(IpAddr::V4).collect();
        let holds = |network: &&IpNet| network.contains(&address) || inner.iter().any(|plain| network.contains(plain));
        self.0.iter().find(holds).copied()
    }
}

/// The IPv4 addresses that an IPv6 one may lead to: mapped and compatible (RFC 4291 §2.5.5), translated (RFC 2765 §2.1) and by NAT64
/// (RFC 6052 §2.1, RFC 8215), 6to4 (RFC 3056 §2), ISATAP (RFC 5214 §6.1) and Teredo (RFC 4380 §4: the client's, inverted, and the server's).
/// Whoever is kept from an address must not reach it by another spelling. What a provider or site maps by a prefix of its own (6rd, NAT64
/// outside of these) cannot be told from any other address.
fn inner(address: IpAddr) -> [Option<Ipv4Addr>; 4] {
    let IpAddr::V6(v6) = address else { return [None; 4] };
    let bits = v6.to_bits();
    let low = Some(ipv4(bits));
    match v6.segments() {
        _ if v6 == Ipv6Addr::UNSPECIFIED || v6 == Ipv6Addr::LOCALHOST => [None; 4],
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            [low, None, None, None]
        }
        [0x64, 0xff9b, 1, ..] => by_local_nat64(bits),
        [0x2002, ..] => [Some(ipv4(bits >> 80)), None, None, None],
        [0x2001, 0, ..] => [Some(ipv4(!bits)), Some(ipv4(bits >> 64)), None, None],
        // Its bits for "universal" and "group" may be set or not.
        [_, _, _, _, flags, 0x5efe, ..] if flags & !0x0300 == 0 => [low, None, None, None],
        _ => [None; 4],
    }
}

/// Whoever runs a NAT64 on 64:ff9b:1::/48 chooses how long its prefix is (48, 56, 64 or 96 bits), and with that where the address stands:
/// around the octet of bits 64 to 71 (RFC 6052 §2.2). Which one holds is not known here, so all do, but for those that read zeros.
fn by_local_nat64(bits: u128) -> [Option<Ipv4Addr>; 4] {
    let around = |high: u32| {
        let (before, after) = (bits >> 64 & ((1 << high) - 1), bits << 72 >> (96 + high));
        ipv4(before << (32 - high) | after)
    };
    let read = [around(16), around(8), around(0), ipv4(bits)];
    read.map(|found| Some(found).filter(|found| found.octets().first() != Some(&0)))
}

/// The address in the lowest 32 bits.
fn ipv4(bits: u128) -> Ipv4Addr {
    Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32)
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
            "::ffff:0:a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:7:8:9:a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9fe:a9:fe00::1",
            "64:ff9b:1:7a9:fe:a9fe::",
            "64:ff9b:1:7:a9:fea9:fe00:0",
            "fe80::5efe:a9fe:a9fe",
            "2001:db8::5efe:a9fe:a9fe",
            "2001:db8::200:5efe:a9fe:a9fe",
            "2001:db8::300:5efe:a9fe:a9fe",
            "2001:0:808:808:8000:ffff:5601:5601",
            "2001:0:a9fe:a9fe:8000:ffff:f7f7:f7f7",
        ] {
            assert!(metadata.holding(spelling.parse().unwrap()).is_some(), "{spelling}");
        }
        assert!(metadata.holding("2001:db8::a9fe:a9fe".parse().unwrap()).is_none());
        assert!(metadata.holding("2001:db8::400:5efe:a9fe:a9fe".parse().unwrap()).is_none());
        assert!(metadata.holding("64:ff9b:2::a9fe:a9fe".parse().unwrap()).is_none());
        assert!(networks("127.0.0.0/8").holding("::1".parse().unwrap()).is_none(), "that is another address");
    }

    #[test]
    fn a_nat64_of_any_length_still_leads_to_what_is_not_kept_out() {
        let denied = networks(crate::egress::DENIED);
        for spelling in ["64:ff9b:1::a00:7", "64:ff9b:1:a00:0:700::", "64:ff9b:1:a:0:7::", "64:ff9b:1::a:0:700:0"] {
            assert_eq!(denied.holding(spelling.parse().unwrap()), None, "{spelling}");
        }
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
