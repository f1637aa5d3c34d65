//! `/account/tokens`: one's own tokens for programs: made, shown once, ended. Their list is on the page of the account.

use crate::access::Role;
use crate::change::tokens::{self, Wanted};
use crate::error::ApiError;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Form, Moment};
use crate::ui::users::choices::{self, RoleChoice, Tick};
use crate::ui::visit::{Answer, Visit, html, html_with, see_other};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

/// The lives that the form offers, in days.
const LIVES: [i64; 4] = [7, 30, 90, 365];

/// A token in the list of the account's page.
pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) role: &'static str,
    /// Its executors by name; `None`: all that its user may work on.
    pub(super) executors: Option<String>,
    pub(super) expires: Moment,
    pub(super) is_over: bool,
    pub(super) used: Option<Moment>,
}

#[derive(Template)]
#[template(path = "tokens/form.html")]
struct TokenFormPage {
    f: Frame,
    w: &'static Words,
    form: Form,
    roles: Vec<RoleChoice>,
    executors: Vec<Tick>,
    lives: Vec<(i64, String, bool)>,
}

#[derive(Template)]
#[template(path = "tokens/shown.html")]
struct TokenPage {
    f: Frame,
    w: &'static Words,
    name: String,
    token: String,
}

/// `GET /account/tokens/new`.
pub(crate) async fn new(visit: Visit) -> HttpResponse {
    if let Err(refusal) = tokens::admit(&visit.operator) {
        return visit.settle(Err(refusal));
    }
    let mut fields = Fields::default();
    fields.set("role", Role::Viewer.word());
    fields.set("reach", "all");
    fields.set("days", "90");
    let answer = page(&visit, Form::of(fields)).await;
    visit.settle(answer.and_then(|page| html(&page)))
}

/// `POST /account/tokens/new`.
pub(crate) async fn create(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(created(&visit, &body).await)
}

/// `POST /account/tokens/end`.
pub(crate) async fn end(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(ended(&visit, &body).await)
}

async fn created(visit: &Visit, body: &web::Bytes) -> Answer {
    let mut form = Form::of(visit.form(body)?);
    let wanted = Wanted {
        name: form.value("name").to_owned(),
        role: form.value("role").to_owned(),
        executors: choices::chosen(&form),
        days: form.value("days").parse().unwrap_or(0),
    };
    match tokens::create(&visit.app, wanted, &visit.operator).await {
        Ok((made, token)) => {
            // It answers the form itself, so that the token goes through no cookie and no address.
            let f = visit.frame(Place::Elsewhere, visit.w.u.token);
            html(&TokenPage { f, w: visit.w, name: made.name, token })
        }
        Err(ApiError::Fields(fields)) => {
            form.blame_all(&fields, visit.w);
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, form).await?)
        }
        Err(other) => Err(other),
    }
}

async fn ended(visit: &Visit, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    let id = fields.number("token", visit.w)?.ok_or_else(|| ApiError::no_such("token"))?;
    tokens::delete(&visit.app, id, &visit.operator).await?;
    see_other("/account", Some(Flash::good(visit.w.u.token_ended)))
}

async fn page(visit: &Visit, form: Form) -> Result<TokenFormPage, ApiError> {
    let w = visit.w;
    let lives = LIVES.map(|days| (days, w.days(days), form.is("days", &days.to_string())));
    Ok(TokenFormPage {
        f: visit.frame(Place::Elsewhere, w.u.new_token),
        w,
        roles: choices::roles(&form, visit.operator.rights.role, w),
        executors: choices::ticks(visit, &form).await?,
        lives: lives.into(),
        form,
    })
}

/// The rows of one's own tokens.
pub(super) async fn rows(visit: &Visit, now: DateTime<Utc>) -> Result<Vec<TokenRow>, ApiError> {
    let (lens, w) = (visit.lens(), visit.w);
    let store = &visit.app.store;
    let (mine, all) = (store.token_list(visit.operator.id).await?, store.executor_list().await?);
    let rows = mine.into_iter().map(|token| TokenRow {
        id: token.id,
        role: Role::of(&token.role).map_or(w.u.unknown_role, |role| w.role(role).0),
        executors: token.executors.map(|ids| choices::names(&ids, &all, visit)),
        expires: lens.moment(token.expires_at),
        is_over: token.expires_at <= now,
        used: token.last_used_at.map(|at| lens.moment(at)),
        name: token.name,
    });
    Ok(rows.collect())
}
