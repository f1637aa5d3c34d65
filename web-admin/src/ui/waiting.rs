//! The one page that is served while the admin waits for its database: plain, in both languages, without a frame.

use super::assets;
use super::visit::headers;
use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use askama::Template;
use chrono::{DateTime, Utc};

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    since: String,
    style: String,
}

/// The page, with status 503; it asks again by itself every five seconds.
pub(crate) fn waiting_page(since: DateTime<Utc>, retry_after: i64) -> HttpResponse {
    let page =
        WaitingPage { since: since.format("%Y-%m-%d %H:%M:%S UTC").to_string(), style: assets::address("app.css") };
    let mut answer = headers(HttpResponse::ServiceUnavailable());
    answer.insert_header((RETRY_AFTER, retry_after.to_string()));
    answer.body(page.render().unwrap_or_default())
}
