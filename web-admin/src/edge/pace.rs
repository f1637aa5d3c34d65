//! How long a connection may stay open without a complete request.
//!
//! The HTTP server below bounds the head of the first request of a connection only, and waits for ever for the rest of a body that
//! nobody reads. So each connection has a [`Pace`]: the stream tells it what arrives and leaves ([`super::watched`]), the middleware
//! [`paced`] what is being answered. Nothing under way ends because of it: an answer may take as long as it takes, as long as
//! somebody takes it.
//!
//! In HTTP/2 a caller that takes nothing of any answer can still answer pings, so what leaves says nothing there: its answers go out
//! in pieces of [`PIECE`], and asking for the next one is what counts.

use actix_web::Error;
use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use futures_util::stream::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of an answer in HTTP/2 that are given at once.
const PIECE: usize = 16 * 1_024;

/// The times that callers have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For the head of a request, and for the rest of a body that nobody read.
    pub(crate) head: Duration,
    /// Between two requests, and for taking the next piece of an answer.
    pub(crate) idle: Duration,
}

/// What a connection is at; it belongs to one thread.
#[derive(Debug)]
pub(crate) struct Pace {
    limits: Limits,
    /// In HTTP/2 frames that are no head come at any time.
    counts_heads: bool,
    /// The server below sees to the first head.
    has_begun: Cell<bool>,
    under_way: Cell<usize>,
    /// How many of those wait for their caller to take a piece (in HTTP/2).
    untaken: Cell<usize>,
    quiet_since: Cell<Instant>,
    head_since: Cell<Option<Instant>>,
}

impl Pace {
    pub(crate) fn new(limits: Limits, counts_heads: bool) -> Rc<Pace> {
        Rc::new(Pace {
            limits,
            counts_heads,
            has_begun: Cell::new(!counts_heads),
            under_way: Cell::new(0),
            untaken: Cell::new(0),
            quiet_since: Cell::new(Instant::now()),
            head_since: Cell::new(None),
        })
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether what arrives and leaves is of requests only: in HTTP/2 pings and their answers are among it.
    pub(super) fn counts_heads(&self) -> bool {
        self.counts_heads
    }

    /// Something arrived: without a request under way it is the head of the next one.
    pub(super) fn arrived(&self) {
        let is_head = self.counts_heads && self.has_begun.get() && self.under_way.get() == 0;
        if is_head && self.head_since.get().is_none() {
            self.head_since.set(Some(Instant::now()));
        }
    }

    /// Something left: an answer that is taken slowly is taken.
    pub(super) fn left(&self) {
        if self.counts_heads && self.under_way.get() == 0 {
            self.quiet_since.set(Instant::now());
        }
    }

    /// When the connection ends if nothing more happens; `None`: not as long as this is under way.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        if self.under_way.get() > self.untaken.get() || !self.has_begun.get() {
            return None;
        }
        let idle_until = self.quiet_since.get() + self.limits.idle;
        Some(self.head_since.get().map_or(idle_until, |since| since + self.limits.head))
    }

    pub(super) fn begin(self: Rc<Pace>, rest: Option<Rest>) -> Turn {
        self.has_begun.set(true);
        self.under_way.set(self.under_way.get() + 1);
        self.head_since.set(None);
        Turn { pace: self, rest, is_untaken: false }
    }
}

/// Whether the body of a request was read to its end.
pub(super) type Rest = Rc<Cell<bool>>;

/// A request from its head to the end of its answer.
pub(super) struct Turn {
    pace: Rc<Pace>,
    rest: Option<Rest>,
    is_untaken: bool,
}

impl Turn {
    /// A piece of the answer was given away, or (`false`) the one before was taken.
    pub(super) fn wait_for_caller(&mut self, is_untaken: bool) {
        if self.pace.counts_heads || self.is_untaken == is_untaken {
            return;
        }
        self.is_untaken = is_untaken;
        let untaken = self.pace.untaken.get();
        self.pace.untaken.set(if is_untaken { untaken + 1 } else { untaken.saturating_sub(1) });
        self.pace.quiet_since.set(Instant::now());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.wait_for_caller(false);
        let pace = &self.pace;
        pace.under_way.set(pace.under_way.get().saturating_sub(1));
        if pace.under_way.get() > 0 {
            return;
        }
        let now = Instant::now();
        pace.quiet_since.set(now);
        // What is left of a body stands before the next head, and has no more time than that.
        let is_unread = self.rest.as_ref().is_some_and(|is_whole| !is_whole.get());
        pace.head_since.set(is_unread.then_some(now));
    }
}

/// The outermost middleware: tells the connection what is being answered.
///
/// # Errors
/// Those of what it wraps.
pub(crate) async fn paced<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Held>, Error> {
    let pace = request.conn_data::<Rc<Pace>>().cloned();
    // A body of a known length that nobody reads ends its connection by itself.
    let is_chunked = pace.is_some() && request.chunked().unwrap_or(false);
    let rest = is_chunked.then(|| follow(&mut request));
    let turn = pace.map(|pace| pace.begin(rest));
    let answer = next.call(request).await?;
    Ok(answer.map_into_boxed_body().map_body(|_, body| Held { body, piece: Bytes::new(), turn }))
}

fn follow(request: &mut ServiceRequest) -> Rest {
    let is_whole = Rest::default();
    let body = Followed { body: request.take_payload(), is_whole: is_whole.clone() };
    request.set_payload(Payload::Stream { payload: Box::pin(body) });
    is_whole
}

/// A body that tells when it was read to its end.
struct Followed {
    body: Payload,
    is_whole: Rest,
}

impl Stream for Followed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(Pin::new(&mut self.body).poll_next(cx));
        if piece.is_none() {
            self.is_whole.set(true);
        }
        Poll::Ready(piece)
    }
}

/// The body of an answer; its request is under way until it is gone.
pub(crate) struct Held {
    body: BoxBody,
    /// What is left of the piece that the body gave.
    piece: Bytes,
    turn: Option<Turn>,
}

impl Held {
    /// The next piece that is given away.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, <BoxBody as MessageBody>::Error>>> {
        if self.piece.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(piece)) => self.piece = piece,
                end => return Poll::Ready(end),
            }
        }
        let is_whole = self.turn.as_ref().is_none_or(|turn| turn.pace.counts_heads);
        let most = if is_whole { usize::MAX } else { PIECE };
        Poll::Ready(Some(Ok(self.piece.split_to(most.min(self.piece.len())))))
    }
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.turn.iter_mut().for_each(|turn| turn.wait_for_caller(false));
        let piece = ready!(self.poll_piece(cx));
        self.turn.iter_mut().for_each(|turn| turn.wait_for_caller(true));
        Poll::Ready(piece)
    }
}
