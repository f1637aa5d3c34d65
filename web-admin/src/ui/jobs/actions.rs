//! Start, stop and delete a job.

use crate::change::jobs;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::Words;
use actix_web::{HttpResponse, web};
use askama::Template;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::Cursor;
use hzm_job_store::page::LARGEST_PAGE;
use hzm_job_store::run::RunFilter;

#[derive(Template)]
#[template(path = "confirm.html")]
pub(crate) struct ConfirmPage {
    pub(crate) f: Frame,
    pub(crate) w: &'static Words,
    pub(crate) title: &'static str,
    /// What it is done to.
    pub(crate) name: String,
    /// What will happen, in figures.
    pub(crate) sentences: Vec<String>,
    /// Where the form goes to; `None`: it cannot be done, and the sentences say why.
    pub(crate) action: Option<String>,
    pub(crate) back: String,
    /// A link that helps on: address and words.
    pub(crate) instead: Option<(String, &'static str)>,
}

/// `POST /jobs/{id}/start`.
pub(crate) async fn start(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(enable(&visit, *id, &body, true).await)
}

/// `POST /jobs/{id}/stop`.
pub(crate) async fn stop(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(enable(&visit, *id, &body, false).await)
}

/// `GET /jobs/{id}/delete`.
pub(crate) async fn ask_delete(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(asked_delete(&visit, *id).await)
}

/// `POST /jobs/{id}/delete`.
pub(crate) async fn delete(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(deleted(&visit, *id, &body).await)
}

async fn enable(visit: &Visit, id: i64, body: &web::Bytes, enabled: bool) -> Answer {
    let fields = visit.form(body)?;
    jobs::enable(&visit.app, JobId(id), enabled, &visit.operator).await?;
    let words = &visit.w.j;
    let note = if enabled { words.started_note } else { words.stopped_note };
    see_other(&way_back(fields.get("back"), &format!("/jobs/{id}")), Some(Flash::good(note)))
}

/// The page a form came from, if it is one of ours.
pub(crate) fn way_back(given: &str, usual: &str) -> String {
    // Browsers leave out tabs and line ends, and take a backslash for a slash: `/<tab>/evil.example` is another site to them.
    let is_plain = !given.contains('\\') && !given.chars().any(char::is_control);
    let is_ours = given.starts_with('/') && !given.starts_with("//") && is_plain;
    if is_ours && given.len() < 2_000 { given.to_owned() } else { usual.to_owned() }
}

async fn asked_delete(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let states = RunState::ALL.into_iter().filter(|state| !state.is_terminal()).collect();
    let filter = RunFilter { job: Some(JobId(id)), states, ..RunFilter::default() };
    let open = visit.app.store.run_page(filter, Cursor::Newest, LARGEST_PAGE).await?;
    let w = visit.w;
    let page = ConfirmPage {
        f: visit.frame(Place::Jobs, w.j.delete_title),
        w,
        title: w.j.delete_title,
        name: stored.job.spec.draft().name.clone(),
        sentences: vec![w.delete_job(open.rows.len(), open.older.is_some()), w.j.delete_keeps.to_owned()],
        action: Some(format!("/jobs/{id}/delete")),
        back: format!("/jobs/{id}"),
        instead: None,
    };
    html(&page)
}

async fn deleted(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    visit.form(body)?;
    jobs::delete(&visit.app, JobId(id), &visit.operator).await?;
    see_other("/jobs", Some(Flash::good(visit.w.j.deleted_note)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_to_another_site() {
        for foreign in
            ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "/\t/evil.example", ""]
        {
            assert_eq!(way_back(foreign, "/jobs"), "/jobs", "{foreign:?}");
        }
        assert_eq!(way_back("/jobs?text=a", "/jobs"), "/jobs?text=a");
    }
}
