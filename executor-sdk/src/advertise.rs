//! The address that an admin is told to call.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use url::Url;

/// Where the address comes from.
#[derive(Debug, Clone)]
pub(crate) enum Advertised {
    /// Given by the user, or the one address that the server listens on.
    Fixed(String),
    /// The server listens on every address: the one from which this machine reaches the admin.
    TowardsAdmin {
        /// The admin whose direction counts.
        admin: String,
        /// The port that the server listens on.
        port: u16,
    },
}

impl Advertised {
    /// The user's word, else what follows from where the server listens.
    pub(crate) fn choose(given: Option<&str>, listening: SocketAddr, admin: &str) -> Self {
        match given {
            Some(address) => Self::Fixed(address.to_owned()),
            None if listening.ip().is_unspecified() => {
                Self::TowardsAdmin { admin: admin.to_owned(), port: listening.port() }
            }
            None => Self::Fixed(format!("http://{listening}")),
        }
    }

    /// The address, looked up anew: the machine may have moved, and at the start there may be no network yet.
    ///
    /// # Errors
    ///
    /// When the admin's name cannot be resolved or no way leads to it.
    pub(crate) async fn resolve(&self) -> io::Result<String> {
        match self {
            Self::Fixed(address) => Ok(address.clone()),
            Self::TowardsAdmin { admin, port } => {
                let (admin, port) = (admin.clone(), *port);
                tokio::task::spawn_blocking(move || address_towards(&admin, port)).await.map_err(io::Error::other)?
            }
        }
    }
}

fn address_towards(admin: &str, port: u16) -> io::Result<String> {
    own_address_towards(admin).map(|own| format!("http://{}", SocketAddr::new(own, port))).map_err(|problem| {
        io::Error::other(format!("this machine's address towards {admin} is unknown ({problem}); set `address`"))
    })
}

/// Connecting a UDP socket sends nothing; it makes the system choose the address that packets would leave from.
fn own_address_towards(admin: &str) -> io::Result<IpAddr> {
    let url = Url::parse(admin).map_err(io::Error::other)?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let target = (host, url.port_or_known_default().unwrap_or(80)).to_socket_addrs()?.next();
    let target = target.ok_or_else(|| io::Error::other("its name has no address"))?;
    let any: IpAddr = if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_given_address_wins_and_else_the_one_listened_on() {
        let listening: SocketAddr = "127.0.0.1:7777".parse().unwrap();
        let given = Advertised::choose(Some("http://node-3:80"), listening, "http://127.0.0.1:8888");
        assert_eq!(given.resolve().await.unwrap(), "http://node-3:80");
        let own = Advertised::choose(None, listening, "http://127.0.0.1:8888");
        assert_eq!(own.resolve().await.unwrap(), "http://127.0.0.1:7777");
    }

    #[tokio::test]
    async fn a_server_on_every_address_is_reached_by_the_one_towards_the_admin() {
        for (any, admin, expected) in [
            ("0.0.0.0:7777", "http://127.0.0.1:8888", "http://127.0.0.1:7777"),
            ("[::]:7777", "http://127.0.0.1", "http://127.0.0.1:7777"),
        ] {
            let advertised = Advertised::choose(None, any.parse().unwrap(), admin);
            assert_eq!(advertised.resolve().await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn an_admin_that_cannot_be_found_is_an_error_that_says_what_to_set() {
        let advertised = Advertised::choose(None, "0.0.0.0:7777".parse().unwrap(), "http://admin.invalid:8888");
        let problem = advertised.resolve().await.unwrap_err().to_string();
        assert!(problem.contains("http://admin.invalid:8888") && problem.ends_with("set `address`"), "{problem}");
    }
}
