//! How requests leave for the provider: by awc, as everything in the admin does. Its client belongs to one thread, so one is made
//! for each step of a login; a login is rare, and a connection that is not kept is none that can go stale. awc would keep it for
//! the next request of the step, also after an answer in HTTP/1.0 whose server closes it: each request asks for the end of its own.
//!
//! Redirects are not followed: an answer from elsewhere is not the provider's.

use super::settings::is_safe;
use awc::error::SendRequestError;
use openidconnect::{HttpRequest, HttpResponse, http};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use url::Url;

/// The longest answer that is read, in bytes; a provider's largest, its keys, comes to some kilobytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum WireError {
    /// The address is one that somebody else could read along or answer for.
    #[error("{0} is not called: it has neither https:// nor this machine's own name")]
    Unsafe(String),
    /// No connection, or none that is trusted, or it broke off.
    #[error("{0}")]
    Away(String),
    /// The answer is longer than 1 MiB, or is cut.
    #[error("the answer is longer than 1 MiB, or broke off")]
    Body,
    /// The request or the answer cannot be written as HTTP.
    #[error("{0}")]
    Form(String),
}

/// A client for one step of a login.
pub(super) struct Wire {
    client: awc::Client,
}

impl Wire {
    /// A client on the calling thread.
    pub(super) fn new(tls: Arc<ClientConfig>, within: Duration) -> Wire {
        let connector = awc::Connector::new().rustls_0_23(tls).timeout(within);
        Wire { client: awc::Client::builder().connector(connector).timeout(within).disable_redirects().finish() }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`WireError`].
    pub(super) async fn call(&self, request: HttpRequest) -> Result<HttpResponse, WireError> {
        let address = request.uri().to_string();
        if !Url::parse(&address).is_ok_and(|url| is_safe(&url)) {
            return Err(WireError::Unsafe(without_query(&address)));
        }
        let (head, body) = request.into_parts();
        let method = awc::http::Method::from_bytes(head.method.as_str().as_bytes()).map_err(form)?;
        let mut request = self.client.request(method, address).force_close();
        for (name, value) in &head.headers {
            request = request.insert_header((name.as_str(), value.as_bytes()));
        }
        let mut answer = request.send_body(body).await.map_err(|error| away(&error))?;
        let body = answer.body().limit(LONGEST_ANSWER).await.map_err(|_| WireError::Body)?;
        let mut written = http::Response::builder().status(answer.status().as_u16());
        if let Some(kind) = answer.headers().get("content-type") {
            written = written.header("content-type", kind.as_bytes());
        }
        written.body(body.to_vec()).map_err(form)
    }
}

fn away(error: &SendRequestError) -> WireError {
    WireError::Away(error.to_string())
}

fn form(error: impl std::fmt::Display) -> WireError {
    WireError::Form(error.to_string())
}

/// An address without what may be a secret in it.
fn without_query(address: &str) -> String {
    address.split(['?', '#']).next().unwrap_or_default().to_owned()
}
