//! `/account`: one's own password, language and theme.

use crate::auth::{PasswordRefusal, change_password, note};
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::Form;
use crate::ui::visit::{Answer, Visit, html, html_with, see_other};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    w: &'static Words,
    name: String,
    form: Form,
}

/// `GET /account`.
pub(crate) async fn show(visit: Visit) -> HttpResponse {
    visit.settle(html(&page(&visit, Form::default())))
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
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, form));
    }
    match change_password(&visit.app, &visit.operator, fields.get("old"), fields.get("new")).await {
        Ok(()) => return see_other("/account", Some(Flash::good(w.s.password_saved))),
        Err(PasswordRefusal::Wrong) => form.blame("old", w.s.password_wrong),
        Err(PasswordRefusal::TooShort { least }) => form.blame("new", w.password_length(Some(least), None)),
        Err(PasswordRefusal::TooLong { most }) => form.blame("new", w.password_length(None, Some(most))),
        Err(PasswordRefusal::TooMany) => form.blame("old", w.s.login_many),
        Err(PasswordRefusal::Unavailable(error)) => {
            note(&visit.app, &error);
            form.blame("old", w.login_away(&error));
        }
    }
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, form))
}

fn page(visit: &Visit, form: Form) -> AccountPage {
    let mut frame = visit.frame(Place::Elsewhere, visit.w.s.account_title);
    frame.path = "/account".to_owned();
    AccountPage { f: frame, w: visit.w, name: visit.operator.name.clone(), form }
}
