//! How a call leaves for a node. `awc` is imported nowhere else: its client belongs to one thread.

pub(crate) mod batch;
pub(crate) mod hzm;
pub(crate) mod outward;
pub(crate) mod verdict;

use crate::messages::Delivered;
use actix_tls::connect::{Connector, Resolver};
use awc::FrozenClientRequest;
use awc::http::Version;
use hzm_job_protocol::hzm::TOKEN_HEADER;
use outward::Outward;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The way to one node: its address, and a client of its own.
#[derive(Clone)]
pub(crate) struct Wire {
    client: Rc<RefCell<awc::Client>>,
    way: Rc<Way>,
    /// Whether the node closes each connection after its answer.
    closes: Rc<Cell<bool>>,
    address: Arc<str>,
    /// Why nothing is sent there.
    refusal: Option<Arc<str>>,
    /// The heads of requests, one for each path: they are the same from one to the next, and putting one together costs as much as
    /// writing its body.
    heads: Rc<RefCell<Vec<Head>>>,
}

/// What stands before the bodies of requests to a path, under a secret.
struct Head {
    path: &'static str,
    secret: String,
    request: FrozenClientRequest,
}

/// How a node's client is made.
struct Way {
    connections: usize,
    answer_within: Duration,
    outward: Outward,
}

impl Way {
    /// A client for one node: few connections (8-16 are faster than awc's default of 100, whose p99 is six times worse), and idle
    /// ones closed after four seconds: actix-web servers close theirs after five, and no request may meet a closing connection.
    fn client(&self) -> awc::Client {
        let connector = awc::Connector::new()
            .connector(Connector::new(Resolver::custom(self.outward.clone())).service())
            .rustls_0_23(self.outward.tls())
            .limit(self.connections)
            .timeout(self.answer_within)
            .handshake_timeout(self.answer_within)
            .conn_keep_alive(Duration::from_secs(4))
            .conn_lifetime(Duration::from_secs(600));
        awc::Client::builder().connector(connector).timeout(self.answer_within).disable_redirects().finish()
    }
}

impl Wire {
    /// The way to the node at this address.
    pub(crate) fn new(address: Arc<str>, connections: usize, answer_within: Duration, outward: &Outward) -> Wire {
        let refusal = outward.refusal(&address).map(Arc::from);
        let way = Rc::new(Way { connections, answer_within, outward: outward.clone() });
        let client = Rc::new(RefCell::new(way.client()));
        Wire { client, way, closes: Rc::default(), address, refusal, heads: Rc::default() }
    }

    /// The node answered in this version of HTTP. One that speaks 1.0 closes the connection after each answer (RFC 9112 §9.3), where
    /// awc keeps it for the next request, which would then be lost on its way: from now on each request has its own, and none of
    /// those that were kept is used.
    fn answered_in(&self, version: Version) {
        if version < Version::HTTP_11 && !self.closes.replace(true) {
            *self.client.borrow_mut() = self.way.client();
            self.heads.borrow_mut().clear();
        }
    }

    /// A request to a path of the node, without its body.
    ///
    /// # Errors
    /// Nothing may be sent there, or the address is none: surely not taken.
    fn post(&self, path: &'static str, secret: &str) -> Result<FrozenClientRequest, Delivered> {
        if let Some(refusal) = &self.refusal {
            return Err(Delivered::NotTaken(refusal.to_string()));
        }
        let mut heads = self.heads.borrow_mut();
        if let Some(known) = heads.iter().find(|head| head.path == path && head.secret == secret) {
            return Ok(known.request.clone());
        }
        let client = self.client.borrow();
        let request = client
            .post(format!("{}{path}", self.address))
            .insert_header((TOKEN_HEADER, secret))
            .insert_header(("Content-Type", "application/json;charset=UTF-8"));
        let request = if self.closes.get() { request.force_close() } else { request };
        let request =
            request.freeze().map_err(|error| Delivered::NotTaken(format!("no request can be made: {error}")))?;
        // Of a secret that was replaced none is kept.
        heads.retain(|head| head.path != path);
        heads.push(Head { path, secret: secret.to_owned(), request: request.clone() });
        Ok(request)
    }
}
