//! `GET /jobs/{id}/explain?at=...`: why the job did, or did not, run at some moment.

use super::row::JobRow;
use crate::audit;
use crate::error::ApiError;
use crate::moment::{self, Oddity};
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::detail::one_row;
use crate::ui::pieces::{Form, Moment, Pill};
use crate::ui::runs::row::{RunRow, rows as run_rows};
use crate::ui::system::operations::{OperationRow, operation_row};
use crate::ui::visit::{Answer, Visit, html_with};
use crate::ui::words::Words;
use crate::ui::words::telling::Telling;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::describe::describe;
use hzm_job_scheduler::explain::{Then, Verdict};
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::explain::Answered;
use hzm_job_store::job::StoredJob;
use hzm_job_store::run::Run;

#[derive(Template)]
#[template(path = "jobs/explain.html")]
struct ExplainPage {
    f: Frame,
    w: &'static Words,
    id: i64,
    name: String,
    /// `None`: the job was deleted.
    row: Option<JobRow>,
    form: Form,
    zone: &'static str,
    /// What is odd about the time that was asked about.
    oddity: Option<String>,
    answer: Option<AnswerView>,
}

/// The answer in words.
struct AnswerView {
    tone: &'static str,
    sentence: String,
    pill: Option<Pill>,
    facts: Vec<(&'static str, Moment)>,
    /// The sentence of the schedule that was in force.
    schedule: Option<String>,
    late: Option<String>,
    silence: Option<(Moment, Moment)>,
    is_whole: bool,
    runs: Vec<RunRow>,
    around: Vec<RunRow>,
    operations: Vec<OperationRow>,
}

/// `GET /jobs/{id}/explain`.
pub(crate) async fn show(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    page(visit, *id).await
}

async fn page(visit: Visit, id: i64) -> HttpResponse {
    match job(&visit, id).await {
        Ok((job, stored)) => {
            // Who asks by the clocks of the job's zone is answered by them.
            let visit = visit.by_clocks_of(job.spec.schedule().zone());
            let answer = answered(&visit, job, stored).await;
            visit.settle(answer)
        }
        Err(error) => visit.settle(Err(error)),
    }
}

/// The job, also a deleted one; with what the head of its pages shows where it is there.
async fn job(visit: &Visit, id: i64) -> Result<(Job, Option<StoredJob>), ApiError> {
    if let Some(stored) = visit.app.store.job_get(JobId(id)).await? {
        return Ok((stored.job.clone(), Some(stored)));
    }
    let known = visit.app.store.explain(JobId(id), visit.now, visit.now).await?;
    known.map(|known| (known.job, None)).ok_or_else(|| ApiError::no_such("job"))
}

async fn answered(visit: &Visit, job: Job, stored: Option<StoredJob>) -> Answer {
    let (w, zone) = (visit.w, job.spec.schedule().zone());
    let mut form = Form::of(visit.query().clone());
    let (at, oddity) = asked(&mut form, zone, w).unzip();
    let answer = match at {
        Some(at) => visit.app.store.explain(job.id, at, visit.now).await?,
        None => None,
    };
    // What is put into the field is what a browser's own field can show.
    let shown = at.unwrap_or(visit.now).with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string();
    if !form.has_problems() && oddity.as_ref().is_none_or(Option::is_none) {
        form.fields.set("at", shown);
    }
    let status = if form.has_problems() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let name = job.spec.draft().name.clone();
    let page = ExplainPage {
        f: visit.frame(Place::Jobs, name.as_str()),
        w,
        id: job.id.0,
        name,
        answer: match answer {
            Some(answer) => Some(view(visit, answer, at.unwrap_or(visit.now)).await?),
            None => None,
        },
        row: match stored {
            Some(stored) => Some(one_row(visit, stored).await?),
            None => None,
        },
        form,
        zone: zone.name(),
        oddity: oddity.flatten().map(|odd| odd_words(odd, zone, w)),
    };
    html_with(status, &page)
}

/// The moment of the address; one that cannot be read is blamed on its field.
fn asked(form: &mut Form, zone: Tz, w: &Words) -> Option<(DateTime<Utc>, Option<Oddity>)> {
    let text = form.fields.text("at")?.to_owned();
    let read = moment::read_noted(&text, zone);
    if read.is_err() {
        form.blame("at", w.x.bad);
    }
    read.ok()
}

fn odd_words(odd: Oddity, zone: Tz, w: &Words) -> String {
    match odd {
        Oddity::Skipped => w.x.skipped_by_zone.to_owned(),
        Oddity::Twice(second) => {
            let written = second.with_timezone(&zone).to_rfc3339();
            format!("{}{}{written}", w.x.twice_by_zone, w.pick(" ", ""))
        }
    }
}

async fn view(visit: &Visit, answer: Answered, at: DateTime<Utc>) -> Result<AnswerView, crate::error::ApiError> {
    let (w, lens) = (visit.w, visit.lens());
    let zone = answer.job.spec.schedule().zone();
    let moment = |at: DateTime<Utc>| lens.moment_of(at, Some(zone));
    let when = |at: DateTime<Utc>| lens.local(at);
    let sentence = w.explanation(&Telling {
        answer: &answer,
        at,
        now: visit.now,
        threshold_ms: u64::from(visit.app.config.admin.scheduling.misfire_threshold_ms),
        quarantine: visit.app.scheduler.job_quarantine(answer.job.id).map(|found| found.reason.to_string()),
        when: &when,
    });
    let told = &answer.explanation;
    let then = match &answer.then {
        Then::There(definition) => Some(definition),
        Then::NotYet | Then::Deleted => None,
    };
    let facts = [
        (w.x.moment, Some(at)),
        (w.x.occurrence, told.moments.occurrence),
        (w.x.previous, told.moments.previous),
        (w.x.next, told.moments.next),
        (w.x.anchor, then.filter(|then| then.enabled).map(|then| then.anchor)),
    ];
    Ok(AnswerView {
        tone: tone(told.verdict, &answer.runs),
        sentence,
        pill: answer.runs.iter().max_by_key(|run| run.attempt).map(|run| Pill::run(run.state, w)),
        facts: facts.into_iter().filter_map(|(name, at)| Some((name, moment(at?)))).collect(),
        schedule: then.map(|then| describe(&then.schedule, w.language)),
        late: told.late_ms.map(|late| w.duration(late)),
        silence: answer.silence.map(|(from, until)| (moment(from), moment(until))),
        is_whole: answer.is_whole,
        runs: run_rows(visit, answer.runs).await?,
        around: run_rows(visit, answer.around).await?,
        operations: audit::shown_to(&visit.operator.rights, answer.operations)
            .into_iter()
            .map(|done| operation_row(done, &lens))
            .collect(),
    })
}

/// The colour of the note: green for what went as it should, red for what went wrong or nobody can explain.
fn tone(verdict: Verdict, runs: &[Run]) -> &'static str {
    let last = runs.iter().max_by_key(|run| run.attempt).map(|run| run.state);
    match verdict {
        Verdict::Ran if last.is_some_and(|state| state != RunState::Succeeded) => "wrong",
        Verdict::Ran | Verdict::WillBeDue => "good",
        Verdict::Unrecorded | Verdict::NotSent(_) => "wrong",
        _ => "plain-note",
    }
}
