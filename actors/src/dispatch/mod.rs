//! How a call leaves for a node. `awc` is imported nowhere else: its client belongs to one thread.

pub(crate) mod batch;
pub(crate) mod hzm;
pub(crate) mod outward;
pub(crate) mod verdict;

use crate::messages::Delivered;
use actix_tls::connect::{Connector, Resolver};
use awc::FrozenClientRequest;
use hzm_job_protocol::hzm::TOKEN_HEADER;
use outward::Outward;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The way to one node: its address, and a client of its own.
#[derive(Clone)]
pub(crate) struct Wire {
    client: awc::Client,
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

impl Wire {
    /// A client for one node: few connections (8-16 are faster than awc's default of 100, whose p99 is six times worse), and idle
    /// ones closed after four seconds: actix-web servers close theirs after five, and no request may meet a closing connection.
    pub(crate) fn new(address: Arc<str>, connections: usize, answer_within: Duration, outward: &Outward) -> Wire {
        let connector = awc::Connector::new()
            .connector(Connector::new(Resolver::custom(outward.clone())).service())
            .rustls_0_23(outward.tls())
            .limit(connections)
            .timeout(answer_within)
            .handshake_timeout(answer_within)
            .conn_keep_alive(Duration::from_secs(4))
            .conn_lifetime(Duration::from_secs(600));
        let client = awc::Client::builder().connector(connector).timeout(answer_within).disable_redirects().finish();
        let refusal = outward.refusal(&address).map(Arc::from);
        Wire { client, address, refusal, heads: Rc::default() }
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
        let request = self
            .client
            .post(format!("{}{path}", self.address))
            .insert_header((TOKEN_HEADER, secret))
            .insert_header(("Content-Type", "application/json;charset=UTF-8"))
            .freeze()
            .map_err(|error| Delivered::NotTaken(format!("no request can be made: {error}")))?;
        // Of a secret that was replaced none is kept.
        heads.retain(|head| head.path != path);
        heads.push(Head { path, secret: secret.to_owned(), request: request.clone() });
        Ok(request)
    }
}
