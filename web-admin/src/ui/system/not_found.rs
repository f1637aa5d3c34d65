//! What an address that is none answers.

use crate::error::ApiError;
use crate::ui::failure::FailurePage;
use crate::ui::visit::{Guest, html_with};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

/// What an address that is none answers.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let guest = Guest::of(&request);
    let page = FailurePage::of(guest.frame(""), &ApiError::no_such("page"));
    guest.settle(html_with(StatusCode::NOT_FOUND, &page))
}
