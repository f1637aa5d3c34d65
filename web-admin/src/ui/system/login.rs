//! `/login` and `/logout`.

use crate::auth::{LoginRefusal, SESSION_COOKIE, Unwanted, log_in, log_out, note};
use crate::edge::client;
use crate::error::ApiError;
use crate::state::App;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::Frame;
use crate::ui::jobs::actions::way_back;
use crate::ui::visit::{Answer, Guest, Visit, html, html_with, see_other_with};
use crate::ui::words::Words;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

/// The cookie that tells that somebody was logged in just now. It opens nothing.
const ENTERED: &str = "hzm_entered";
/// How long it tells so, in seconds: as long as the way to the next page may take.
const ENTERED_S: i64 = 60;

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
pub(crate) async fn show(guest: Guest, app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let problem = is_lost(&request).then(|| guest.w.s.login_cookie_lost.to_owned());
    let page = page((&guest, &app), &guest.query, problem);
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
        Ok(session) => {
            let cookies = [session].into_iter().chain(entered_mark(app));
            return see_other_with(&way_back(fields.get("next"), "/"), cookies);
        }
        Err(LoginRefusal::Wrong) => (StatusCode::UNAUTHORIZED, s.login_wrong.to_owned()),
        Err(LoginRefusal::TooMany) => (StatusCode::TOO_MANY_REQUESTS, s.login_many.to_owned()),
        Err(LoginRefusal::TooOften { .. }) => (StatusCode::TOO_MANY_REQUESTS, s.login_often.to_owned()),
        // That somebody is disabled is told to nobody who types a name.
        Err(LoginRefusal::Unwanted { why: Unwanted::Disabled, .. }) => {
            (StatusCode::UNAUTHORIZED, s.login_wrong.to_owned())
        }
        Err(LoginRefusal::Unwanted { why, .. }) => (StatusCode::FORBIDDEN, w.unwanted(why).to_owned()),
        Err(LoginRefusal::GivenUp | LoginRefusal::NotBegun) => {
            (StatusCode::UNAUTHORIZED, s.login_begin_again.to_owned())
        }
        Err(LoginRefusal::Distrusted) => (StatusCode::SERVICE_UNAVAILABLE, s.login_distrusted.to_owned()),
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
    // Whoever logs out at once has lost nothing.
    see_other_with("/login", [removal, mark(0), Flash::good(visit.w.s.logged_out).cookie()])
}

/// Where browsers may send the session's cookie over HTTPS only, and it is not the admin that speaks HTTPS: a cookie that they send in
/// any case, by which the login page notices that the other one got lost.
pub(super) fn entered_mark(app: &App) -> Option<Cookie<'static>> {
    let admin = &app.config.admin;
    (admin.has_secure_cookies() && !admin.tls.is_on()).then(|| mark(ENTERED_S))
}

/// Whether the browser was logged in just now and has not kept the session's cookie.
fn is_lost(request: &HttpRequest) -> bool {
    request.cookie(ENTERED).is_some() && request.cookie(SESSION_COOKIE).is_none()
}

fn mark(lasts_s: i64) -> Cookie<'static> {
    Cookie::build(ENTERED, "1")
        .path("/login")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::seconds(lasts_s))
        .finish()
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
