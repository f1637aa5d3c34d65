//! The form of a user: its role and the executors it may work on.

use super::choices::{self, RoleChoice, Tick};
use super::password;
use crate::access::Role;
use crate::change::users;
use crate::error::ApiError;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::Form;
use crate::ui::visit::{Answer, Visit, html, html_with, see_other};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use hzm_job_store::account::{Account, Rights};

#[derive(Template)]
#[template(path = "users/form.html")]
struct UserFormPage {
    f: Frame,
    w: &'static Words,
    title: String,
    action: String,
    form: Form,
    stale: bool,
    /// Whether it has a password here; else somebody else decides what it may do.
    is_local: bool,
    /// The user's number; `None`: it is a new one.
    id: Option<i64>,
    roles: Vec<RoleChoice>,
    executors: Vec<Tick>,
}

/// `GET /users/new`.
pub(crate) async fn new(visit: Visit) -> HttpResponse {
    let mut fields = Fields::default();
    fields.set("role", Role::Viewer.word());
    fields.set("reach", "some");
    let answer = page(&visit, None, Form::of(fields), false).await;
    visit.settle(answer.and_then(|page| html(&page)))
}

/// `GET /users/{id}`.
pub(crate) async fn edit(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(filled(&visit, *id).await)
}

/// `POST /users/new`.
pub(crate) async fn create(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(created(&visit, &body).await)
}

/// `POST /users/{id}`.
pub(crate) async fn update(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(updated(&visit, *id, &body).await)
}

/// `POST /users/{id}/password`.
pub(crate) async fn password(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(generated(&visit, *id, &body).await)
}

async fn filled(visit: &Visit, id: i64) -> Answer {
    let account = super::wanted(visit, id).await?;
    let mut fields = Fields::default();
    fields.set("name", account.user.name.as_str());
    fields.set("role", account.user.role.as_str());
    fields.set("reach", if account.user.all_executors { "all" } else { "some" });
    for executor in &account.executors {
        fields.add("executor", executor.to_string());
    }
    if account.user.disabled {
        fields.set("disabled", "1");
    }
    fields.set("version", account.user.version.to_string());
    html(&page(visit, Some(&account), Form::of(fields), false).await?)
}

async fn created(visit: &Visit, body: &web::Bytes) -> Answer {
    let mut form = Form::of(visit.form(body)?);
    let name = form.value("name").to_owned();
    let made = match rights(&form) {
        Ok(rights) => users::create(&visit.app, name, rights, &visit.operator).await,
        Err(error) => Err(error),
    };
    match made {
        Ok((account, generated)) => password::shown_once(visit, &account.user.name, &generated),
        Err(error) => {
            blame(&mut form, error, visit.w)?;
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, None, form, false).await?)
        }
    }
}

async fn updated(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    let account = super::wanted(visit, id).await?;
    let mut form = Form::of(visit.form(body)?);
    let version = form.value("version").parse().unwrap_or(0);
    let made = match wanted_rights(&form, &account) {
        Ok(rights) => users::update(&visit.app, (id, version), None, rights, &visit.operator).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => see_other("/users", Some(Flash::good(visit.w.u.saved))),
        Err(ApiError::Stale { version }) => {
            form.fields.set("version", version.to_string());
            html_with(StatusCode::CONFLICT, &page(visit, Some(&account), form, true).await?)
        }
        Err(error) => {
            blame(&mut form, error, visit.w)?;
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, Some(&account), form, false).await?)
        }
    }
}

async fn generated(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    visit.form(body)?;
    let (account, generated) = users::generate_password(&visit.app, id, &visit.operator).await?;
    password::shown_once(visit, &account.user.name, &generated)
}

/// What the form wants the user to be able to do.
fn rights(form: &Form) -> Result<Rights, ApiError> {
    users::rights(form.value("role"), choices::chosen(form), form.fields.has("disabled"))
}

/// The same of a user that there is: the fields of one for whom somebody else vouches are not sent, because they are not changed here.
fn wanted_rights(form: &Form, account: &Account) -> Result<Rights, ApiError> {
    if account.user.is_local() || form.fields.has("role") {
        return rights(form);
    }
    Ok(Rights { disabled: form.fields.has("disabled"), ..account.rights() })
}

/// Puts a refusal to the field it is about.
///
/// # Errors
/// The error, when it is about none.
fn blame(form: &mut Form, error: ApiError, w: &Words) -> Result<(), ApiError> {
    match error {
        ApiError::Fields(fields) => form.blame_all(&fields, w),
        ApiError::Taken { field } => form.blame(field, w.c.taken),
        ApiError::Conflict(_) => {
            let field = if form.fields.has("disabled") { "disabled" } else { "role" };
            form.blame(field, w.u.last_administrator);
        }
        other => return Err(other),
    }
    Ok(())
}

async fn page(visit: &Visit, present: Option<&Account>, form: Form, stale: bool) -> Result<UserFormPage, ApiError> {
    let w = visit.w;
    let title = present.map_or_else(|| w.u.new.to_owned(), |account| account.user.name.clone());
    Ok(UserFormPage {
        f: visit.frame(Place::Users, title.as_str()),
        w,
        title,
        action: present.map_or("/users/new".to_owned(), |account| format!("/users/{}", account.user.id)),
        stale,
        is_local: present.is_none_or(|account| account.user.is_local()),
        id: present.map(|account| account.user.id),
        roles: choices::roles(&form, Role::Administrator, w),
        executors: choices::ticks(visit, &form).await?,
        form,
    })
}
