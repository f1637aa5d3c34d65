//! `/events`: the live figures as a stream of server-sent events.
//!
//! Each change is one event `data: {figures as JSON}`, at most one a second; a comment every 15 seconds keeps proxies from
//! closing the stream and is the moment when its session or token is looked at again. A stream ends when that is over or may not see all figures any more or the
//! server stops; at most 256 are served at the same time.

use crate::auth::{Credential, Operator, still_sees_all};
use crate::error::ApiError;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ContentEncoding};
use actix_web::{HttpResponse, web};
use futures_util::stream::unfold;
use hzm_job_actors::LiveFigures;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, interval};

/// The pause between two comments.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams the live figures as server-sent events.
#[utoipa::path(get, path = "/api/v1/events", tag = "overview",
    responses((status = 200, content_type = "text/event-stream", body = String, description = "`data:` lines with the figures as JSON")))]
pub async fn stream(app: web::Data<App>, operator: Operator) -> Result<HttpResponse, ApiError> {
    let place = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| ApiError::Busy)?;
    let mut figures = app.scheduler.live();
    figures.mark_changed();
    let listener = Listener {
        figures,
        closing: app.closing(),
        heartbeat: interval(HEARTBEAT),
        credential: operator.credential,
        app: app.clone(),
        _place: place,
    };
    let events = unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(web::Bytes::from(event)), listener))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // or the compressor would collect events before it lets them go
        .insert_header(ContentEncoding::Identity)
        // nginx would hold the events back otherwise
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events))
}

/// One open stream.
struct Listener {
    figures: watch::Receiver<LiveFigures>,
    closing: watch::Receiver<bool>,
    heartbeat: Interval,
    credential: Credential,
    app: web::Data<App>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// The next piece of the stream; `None` ends it.
    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            _ = self.closing.wait_for(|closing| *closing) => None,
            changed = self.figures.changed() => {
                changed.ok()?;
                let figures = *self.figures.borrow_and_update();
                Some(format!("data: {}\n\n", serde_json::to_string(&figures).ok()?))
            }
            _ = self.heartbeat.tick() => match still_sees_all(&self.app, &self.credential).await {
                Ok(false) => None,
                // A database that is away for a moment is no reason to send everybody away.
                Ok(true) | Err(_) => Some(": still here\n\n".to_owned()),
            },
        }
    }
}
