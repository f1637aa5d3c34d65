//! `/login` and `/logout`.

use crate::auth::{LoginRefusal, log_in, log_out, note};
use crate::edge::client;
use crate::error::ApiError;
use crate::state::App;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::Frame;
use crate::ui::jobs::actions::way_back;
use crate::ui::visit::{Answer, Guest, Visit, html, html_with, see_other_with};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    f: Frame,
    w: &'static Words,
    /// Where the way leads after the login.
    next: String,
    name: String,
    problem: Option<String>,
}

/// `GET /login`.
pub(crate) async fn show(guest: Guest) -> HttpResponse {
    let page = page(&guest, &guest.query, None);
    guest.settle(html(&page))
}

/// `POST /login`.
pub(crate) async fn enter(guest: Guest, app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let address = client::text(&request);
    guest.settle(entered(&guest, &app, &Fields::parse(&body), &address).await)
}

/// `POST /logout`.
pub(crate) async fn leave(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(left(&visit, &body).await)
}

async fn entered(guest: &Guest, app: &App, fields: &Fields, address: &str) -> Answer {
    let (s, w) = (&guest.w.s, guest.w);
    let (status, problem) = match log_in(app, fields.get("name").trim(), fields.get("password"), address).await {
        Ok(session) => return see_other_with(&way_back(fields.get("next"), "/"), [session]),
        Err(LoginRefusal::Wrong) => (StatusCode::UNAUTHORIZED, s.login_wrong.to_owned()),
        Err(LoginRefusal::TooMany) => (StatusCode::TOO_MANY_REQUESTS, s.login_many.to_owned()),
        Err(LoginRefusal::Unavailable(error)) => {
            note(app, &error);
            (error.status_code(), w.login_away(&error))
        }
    };
    html_with(status, &page(guest, fields, Some(problem)))
}

async fn left(visit: &Visit, body: &web::Bytes) -> Answer {
    visit.form(body)?;
    let removal = log_out(&visit.app, &visit.operator).await.map_err(ApiError::from)?;
    see_other_with("/login", [removal, Flash::good(visit.w.s.logged_out).cookie()])
}

fn page(guest: &Guest, fields: &Fields, problem: Option<String>) -> LoginPage {
    let mut frame = guest.frame(guest.w.s.login_title);
    // Changing the language comes back to the form; a failed login was a POST to the same address.
    frame.path = crate::ui::fields::link("/login", [("next", fields.get("next"))]);
    LoginPage {
        f: frame,
        w: guest.w,
        next: way_back(fields.get("next"), "/"),
        name: fields.get("name").trim().chars().take(128).collect(),
        problem,
    }
}
