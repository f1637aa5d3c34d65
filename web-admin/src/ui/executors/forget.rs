//! `POST /executors/{id}/forget`: forget a node that registered itself and is gone for good.

use crate::change::executors;
use crate::ui::flash::Flash;
use crate::ui::visit::{Answer, Visit, see_other};
use actix_web::{HttpResponse, web};
use hzm_job_scheduler::ExecutorId;

/// `POST /executors/{id}/forget`.
pub(crate) async fn forget(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(forgotten(&visit, *id, &body).await)
}

async fn forgotten(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    let node = fields.number("node", visit.w)?.unwrap_or(0);
    executors::forget_node(&visit.app, ExecutorId(id), node, &visit.operator).await?;
    see_other(&format!("/executors/{id}"), Some(Flash::good(visit.w.e.forgotten_note)))
}
