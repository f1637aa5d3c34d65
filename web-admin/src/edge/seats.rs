//! How many connections one address may hold at a time (`hzm.job.admin.http.connectionsPerAddress`), so that one caller alone cannot
//! take all that there are (`http.maxConnections`).
//!
//! A connection beyond that is closed at once. Configured proxies are not counted: theirs are many
//! callers' connections. An IPv6 address is counted as its /64.

use crate::auth::throttle::network;
use crate::state::App;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONNECTION, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpResponse};
use hzm_job_scheduler::networks::Networks;
use socket2::SockRef;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who holds how many connections; one for the whole server.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    most: usize,
    proxies: Arc<Networks>,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A connection's seat, given back when it closes.
#[derive(Debug)]
pub(crate) struct Seat {
    network: String,
    is_over: bool,
    seats: Seats,
}

impl Seats {
    pub(crate) fn new(app: &App) -> Seats {
        let http = &app.config.admin.http;
        let proxies = Arc::new(http.trusted_proxies.clone());
        Seats { most: http.connections_per_address as usize, proxies, taken: Arc::default() }
    }

    /// Seats a connection.
    pub(crate) fn connected(&self, stream: &TcpStream, data: &mut Extensions) {
        if let Some(seat) = stream.peer_addr().ok().and_then(|peer| self.take(peer.ip())) {
            if seat.is_over {
                // At once: one that says nothing would hold its place for as long as a request may take. Whoever is closed already
                // needs no closing.
                drop(SockRef::from(stream).shutdown(Shutdown::Read));
            }
            data.insert(seat);
        }
    }

    fn take(&self, peer: IpAddr) -> Option<Seat> {
        if self.proxies.holds(peer) {
            return None;
        }
        let network = network(&peer.to_string());
        let mut taken = self.lock();
        let count = taken.entry(network.clone()).or_insert(0);
        *count += 1;
        let is_over = *count > self.most;
        drop(taken);
        Some(Seat { network, is_over, seats: self.clone() })
    }

    /// The map is sound after a panic elsewhere: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(count) = taken.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

/// The middleware around everything: turns away what comes on a connection too many.
///
/// # Errors
/// Those of what it wraps.
pub(crate) async fn turn_away<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if request.conn_data::<Seat>().is_none_or(|seat| !seat.is_over) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let answer = HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "5"))
        .insert_header((CONNECTION, "close"))
        .body("too many connections from your address; close some (hzm.job.admin.http.connectionsPerAddress)\n");
    Ok(request.into_response(answer).map_into_right_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(most: usize, proxies: &str) -> Seats {
        Seats { most, proxies: Arc::new(proxies.parse().unwrap()), taken: Arc::default() }
    }

    #[test]
    fn a_seat_is_free_again_when_its_connection_is_closed() {
        let (seats, address) = (seats(2, ""), "203.0.113.9".parse().unwrap());
        let held = [seats.take(address).unwrap(), seats.take(address).unwrap()];
        assert!(held.iter().all(|seat| !seat.is_over));
        assert!(seats.take(address).unwrap().is_over);
        assert!(!seats.take("203.0.113.10".parse().unwrap()).unwrap().is_over, "others have seats of their own");
        drop(held);
        assert!(!seats.take(address).unwrap().is_over);
        assert!(seats.lock().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn the_addresses_of_one_network_of_ipv6_share_their_seats_and_a_proxys_are_not_counted() {
        let seats = seats(1, "10.0.0.0/8");
        let first = seats.take("2001:db8::1".parse().unwrap()).unwrap();
        assert!(!first.is_over && seats.take("2001:db8::2".parse().unwrap()).unwrap().is_over);
        assert!(seats.take("10.0.0.2".parse().unwrap()).is_none());
    }
}
