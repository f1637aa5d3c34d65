//! `POST /jobs/bulk`: start, stop, run or delete the jobs that are ticked in the list. Each job is changed by itself; what could
//! not be changed is told by name, with the reason, and does not keep the others from it.
//!
//! Running several and deleting any is asked about once, with the figures; the answer comes back with `sure`.

use super::actions::way_back;
use super::bulk_page::{self, Ask, Bulk, Fate, Outcome};
use crate::access::Permission;
use crate::change::jobs;
use crate::change::runs::{Wish, run_now};
use crate::error::ApiError;
use crate::ui::failure::told;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::visit::{Answer, Visit, see_other};
use actix_web::{HttpResponse, web};
use hzm_job_scheduler::JobId;
use hzm_job_store::job::StoredJob;

/// The most jobs at once: the longest page of the list.
const MOST: usize = 100;

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
        "delete" => Bulk::Delete,
        _ => return Err(fields.refuse("do", visit.w)),
    };
    let ids = ids(&fields, visit)?;
    let back = way_back(fields.get("back"), "/jobs");
    if ids.is_empty() {
        return see_other(&back, Some(Flash::bad(visit.w.j.bulk_none)));
    }
    let mut found = Vec::with_capacity(ids.len());
    for id in &ids {
        let job = visit.app.store.job_get(*id).await?;
        found.push((*id, job.filter(|job| visit.operator.rights.sees(job.job.spec.draft().executor))));
    }
    let is_asked = what == Bulk::Delete || what == Bulk::Run && ids.len() > 1;
    if is_asked && fields.get("sure") != "1" {
        if what == Bulk::Delete {
            visit.operator.rights.hold(Permission::Edit).map_err(|refusal| ApiError::of_access(refusal, "job"))?;
        }
        let ids = found.iter().filter(|(_, job)| job.is_some()).map(|(id, _)| *id).collect();
        let names = found.iter().flat_map(|(_, job)| job).map(|job| job.job.spec.draft().name.clone()).collect();
        let request = fields.get("request").to_owned();
        return bulk_page::ask(visit, Ask { what, ids, names, request, back }).await;
    }
    // Sent twice, the form still starts one run each.
    let request = fields.text("request").map(|key| format!("page:{key}"));
    let mut outcomes = Vec::with_capacity(found.len());
    for (id, job) in found {
        outcomes.push(outcome(visit, id, job, what, request.as_ref()).await);
    }
    if outcomes.iter().any(|outcome| outcome.fate.is_err()) {
        return bulk_page::result(visit, outcomes, back);
    }
    let same = outcomes.iter().filter(|outcome| outcome.fate == Ok(Fate::Same)).count();
    see_other(&back, Some(Flash::good(visit.w.bulk_done(outcomes.len() - same, same))))
}

fn ids(fields: &Fields, visit: &Visit) -> Result<Vec<JobId>, ApiError> {
    let ids: Option<Vec<JobId>> = fields.all("id").map(|id| id.parse().ok().map(JobId)).collect();
    let mut ids = ids.filter(|ids| ids.len() <= MOST).ok_or_else(|| fields.refuse("id", visit.w))?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

async fn outcome(visit: &Visit, id: JobId, job: Option<StoredJob>, what: Bulk, request: Option<&String>) -> Outcome {
    let name = job.as_ref().map_or_else(|| id.to_string(), |job| job.job.spec.draft().name.clone());
    let done = match job {
        Some(job) => one(visit, &job, what, request).await,
        None => Err(ApiError::no_such("job")),
    };
    let fate = done.map_err(|error| {
        slog::info!(visit.app.log, "a job of many was not changed"; "job" => id.0, "error" => %error);
        told(&error, visit.w)
    });
    Outcome { id, name, fate }
}

async fn one(visit: &Visit, job: &StoredJob, what: Bulk, request: Option<&String>) -> Result<Fate, ApiError> {
    let (app, operator, id) = (&visit.app, &visit.operator, job.job.id);
    match what {
        Bulk::Start | Bulk::Stop if job.job.enabled == (what == Bulk::Start) => return Ok(Fate::Same),
        Bulk::Start => drop(jobs::enable(app, id, true, operator).await?),
        Bulk::Stop => drop(jobs::enable(app, id, false, operator).await?),
        Bulk::Delete => drop(jobs::delete(app, id, operator).await?),
        Bulk::Run => {
            let wish = Wish { request_key: request.cloned(), ..Wish::default() };
            run_now(app, id, wish, operator).await?;
        }
    }
    Ok(Fate::Done)
}
