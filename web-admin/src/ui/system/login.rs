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
    /// What the provider by which one can log in is called, and the way there.
    provider: Option<(String, String)>,
}

/// `GET /login`.
pub(crate) async fn show(guest: Guest, app: web::Data<App>) -> HttpResponse {
    let page = page((&guest, &app), &guest.query, None);
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
        Err(LoginRefusal::TooOften { .. }) => (StatusCode::TOO_MANY_REQUESTS, s.login_often.to_owned()),
        Err(LoginRefusal::NoRights) => (StatusCode::FORBIDDEN, s.login_no_rights.to_owned()),
        Err(LoginRefusal::Away) => (StatusCode::SERVICE_UNAVAILABLE, s.login_elsewhere_away.to_owned()),
        Err(LoginRefusal::Unavailable(error)) => {
            note(app, &error);
            (error.status_code(), w.login_away(&error))
        }
    };
    html_with(status, &page((guest, app), fields, Some(problem)))
}

async fn left(visit: &Visit, body: &web::Bytes) -> Answer {
    visit.form(body)?;
    let removal = log_out(&visit.app, &visit.operator).await.map_err(ApiError::from)?;
    see_other_with("/login", [removal, Flash::good(visit.w.s.logged_out).cookie()])
}

fn page((guest, app): (&Guest, &App), fields: &Fields, problem: Option<String>) -> LoginPage {
    let next = way_back(fields.get("next"), "/");
    let there = crate::ui::fields::link("/login/oidc", [("next", next.as_str())]);
    let mut frame = guest.frame(guest.w.s.login_title);
    // Changing the language comes back to the form; a failed login was a POST to the same address.
    frame.path = crate::ui::fields::link("/login", [("next", fields.get("next"))]);
    LoginPage {
        f: frame,
        w: guest.w,
        next,
        provider: app.provider.as_ref().map(|provider| (provider.label.clone(), there)),
        name: fields.get("name").trim().chars().take(128).collect(),
        problem,
    }
}
