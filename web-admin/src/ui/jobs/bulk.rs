//! `POST /jobs/bulk`: start, stop or run the jobs that are ticked in the list. Each job is changed by itself; what could
//! not be changed is told by name and does not keep the others from it.

use super::actions::way_back;
use crate::change::jobs;
use crate::change::runs::{Wish, run_now};
use crate::error::ApiError;
use crate::ui::flash::Flash;
use crate::ui::visit::{Answer, Visit, see_other};
use actix_web::{HttpResponse, web};
use hzm_job_scheduler::JobId;

/// The most jobs at once: the longest page of the list.
const MOST: usize = 100;

/// What is to be done with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bulk {
    Start,
    Stop,
    Run,
}

/// `POST /jobs/bulk`.
pub(crate) async fn change(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(changed(&visit, &body).await)
}

async fn changed(visit: &Visit, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    let what = match fields.get("do") {
        "start" => Bulk::Start,
        "stop" => Bulk::Stop,
        "run" => Bulk::Run,
        _ => return Err(fields.refuse("do", visit.w)),
    };
    let ids: Option<Vec<JobId>> = fields.all("id").map(|id| id.parse().ok().map(JobId)).collect();
    let ids = ids.filter(|ids| ids.len() <= MOST).ok_or_else(|| fields.refuse("id", visit.w))?;
    let back = way_back(fields.get("back"), "/jobs");
    if ids.is_empty() {
        return see_other(&back, Some(Flash::bad(visit.w.j.bulk_none)));
    }
    // Sent twice, the form still starts one run each.
    let request = fields.text("request").map(|key| format!("page:{key}"));
    let mut failed = Vec::new();
    for id in &ids {
        if let Err(error) = one(visit, *id, what, request.as_ref()).await {
            slog::info!(visit.app.log, "a job of many was not changed"; "job" => id.0, "error" => %error);
            failed.push(id.to_string());
        }
    }
    let note = visit.w.bulk_done(ids.len() - failed.len(), &failed);
    see_other(&back, Some(if failed.is_empty() { Flash::good(note) } else { Flash::bad(note) }))
}

async fn one(visit: &Visit, id: JobId, what: Bulk, request: Option<&String>) -> Result<(), ApiError> {
    match what {
        Bulk::Start => jobs::enable(&visit.app, id, true, &visit.operator).await.map(drop),
        Bulk::Stop => jobs::enable(&visit.app, id, false, &visit.operator).await.map(drop),
        Bulk::Run => {
            let wish = Wish { request_key: request.cloned(), ..Wish::default() };
            run_now(&visit.app, id, wish, &visit.operator).await.map(drop)
        }
    }
}
