//! `/account`: one's own password, sessions, language and theme.

use super::tokens::{self, TokenRow};
use crate::auth::{PasswordRefusal, change_password, end_own_session, note};
use crate::error::ApiError;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Form, Moment};
use crate::ui::visit::{Answer, Visit, html, html_with, see_other};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use hzm_job_store::session::OpenSession;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    w: &'static Words,
    name: String,
    /// Whether its password is kept here.
    is_local: bool,
    form: Form,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
}

struct SessionRow {
    id: String,
    current: bool,
    from: String,
    seen: Moment,
    created: Moment,
}

/// `GET /account`.
pub(crate) async fn show(visit: Visit) -> HttpResponse {
    let answer = page(&visit, Form::default()).await;
    visit.settle(answer.and_then(|page| html(&page)))
}

/// `POST /account/sessions`: ends one of one's own sessions.
pub(crate) async fn end_session(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(session_ended(&visit, &body).await)
}

async fn session_ended(visit: &Visit, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    end_own_session(&visit.app, &visit.operator, fields.get("session")).await?;
    see_other("/account", Some(Flash::good(visit.w.u.ended)))
}

/// `POST /account/password`.
pub(crate) async fn set_password(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(password_set(&visit, &body).await)
}

async fn password_set(visit: &Visit, body: &web::Bytes) -> Answer {
    let (fields, w) = (visit.form(body)?, visit.w);
    // Passwords are not sent back: the form that comes again is empty.
    let mut form = Form::default();
    if fields.get("new") != fields.get("again") {
        form.blame("again", w.s.password_differ);
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, form).await?);
    }
    match change_password(&visit.app, &visit.operator, fields.get("old"), fields.get("new")).await {
        Ok(()) => return see_other("/account", Some(Flash::good(w.s.password_saved))),
        Err(PasswordRefusal::Elsewhere) => form.blame("old", visit.w.s.password_elsewhere),
        Err(PasswordRefusal::Wrong) => form.blame("old", w.s.password_wrong),
        Err(PasswordRefusal::Same) => form.blame("new", w.s.password_same),
        Err(PasswordRefusal::Overtaken) => form.blame("old", w.s.password_overtaken),
        Err(PasswordRefusal::TooShort { least }) => form.blame("new", w.password_length(Some(least), None)),
        Err(PasswordRefusal::TooLong { most }) => form.blame("new", w.password_length(None, Some(most))),
        Err(PasswordRefusal::TooMany) => form.blame("old", w.s.login_many),
        Err(PasswordRefusal::Unavailable(error)) => {
            note(&visit.app, &error);
            form.blame("old", w.login_away(&error));
        }
    }
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, form).await?)
}

async fn page(visit: &Visit, form: Form) -> Result<AccountPage, ApiError> {
    let mut frame = visit.frame(Place::Elsewhere, visit.w.s.account_title);
    frame.path = "/account".to_owned();
    let (now, operator, lens) = (visit.now, &visit.operator, visit.lens());
    let idle_since = now - visit.app.config.admin.session.idle;
    let open = visit.app.store.session_list(operator.id, idle_since, now).await?;
    let row = |session: OpenSession| SessionRow {
        current: session.token_hash == operator.session(),
        id: session.token_hash,
        from: session.address,
        seen: lens.moment(session.last_seen_at),
        created: lens.moment(session.created_at),
    };
    let sessions = open.into_iter().map(row).collect();
    let tokens = tokens::rows(visit, now).await?;
    Ok(AccountPage {
        f: frame,
        w: visit.w,
        name: operator.name.clone(),
        is_local: operator.is_local,
        form,
        sessions,
        tokens,
    })
}
