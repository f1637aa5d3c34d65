//! `GET /runs/{id}`: one run from due to done, with every known moment and its reason; and cancelling it.

use super::row::{RunRow, rows};
use crate::change::runs;
use crate::error::ApiError;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::actions::way_back;
use crate::ui::pieces::{Lens, Moment};
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::{Words, terms};
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::CancelOutcome;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::describe::Language;
use hzm_job_scheduler::run::Reason;
use hzm_job_store::run::Run;

/// A delay below this is the ordinary way from due to sent and not worth a word.
const WORTH_TELLING: TimeDelta = TimeDelta::milliseconds(1);

#[derive(Template)]
#[template(path = "runs/detail.html")]
struct RunPage {
    f: Frame,
    w: &'static Words,
    row: RunRow,
    /// The run may still change, so the page renews itself.
    open: bool,
    /// Nobody has asked yet to cancel it.
    cancellable: bool,
    job_exists: bool,
    steps: Vec<Step>,
    attempts: Vec<RunRow>,
    parameters: Option<String>,
    message: Option<String>,
    code: Option<i32>,
    requested_by: Option<String>,
    pinned: bool,
}

/// One moment of a run's life.
struct Step {
    tone: &'static str,
    word: String,
    at: Moment,
    note: String,
}

/// `GET /runs/{id}`.
pub(crate) async fn show(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(page(&visit, *id).await)
}

/// `POST /runs/{id}/cancel`.
pub(crate) async fn cancel(visit: Visit, id: web::Path<i64>, body: web::Bytes) -> HttpResponse {
    visit.settle(cancelled(&visit, *id, &body).await)
}

async fn page(visit: &Visit, id: i64) -> Answer {
    let store = &visit.app.store;
    let run = store.run_get(RunId(id)).await?.ok_or_else(|| ApiError::no_such("run"))?;
    let job = store.job_get(run.job).await?;
    let attempts = store.run_attempts(&run).await?;
    let row = rows(visit, vec![run.clone()]).await?.into_iter().next().ok_or_else(|| ApiError::no_such("run"))?;
    let page = RunPage {
        f: visit.frame(Place::Runs, format!("{} {id}", visit.w.r.run)),
        w: visit.w,
        row,
        open: !run.state.is_terminal(),
        cancellable: !run.state.is_terminal() && run.cancel_at.is_none(),
        job_exists: job.is_some(),
        steps: steps(&run, &visit.lens()),
        attempts: if attempts.len() > 1 { rows(visit, attempts).await? } else { Vec::new() },
        parameters: run.parameters.filter(|text| !text.is_empty()),
        // A refusal is told in the admin's own words, a result in those of the executor.
        message: run.message.filter(|text| !text.is_empty()).map(|said| match run.reason {
            Reason::Refused => visit.w.of_node(&said),
            _ => said,
        }),
        code: run.code,
        requested_by: run.requested_by,
        pinned: run.pinned,
    };
    html(&page)
}

/// Every known moment of a run, in the order of time.
fn steps(run: &Run, lens: &Lens) -> Vec<Step> {
    let words = &lens.w.r;
    let after_due = |at: DateTime<Utc>| lateness(at, run.scheduled_at, lens.w);
    let mut steps = vec![
        step(lens, words.due_step, "idle", run.scheduled_at, String::new()),
        step(lens, words.created, "idle", run.created_at, String::new()),
    ];
    if run.not_before > run.scheduled_at {
        steps.push(step(lens, words.not_before, "warn", run.not_before, String::new()));
    }
    if let Some(at) = run.sent_at {
        let note = format!("{} {}", run.node.as_deref().unwrap_or_default(), after_due(at));
        steps.push(step(lens, words.sent, "running", at, note));
    }
    if let Some(at) = run.accepted_at {
        let note = run.sent_at.map(|sent| format!("+{}", span(at, sent, lens.w))).unwrap_or_default();
        steps.push(step(lens, words.accepted, "running", at, note));
    }
    if let Some(at) = run.cancel_at {
        steps.push(step(lens, words.cancel_asked, "warn", at, String::new()));
    }
    if let Some(at) = run.finished_at {
        let took = lens.duration(run).map(|took| format!(" ({took})")).unwrap_or_default();
        let note = format!("{}{took}", lens.w.reason(run.reason));
        steps.push(step(lens, lens.w.state(run.state), terms::tone(run.state), at, note));
    }
    // Stable: moments of the same millisecond stay in the order of a run's life.
    steps.sort_by(|one, other| one.at.iso.cmp(&other.at.iso));
    steps
}

fn step(lens: &Lens, word: &str, tone: &'static str, at: DateTime<Utc>, note: String) -> Step {
    let mut moment = lens.moment(at);
    // A timeline is read to the millisecond.
    moment.text = at.with_timezone(&lens.zone).format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    Step { tone, word: word.to_owned(), at: moment, note: note.trim().to_owned() }
}

fn lateness(at: DateTime<Utc>, due: DateTime<Utc>, w: &Words) -> String {
    if at - due < WORTH_TELLING {
        return String::new();
    }
    match w.language {
        Language::En => format!("{} {}", span(at, due, w), w.r.lateness),
        Language::Zh => format!("{} {}", w.r.lateness, span(at, due, w)),
    }
}

fn span(at: DateTime<Utc>, from: DateTime<Utc>, w: &Words) -> String {
    w.duration(at.signed_duration_since(from).num_milliseconds())
}

async fn cancelled(visit: &Visit, id: i64, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    let words = &visit.w.r;
    let flash = match runs::cancel(&visit.app, RunId(id), &visit.operator).await {
        Ok(CancelOutcome::Asked) => Flash::good(words.cancel_sent_note),
        Ok(_) => Flash::good(words.cancelled_note),
        Err(ApiError::Conflict(_)) => Flash::bad(words.ended_note),
        Err(other) => return Err(other),
    };
    see_other(&way_back(fields.get("back"), &format!("/runs/{id}")), Some(flash))
}
