//! `/login/oidc` and `/login/oidc/callback`: the way to a provider of OpenID Connect and back.
//!
//! The cookie that leads back to what is kept of a login is `SameSite=Lax`: the provider's redirect comes from another site. It opens
//! nothing by itself. The session's own cookie is `Strict`, which a browser does not send on the way that another site began; so the last
//! step is a page of ours, from which it goes on.

use super::login::entered_mark;
use crate::auth::guests;
use crate::auth::providing::{Away, Providing};
use crate::auth::throttle::network;
use crate::auth::{LoginRefusal, note, open_session};
use crate::edge::client;
use crate::error::{ApiError, Failure};
use crate::state::App;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::Frame;
use crate::ui::jobs::actions::way_back;
use crate::ui::visit::{Answer, Guest, html, see_other, see_other_with};
use crate::ui::words::Words;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// The cookie of a login that is under way.
const TICKET: &str = "hzm_oidc";
/// Where the browser sends it to: the addresses of this file.
const PATH: &str = "/login/oidc";
/// How long it lasts, in seconds: as long as a login may take.
const LASTS_S: i64 = 600;

#[derive(Template)]
#[template(path = "login_done.html")]
struct DonePage {
    f: Frame,
    w: &'static Words,
    next: String,
}

/// `GET /login/oidc`: sends the browser to the provider.
pub(crate) async fn begin(guest: Guest, app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let answer = sent(&guest, &app, &client::text(&request)).await;
    guest.settle(answer)
}

/// `GET /login/oidc/callback`: the browser is back.
pub(crate) async fn end(guest: Guest, app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let answer = back(&guest, &app, &request).await;
    guest.settle(answer)
}

async fn sent(guest: &Guest, app: &App, address: &str) -> Answer {
    let providing = providing(app)?;
    let now = app.now();
    match providing.oidc.begin(now).await {
        Ok((url, pending)) => {
            let away = Away { pending, next: way_back(guest.query.get("next"), "/"), network: network(address) };
            let ticket = providing.keep(away, now).map_err(|error| ApiError::Internal(Failure::of(&error)))?;
            see_other_with(url.as_str(), [cookie(app, ticket, LASTS_S)])
        }
        Err(error) => {
            let refusal = guests::provider_failed(app, &error);
            see_other("/login", Some(Flash::bad(told(app, guest.w, &refusal))))
        }
    }
}

async fn back(guest: &Guest, app: &App, request: &HttpRequest) -> Answer {
    let providing = providing(app)?;
    let address = client::text(request);
    let ticket = request.cookie(TICKET).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let Some(Away { pending, next, .. }) = providing.take(&ticket) else {
        return refused(app, guest.w.s.login_begin_again);
    };
    let (query, now): (&Fields, _) = (&guest.query, app.now());
    let named = match query.get("error") {
        "" => providing.oidc.finish(pending, query.get("code"), query.get("state"), now).await,
        error => Err(providing.oidc.declined(&pending, error, query.get("state"), now)),
    };
    let entered = match guests::by_provider(app, named, &address).await {
        Ok(user) => open_session(app, &user, &address).await,
        Err(refusal) => Err(refusal),
    };
    match entered {
        Ok(session) => {
            let mut answer = html(&DonePage { f: guest.frame(guest.w.s.login_title), w: guest.w, next })?;
            for set in [session, cookie(app, String::new(), 0)].into_iter().chain(entered_mark(app)) {
                answer.add_cookie(&set).map_err(|error| ApiError::Internal(Failure::of(&error)))?;
            }
            Ok(answer)
        }
        Err(refusal) => {
            refusal.record(app, None, &address).await;
            refused(app, told(app, guest.w, &refusal))
        }
    }
}

/// Why nobody was logged in, for the page that comes next.
fn told(app: &App, w: &'static Words, refusal: &LoginRefusal) -> &'static str {
    let s = &w.s;
    match refusal {
        LoginRefusal::Unwanted { why, .. } => w.unwanted(*why),
        LoginRefusal::Away => s.login_elsewhere_away,
        LoginRefusal::Distrusted => s.login_distrusted,
        LoginRefusal::TooOften { .. } => s.login_often,
        LoginRefusal::Unavailable(error) => {
            note(app, error);
            s.login_away
        }
        LoginRefusal::Wrong | LoginRefusal::TooMany | LoginRefusal::GivenUp | LoginRefusal::NotBegun => {
            s.login_begin_again
        }
    }
}

fn refused(app: &App, why: &'static str) -> Answer {
    see_other_with("/login", [cookie(app, String::new(), 0), Flash::bad(why).cookie()])
}

fn providing(app: &App) -> Result<&Providing, ApiError> {
    let none =
        || ApiError::Conflict("no provider of OpenID Connect is configured here (hzm.job.admin.oidc)".to_owned());
    app.provider.as_ref().ok_or_else(none)
}

fn cookie(app: &App, ticket: String, lasts_s: i64) -> Cookie<'static> {
    Cookie::build(TICKET, ticket)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.admin.has_secure_cookies())
        .max_age(Duration::seconds(lasts_s))
        .finish()
}
