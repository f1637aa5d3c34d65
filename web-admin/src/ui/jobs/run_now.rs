//! `/jobs/{id}/run`: one run beside the schedule, with parameters and, if wanted, a node of one's own choice.

use crate::change::runs::{self, Wish};
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
use hzm_job_store::job::StoredJob;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "jobs/run_now.html")]
struct RunNowPage {
    f: Frame,
    w: &'static Words,
    id: i64,
    name: String,
    form: Form,
    /// Address, its state in words, whether it is chosen.
    nodes: Vec<(String, &'static str, bool)>,
    any_online: bool,
}

/// `GET /jobs/{id}/run`.
pub(crate) async fn ask(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(asked(&visit, *id).await)
}

/// `POST /jobs/{id}/run`.
pub(crate) async fn order(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(ordered(&visit, *id, &body).await)
}

async fn asked(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let mut fields = Fields::default();
    fields.set("parameters", stored.job.spec.draft().parameters.clone().unwrap_or_default());
    // A form sent twice (a double click, a reload) finds the run it made the first time.
    fields.set("request", Uuid::new_v4().to_string());
    let page = page(visit, &stored, Form::of(fields)).await?;
    html(&page)
}

async fn page(visit: &Visit, stored: &StoredJob, form: Form) -> Result<RunNowPage, ApiError> {
    let draft = stored.job.spec.draft();
    let nodes = visit.app.store.node_list(Some(draft.executor)).await?;
    Ok(RunNowPage {
        f: visit.frame(Place::Jobs, visit.w.j.run_title),
        w: visit.w,
        id: stored.job.id.0,
        name: draft.name.clone(),
        any_online: nodes.iter().any(|node| node.state.is_dispatchable()),
        nodes: nodes
            .into_iter()
            .map(|node| {
                let chosen = form.is("node", &node.address);
                (node.address, visit.w.node_state(node.state), chosen)
            })
            .collect(),
        form,
    })
}

async fn ordered(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let mut form = Form::of(visit.form(body)?);
    let parameters = form.value("parameters").replace("\r\n", "\n");
    let wish = Wish {
        // Unchanged parameters stay the job's own, so that "none" does not become an empty text.
        parameters: (stored.job.spec.draft().parameters.as_deref().unwrap_or("") != parameters).then_some(parameters),
        node: form.fields.text("node").map(str::to_owned),
        request_key: form.fields.text("request").map(|key| format!("page:{key}")),
    };
    match runs::run_now(&visit.app, stored.job.id, wish, &visit.operator).await {
        Ok(wished) => see_other(&format!("/runs/{}", wished.run), Some(Flash::good(visit.w.run_started(wished.run.0)))),
        Err(ApiError::Fields(errors)) => {
            form.blame_all(&errors, visit.w);
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, &stored, form).await?)
        }
        Err(ApiError::KeyReused { run }) => {
            form.blame("parameters", visit.w.form_sent_already(run));
            form.fields.set("request", Uuid::new_v4().to_string());
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, &stored, form).await?)
        }
        Err(other) => Err(other),
    }
}
