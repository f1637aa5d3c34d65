//! Bodies that never end: whoever reads one through this middleware gets an error once `hzm.job.admin.http.bodyTimeout` is over.

use crate::state::App;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{Error, HttpMessage};
use futures_util::stream::{self, LocalBoxStream, StreamExt};
use std::time::Duration;
use tokio::time::Instant;

/// The time that bodies have where no configuration is at hand.
const USUAL: Duration = Duration::from_secs(30);

/// How long a body may take to arrive.
pub(crate) fn patience(app: Option<&web::Data<App>>) -> Duration {
    app.and_then(|app| app.config.admin.http.body_timeout.to_std().ok()).unwrap_or(USUAL)
}

/// The middleware around the pages and the API; what executors send is read with the same bound by its own extractor.
///
/// # Errors
/// Those of what it wraps.
pub(crate) async fn bounded<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    // By whatever method: a body of a request that only looks is a body.
    let body = request.take_payload();
    if !matches!(body, Payload::None) {
        let until = Instant::now() + patience(request.app_data::<web::Data<App>>());
        request.set_payload(Payload::Stream { payload: until_then(body, until) });
    }
    next.call(request).await
}

/// Whether reading a body failed because its time was over.
pub(crate) fn is_late(error: &Error) -> bool {
    let ended = error.as_error::<PayloadError>();
    matches!(ended, Some(PayloadError::Incomplete(Some(why))) if why.kind() == std::io::ErrorKind::TimedOut)
}

fn until_then(body: Payload, until: Instant) -> LocalBoxStream<'static, Result<Bytes, PayloadError>> {
    let late = || PayloadError::Incomplete(Some(std::io::ErrorKind::TimedOut.into()));
    let pieces = stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match tokio::time::timeout_at(until, body.next()).await {
            Ok(piece) => piece.map(|piece| (piece, Some(body))),
            // What is left of it is read by nobody.
            Err(_) => Some((Err(late()), None)),
        }
    });
    Box::pin(pieces)
}
