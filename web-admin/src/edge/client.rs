//! Whose request it is, where proxies stand between.
//!
//! What `X-Forwarded-For` says is believed of proxies that `hzm.job.admin.http.trustedProxies` names, and of nobody else: a client
//! writes there what it likes. It is read from its end, where the nearest proxy wrote: the first address that is no proxy of ours is
//! the client.

use crate::state::App;
use actix_web::{HttpRequest, web};
use hzm_job_scheduler::networks::Networks;
use std::net::IpAddr;

/// One spelling of an address: an IPv4 one that came in the clothes of IPv6 is the IPv4 one.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Entries that are looked at; more proxies in a row than this are none.
const MOST_HOPS: usize = 32;

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// The client's address; `None` where the connection has none.
pub(crate) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let Some(app) = request.app_data::<web::Data<App>>() else { return Some(plain(peer)) };
    let proxies = &app.config.admin.http.trusted_proxies;
    if proxies.is_empty() {
        return Some(plain(peer));
    }
    // A byte that is no text spoils its own entry, not those that proxies wrote behind it.
    let headers = request.headers().get_all(FORWARDED_FOR).map(|value| String::from_utf8_lossy(value.as_bytes()));
    Some(client(peer, &headers.collect::<Vec<_>>().join(","), proxies))
}

/// The same as a text, empty where there is none.
pub(crate) fn text(request: &HttpRequest) -> String {
    address(request).map(|address| address.to_string()).unwrap_or_default()
}

/// What a header says that proxies write of what they were asked: only of a proxy that `http.trustedProxies` names, and what the
/// nearest one wrote, which is the last.
pub(crate) fn asked_of_proxy<'a>(request: &'a HttpRequest, header: &str) -> Option<&'a str> {
    let told = request.headers().get(header).filter(|_| is_by_proxy(request))?;
    told.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// Whether the request came by a proxy that the configuration names: then what it says of the address that was asked is believed.
pub(crate) fn is_by_proxy(request: &HttpRequest) -> bool {
    let proxies = request.app_data::<web::Data<App>>().map(|app| &app.config.admin.http.trusted_proxies);
    let peer = request.peer_addr().map(|peer| plain(peer.ip()));
    proxies.zip(peer).is_some_and(|(proxies, peer)| proxies.holds(peer))
}

/// Pure: who calls, given the peer of the connection and what was forwarded. An entry that is no address ends the search: what
/// stands before it was not written by a proxy of ours.
fn client(peer: IpAddr, forwarded: &str, proxies: &Networks) -> IpAddr {
    let mut client = plain(peer);
    for entry in forwarded.rsplit(',').take(MOST_HOPS) {
        if !proxies.holds(client) {
            return client;
        }
        match host(entry.trim()) {
            Some(before) => client = plain(before),
            None => return client,
        }
    }
    client
}

/// The address of an entry; some proxies write the port with it.
fn host(entry: &str) -> Option<IpAddr> {
    let with_port = || entry.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    entry.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn called(peer: &str, forwarded: &str, proxies: &str) -> String {
        client(peer.parse().unwrap(), forwarded, &proxies.parse().unwrap()).to_string()
    }

    #[test]
    fn what_a_client_claims_is_believed_of_a_configured_proxy_only() {
        assert_eq!(called("203.0.113.9", "10.0.0.1", ""), "203.0.113.9");
        assert_eq!(called("203.0.113.9", "10.0.0.1", "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(called("10.0.0.2", "203.0.113.9", "10.0.0.0/8"), "203.0.113.9");
    }

    #[test]
    fn what_the_client_wrote_before_the_proxy_is_not_believed() {
        assert_eq!(called("10.0.0.2", "127.0.0.1, 203.0.113.9", "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(called("10.0.0.2", "127.0.0.1, 203.0.113.9, 10.0.0.3", "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(called("10.0.0.2", "203.0.113.9, nonsense, 10.0.0.3", "10.0.0.0/8"), "10.0.0.3");
        assert_eq!(called("10.0.0.2", "", "10.0.0.0/8"), "10.0.0.2");
        let spoilt = String::from_utf8_lossy(b"\xff, 203.0.113.9");
        assert_eq!(called("10.0.0.2", &spoilt, "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(called("2002:a00:2::1", "203.0.113.9", "10.0.0.0/8"), "2002:a00:2::1", "that is no proxy of ours");
    }

    #[test]
    fn one_client_has_one_address_however_it_is_spelt() {
        assert_eq!(called("::ffff:203.0.113.9", "", ""), "203.0.113.9");
        for spelling in ["203.0.113.9", "203.0.113.9:1234", "::ffff:203.0.113.9", "[::ffff:203.0.113.9]:1"] {
            assert_eq!(called("10.0.0.2", spelling, "10.0.0.0/8"), "203.0.113.9", "{spelling}");
        }
        assert_eq!(called("10.0.0.2", "[2001:db8::1]", "10.0.0.0/8"), "2001:db8::1");
    }

    proptest! {
        #[test]
        fn without_a_proxy_no_header_changes_who_calls(peer: IpAddr, forwarded in ".{0,100}") {
            prop_assert_eq!(client(peer, &forwarded, &Networks::default()), plain(peer));
        }

        #[test]
        fn the_client_is_what_the_nearest_proxy_wrote_whatever_stands_before(claimed in "[ -~]{0,60}", last in 0_u8..) {
            let forwarded = format!("{claimed},203.0.113.{last}");
            prop_assert_eq!(called("10.0.0.2", &forwarded, "10.0.0.0/8"), format!("203.0.113.{last}"));
        }
    }
}
