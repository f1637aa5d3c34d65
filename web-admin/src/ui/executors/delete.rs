//! `/executors/{id}/delete`: asked once; an executor that jobs use cannot go, and the page says how many there are.

use super::detail::jobs_of;
use crate::change::executors;
use crate::error::ApiError;
use crate::ui::fields::link;
use crate::ui::flash::Flash;
use crate::ui::frame::Place;
use crate::ui::jobs::actions::ConfirmPage;
use crate::ui::visit::{Answer, Visit, html, see_other};
use actix_web::{HttpResponse, web};
use hzm_job_scheduler::ExecutorId;

/// `GET /executors/{id}/delete`.
pub(crate) async fn ask(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(asked(&visit, *id).await)
}

/// `POST /executors/{id}/delete`.
pub(crate) async fn delete(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(deleted(&visit, *id, &body).await)
}

async fn asked(visit: &Visit, id: i64) -> Answer {
    let executor = super::wanted(visit, id).await?;
    let (w, jobs) = (visit.w, jobs_of(visit, executor.id).await?);
    let is_free = jobs == 0;
    let sentences =
        if is_free { vec![w.e.delete_free.to_owned()] } else { vec![w.in_use(jobs), w.e.delete_in_use.to_owned()] };
    let page = ConfirmPage {
        f: visit.frame(Place::Executors, w.e.delete_title),
        w,
        title: w.e.delete_title,
        name: executor.spec.draft().name.clone(),
        sentences,
        action: is_free.then(|| format!("/executors/{id}/delete")),
        back: format!("/executors/{id}"),
        instead: (!is_free).then(|| (link("/jobs", [("executor", id.to_string().as_str())]), w.e.show_jobs)),
    };
    html(&page)
}

async fn deleted(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    visit.form(body)?;
    match executors::delete(&visit.app, ExecutorId(id), &visit.operator).await {
        Ok(_) => see_other("/executors", Some(Flash::good(visit.w.e.deleted_note))),
        // A job was made since the page asked: it asks again, and tells.
        Err(ApiError::InUse { .. }) => see_other(&format!("/executors/{id}/delete"), None),
        Err(other) => Err(other),
    }
}
