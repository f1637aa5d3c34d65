//! The form of an executor. Its secret is never put into the form: it is kept, generated anew, given, or removed.

use super::secret;
use crate::change::executors;
use crate::error::ApiError;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::Form;
use crate::ui::visit::{Answer, Visit, html, html_with, see_other};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::TimeDelta;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use hzm_job_store::executor::Executor;

#[derive(Template)]
#[template(path = "executors/form.html")]
struct ExecutorFormPage {
    f: Frame,
    w: &'static Words,
    title: &'static str,
    action: String,
    back: String,
    form: Form,
    stale: bool,
    is_new: bool,
    /// Whether the executor has a secret now.
    has_secret: bool,
    /// How long it may stay good when it is replaced: seconds, in words, and whether that is chosen.
    overlaps: Vec<(u32, &'static str, bool)>,
}

/// `GET /executors/new`.
pub(crate) async fn new(visit: Visit) -> HttpResponse {
    let mut fields = Fields::default();
    fields.set("registration", "automatic");
    fields.set("secret", "generate");
    visit.settle(html(&page(&visit, None, Form::of(fields), false)))
}

/// `GET /executors/{id}/edit`.
pub(crate) async fn edit(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(filled(&visit, *id).await)
}

/// `POST /executors/new`.
pub(crate) async fn create(visit: Visit, body: web::Bytes, request: HttpRequest) -> HttpResponse {
    let admin = secret::own_address(&request);
    visit.settle(save(&visit, &body, None, &admin).await)
}

/// `POST /executors/{id}/edit`.
pub(crate) async fn update(visit: Visit, id: web::Path<i64>, body: web::Bytes, request: HttpRequest) -> HttpResponse {
    let admin = secret::own_address(&request);
    let answer = match super::wanted(&visit, *id).await {
        Ok(executor) => save(&visit, &body, Some(&executor), &admin).await,
        Err(error) => Err(error),
    };
    visit.settle(answer)
}

async fn filled(visit: &Visit, id: i64) -> Answer {
    let executor = super::wanted(visit, id).await?;
    let draft = executor.spec.draft();
    let mut fields = Fields::default();
    fields.set("name", draft.name.as_str());
    fields.set("app_key", draft.app_key.as_str());
    fields.set("registration", if draft.registration == Registration::Manual { "manual" } else { "automatic" });
    fields.set("addresses", draft.addresses.join("\n"));
    fields.set("secret", "keep");
    fields.set("overlap", "86400");
    fields.set("version", executor.version.to_string());
    html(&page(visit, Some(&executor), Form::of(fields), false))
}

async fn save(visit: &Visit, body: &web::Bytes, present: Option<&Executor>, admin: &str) -> Answer {
    let mut form = Form::of(visit.form(body)?);
    let generated = if form.is("secret", "generate") { Some(secret::generate()?) } else { None };
    let draft = read(&mut form, present, generated.clone(), visit.w);
    if let Err(problems) = draft.clone().check() {
        form.blame_all(&problems.iter().map(Into::into).collect::<Vec<_>>(), visit.w);
    }
    if form.has_problems() {
        return again(visit, present, form);
    }
    let saved = match present {
        None => executors::create(&visit.app, draft, &visit.operator).await,
        Some(executor) => {
            let version = form.value("version").parse().unwrap_or(0);
            executors::update(&visit.app, (executor.id, version), draft, overlap(&form), &visit.operator).await
        }
    };
    match (saved, generated) {
        (Ok(executor), Some(secret)) => secret::shown_once(visit, &executor, &secret, admin),
        (Ok(executor), None) => see_other(&to(executor.id), Some(Flash::good(visit.w.e.saved))),
        (Err(ApiError::Fields(fields)), _) => {
            form.blame_all(&fields, visit.w);
            again(visit, present, form)
        }
        (Err(ApiError::Taken { field }), _) => {
            form.blame(field, visit.w.c.taken);
            again(visit, present, form)
        }
        (Err(ApiError::Stale { version }), _) => {
            form.fields.set("version", version.to_string());
            html_with(StatusCode::CONFLICT, &page(visit, present, form, true))
        }
        (Err(other), _) => Err(other),
    }
}

/// How long a secret that is replaced stays good, in seconds, as the form offers it.
const OVERLAPS: [u32; 4] = [0, 3_600, 86_400, 604_800];

/// What was chosen of them; nothing else can be.
fn overlap(form: &Form) -> TimeDelta {
    let chosen = form.value("overlap").parse().ok().filter(|seconds| OVERLAPS.contains(seconds)).unwrap_or(0);
    TimeDelta::seconds(chosen.into())
}

fn to(id: ExecutorId) -> String {
    format!("/executors/{id}")
}

/// The draft of a form; `present` is what is stored now, `generated` the secret that was made for this form.
fn read(form: &mut Form, present: Option<&Executor>, generated: Option<String>, w: &Words) -> ExecutorDraft {
    let own = form.value("app_secret").trim().to_owned();
    let app_secret = match form.value("secret") {
        "generate" => generated,
        "own" if own.is_empty() => {
            form.blame("app_secret", w.e.secret_own_missing);
            None
        }
        "own" => Some(own),
        "keep" => present.and_then(|executor| executor.spec.draft().app_secret.clone()),
        "none" => None,
        _ => {
            form.blame("app_secret", w.jf.not_a_choice);
            None
        }
    };
    // A secret that was typed is not sent back, not even into the form it came from.
    form.fields.set("app_secret", "");
    let manual = form.is("registration", "manual");
    let addresses = form.value("addresses").lines().map(str::trim).filter(|line| !line.is_empty());
    ExecutorDraft {
        name: form.value("name").to_owned(),
        app_key: form.value("app_key").to_owned(),
        app_secret,
        registration: if manual { Registration::Manual } else { Registration::Automatic },
        addresses: addresses.map(str::to_owned).collect(),
    }
}

fn again(visit: &Visit, present: Option<&Executor>, form: Form) -> Answer {
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page(visit, present, form, false))
}

fn page(visit: &Visit, present: Option<&Executor>, form: Form, stale: bool) -> ExecutorFormPage {
    let w = visit.w;
    let title = if present.is_some() { w.e.edit_title } else { w.e.new };
    ExecutorFormPage {
        f: visit.frame(Place::Executors, title),
        w,
        title,
        overlaps: OVERLAPS
            .into_iter()
            .zip([w.e.overlap_none, w.e.overlap_hour, w.e.overlap_day, w.e.overlap_week])
            .map(|(seconds, word)| (seconds, word, form.is("overlap", &seconds.to_string())))
            .collect(),
        action: present.map_or("/executors/new".to_owned(), |executor| format!("/executors/{}/edit", executor.id)),
        back: present.map_or("/executors".to_owned(), |executor| to(executor.id)),
        stale,
        is_new: present.is_none(),
        has_secret: present.is_some_and(|executor| executor.spec.draft().app_secret.is_some()),
        form,
    }
}
