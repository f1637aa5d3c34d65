//! `/users/{id}/delete`: asked once.

use crate::change::users;
use crate::error::ApiError;
use crate::ui::flash::Flash;
use crate::ui::frame::Place;
use crate::ui::jobs::actions::ConfirmPage;
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::Words;
use actix_web::{HttpResponse, web};
use hzm_job_store::account::Account;

/// `GET /users/{id}/delete`.
pub(crate) async fn ask(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(asked(&visit, *id).await)
}

/// `POST /users/{id}/delete`.
pub(crate) async fn delete(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(deleted(&visit, *id, &body).await)
}

async fn asked(visit: &Visit, id: i64) -> Answer {
    let account = super::wanted(visit, id).await?;
    let w = visit.w;
    let page = ConfirmPage {
        f: visit.frame(Place::Users, w.u.delete_title),
        w,
        title: w.u.delete_title,
        sentences: sentences(&account, w),
        name: account.user.name,
        action: Some(format!("/users/{id}/delete")),
        back: format!("/users/{id}"),
        instead: None,
    };
    html(&page)
}

/// What deleting a user does, and what it does not.
fn sentences(account: &Account, w: &Words) -> Vec<String> {
    let comes_back = (!account.user.is_local()).then_some(w.u.delete_comes_back);
    [w.u.delete_keeps].into_iter().chain(comes_back).map(str::to_owned).collect()
}

async fn deleted(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    visit.form(body)?;
    match users::delete(&visit.app, id, &visit.operator).await {
        Ok(()) => see_other("/users", Some(Flash::good(visit.w.u.deleted_note))),
        Err(ApiError::Conflict(_)) => {
            see_other(&format!("/users/{id}"), Some(Flash::bad(visit.w.u.last_administrator)))
        }
        Err(other) => Err(other),
    }
}
