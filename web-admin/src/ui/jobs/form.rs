//! The form of a job: new, copy, edit. What was typed stays when something is wrong, and each problem stands at its field.

use super::draft::{self, CHOICES, RETRY_ON, choice_word};
use super::list::{Choice, executor_choices};
use super::preview::Preview;
use crate::change::jobs;
use crate::error::ApiError;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::Form;
use crate::ui::visit::{Answer, Visit, html, html_with, see_other};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono_tz::TZ_VARIANTS;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::job::StoredJob;

#[derive(Template)]
#[template(path = "jobs/form.html")]
struct JobFormPage {
    f: Frame,
    w: &'static Words,
    title: &'static str,
    /// Where the form goes to, which is also the address of the page.
    action: String,
    /// Where "cancel" leads.
    back: String,
    form: Form,
    executors: Vec<Choice>,
    zones: Vec<&'static str>,
    preview: Preview,
    stale: bool,
    is_new: bool,
}

/// Which job a form is about.
#[derive(Clone, Copy)]
enum Subject {
    New,
    Job(i64),
}

/// `GET /jobs/new`.
pub(crate) async fn new(visit: Visit) -> HttpResponse {
    visit.settle(blank(&visit).await)
}

/// `GET /jobs/{id}/copy`.
pub(crate) async fn copy(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(copied(&visit, *id).await)
}

/// `GET /jobs/{id}/edit`.
pub(crate) async fn edit(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(filled(&visit, *id).await)
}

/// `POST /jobs/new`.
pub(crate) async fn create(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(save(&visit, &body, Subject::New).await)
}

/// `POST /jobs/{id}/edit`.
pub(crate) async fn update(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(save(&visit, &body, Subject::Job(*id)).await)
}

async fn blank(visit: &Visit) -> Answer {
    let mut draft = JobDraft::new(ExecutorId(visit.query().number("executor", visit.w)?.unwrap_or(0)), "");
    let zone = visit.lens().zone.name().to_owned();
    draft.schedule = ScheduleDraft { kind: ScheduleKind::Cron, zone, ..ScheduleDraft::default() };
    let page = page(visit, Subject::New, Form::of(draft::fields_of(&draft)), false).await?;
    html(&page)
}

async fn copied(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let page = page(visit, Subject::New, Form::of(draft::fields_of(stored.job.spec.draft())), false).await?;
    html(&page)
}

async fn filled(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let page = page(visit, Subject::Job(id), Form::of(fields_of(&stored)), false).await?;
    html(&page)
}

fn fields_of(stored: &StoredJob) -> crate::ui::fields::Fields {
    let mut fields = draft::fields_of(stored.job.spec.draft());
    fields.set("version", stored.job.version.to_string());
    fields
}

async fn save(visit: &Visit, body: &web::Bytes, subject: Subject) -> Answer {
    let mut form = Form::of(visit.form(body)?);
    let draft = draft::read(&mut form, visit.w);
    if let Err(problems) = draft.clone().check() {
        draft::blame(&mut form, &problems, visit.w);
    }
    if form.has_problems() { again(visit, subject, form).await } else { store(visit, subject, draft, form).await }
}

/// Shows the form once more, with what is wrong.
async fn again(visit: &Visit, subject: Subject, form: Form) -> Answer {
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, subject, form, false).await?)
}

async fn store(visit: &Visit, subject: Subject, draft: JobDraft, mut form: Form) -> Answer {
    let (app, operator) = (&visit.app, &visit.operator);
    let version = form.value("version").parse().unwrap_or(0);
    let saved = match subject {
        Subject::New => jobs::create(app, draft, operator).await,
        Subject::Job(id) => jobs::update(app, JobId(id), version, draft, operator).await,
    };
    match saved {
        Ok(stored) => done(visit, stored.job.id, form.fields.has("start")).await,
        Err(ApiError::Stale { version }) => {
            form.fields.set("version", version.to_string());
            html_with(StatusCode::CONFLICT, &page(visit, subject, form, true).await?)
        }
        Err(ApiError::Fields(errors)) => {
            form.blame_all(&errors, visit.w);
            again(visit, subject, form).await
        }
        Err(other) => Err(other),
    }
}

async fn done(visit: &Visit, id: JobId, start: bool) -> Answer {
    if start {
        jobs::enable(&visit.app, id, true, &visit.operator).await?;
    }
    see_other(&format!("/jobs/{id}"), Some(Flash::good(visit.w.j.saved)))
}

async fn page(visit: &Visit, subject: Subject, form: Form, stale: bool) -> Result<JobFormPage, ApiError> {
    let w = visit.w;
    let (title, action, back) = match subject {
        Subject::New => (w.jf.new_title, "/jobs/new".to_owned(), "/jobs".to_owned()),
        Subject::Job(id) => (w.jf.edit_title, format!("/jobs/{id}/edit"), format!("/jobs/{id}")),
    };
    let chosen = form.value("executor").parse().ok().map(ExecutorId);
    Ok(JobFormPage {
        f: visit.frame(Place::Jobs, title),
        w,
        title,
        action,
        back,
        executors: executor_choices(visit, chosen).await?,
        zones: TZ_VARIANTS.iter().map(|zone| zone.name()).collect(),
        preview: Preview::of(&form.fields, &visit.lens()),
        stale,
        is_new: matches!(subject, Subject::New),
        form,
    })
}

impl JobFormPage {
    /// The outcomes that can be ticked for a retry: the API's word, what the reader sees, whether it is ticked.
    fn retry_on(&self) -> [(&'static str, &'static str, bool); 3] {
        let ticked = |word| self.form.fields.all("retry.on").any(|found| found == word);
        RETRY_ON.map(|word| (word, choice_word("retry.on", word, self.w), ticked(word)))
    }

    /// What can be chosen in a field: the API's word, what the reader sees, whether it is chosen.
    fn choices(&self, field: &str) -> Vec<(&'static str, &'static str, bool)> {
        let values = CHOICES.iter().find(|(name, _)| *name == field).map_or(&[][..], |(_, values)| *values);
        values.iter().map(|value| (*value, choice_word(field, value, self.w), self.form.is(field, value))).collect()
    }
}
