//! `/events`: the live figures as a stream of server-sent events.
//!
//! Each change is one event `data: {figures as JSON}`, at most one a second; a comment every 15 seconds keeps proxies from
//! closing the stream. A stream ends when its session or token is over or may not see all figures any more, or the server stops; at
//! most 256 are served at the same time.
//!
//! Session or token are looked at again whenever this process changes somebody's rights, and with each comment for what others changed
//! (`reset-password`, another program's hand on the database, time itself). As long as that cannot be looked up, no figures are sent.

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

/// The pause before it is looked up again whether figures may be sent.
const AGAIN: Duration = Duration::from_secs(1);

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
        // From here on: what was before was seen by the gate.
        rights: app.rights(),
        may_send: true,
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
    rights: watch::Receiver<()>,
    /// Whether the last look found that all figures may be seen.
    may_send: bool,
    heartbeat: Interval,
    credential: Credential,
    app: web::Data<App>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// The next piece of the stream; `None` ends it.
    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            // In this order: no figure is sent over a change of rights.
            biased;
            _ = async { self.closing.wait_for(|closing| *closing).await.is_ok() } => None,
            changed = self.rights.changed() => {
                changed.ok()?;
                self.look().await
            }
            _ = self.heartbeat.tick() => self.look().await,
            changed = self.figures.changed(), if self.may_send => {
                changed.ok()?;
                let figures = *self.figures.borrow_and_update();
                Some(format!("data: {}\n\n", serde_json::to_string(&figures).ok()?))
            }
        }
    }

    /// Whether whoever listens still may; a comment if so, and also if nobody can tell: a database that is away for a moment is no
    /// reason to send everybody away.
    async fn look(&mut self) -> Option<String> {
        self.may_send = match still_sees_all(&self.app, &self.credential).await {
            Ok(true) => true,
            Ok(false) => return None,
            Err(_) => {
                self.heartbeat.reset_after(AGAIN);
                false
            }
        };
        Some(": still here\n\n".to_owned())
    }
}
