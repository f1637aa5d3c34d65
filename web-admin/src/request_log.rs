//! One log line per request at `debug`, and one per failure of ours at `error`. A database that is away is no failure of each
//! request: the store tells of it, once.
//!
//! A line has the method, the pattern that matched (never the path itself, which may hold what people typed), the status
//! and the milliseconds. Bodies, cookies and query texts are never logged.

use crate::error::Failure;
use crate::state::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use slog::Drain;
use tokio::time::Instant;

/// The middleware around everything.
///
/// # Errors
/// Those of what it wraps.
pub async fn log_request<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let log = request.app_data::<web::Data<App>>().map(|app| app.log.clone());
    let begun = Instant::now();
    let method = request.method().clone();
    let answer = next.call(request).await;
    let Some(log) = log else { return answer };
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let is_debug = log.is_debug_enabled();
    match &answer {
        Ok(answer) => {
            // Looking the pattern up costs as much as finding the route did: not for each result of each run.
            let pattern = || answer.request().match_pattern().unwrap_or_else(|| "(none)".to_owned());
            if let Some(failure) = answer.response().extensions().get::<Failure>().filter(|failure| !failure.is_told) {
                slog::error!(log, "a request failed"; "method" => method.as_str(), "route" => pattern(),
                    "failure" => %failure.id, "error" => &failure.chain);
            }
            if is_debug {
                slog::debug!(log, "request"; "method" => method.as_str(), "route" => pattern(),
                    "status" => answer.status().as_u16(), "ms" => ms);
            }
        }
        Err(error) => {
            let status = error.as_response_error().status_code().as_u16();
            slog::debug!(log, "request"; "method" => method.as_str(), "route" => "(refused early)", "status" => status, "ms" => ms);
        }
    }
    answer
}
