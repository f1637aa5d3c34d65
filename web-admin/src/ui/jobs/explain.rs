//! `GET /jobs/{id}/explain?at=...`: why the job did, or did not, run at some moment.

use super::row::JobRow;
use crate::moment;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::detail::one_row;
use crate::ui::pieces::{Form, Moment, Pill};
use crate::ui::runs::row::{RunRow, rows as run_rows};
use crate::ui::system::operations::{OperationRow, operation_row};
use crate::ui::visit::{Answer, Visit, html_with};
use crate::ui::words::Words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::describe::describe;
use hzm_job_scheduler::explain::{Then, Verdict};
use hzm_job_store::explain::Answered;

#[derive(Template)]
#[template(path = "jobs/explain.html")]
struct ExplainPage {
    f: Frame,
    w: &'static Words,
    row: JobRow,
    form: Form,
    zone: &'static str,
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
    visit.settle(page(&visit, *id).await)
}

async fn page(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let (w, zone) = (visit.w, stored.job.spec.schedule().zone());
    let mut form = Form::of(visit.query().clone());
    let at = asked(&mut form, zone, w);
    let answer = match at {
        Some(at) => visit.app.store.explain(stored.job.id, at, visit.now).await?,
        None => None,
    };
    // What is put into the field is what a browser's own field can show.
    let shown = at.unwrap_or(visit.now).with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string();
    if !form.has_problems() {
        form.fields.set("at", shown);
    }
    let status = if form.has_problems() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = ExplainPage {
        f: visit.frame(Place::Jobs, stored.job.spec.draft().name.as_str()),
        w,
        answer: match answer {
            Some(answer) => Some(view(visit, answer, at.unwrap_or(visit.now)).await?),
            None => None,
        },
        row: one_row(visit, stored).await?,
        form,
        zone: zone.name(),
    };
    html_with(status, &page)
}

/// The moment of the address; one that cannot be read is blamed on its field.
fn asked(form: &mut Form, zone: Tz, w: &Words) -> Option<DateTime<Utc>> {
    let text = form.fields.text("at")?.to_owned();
    match moment::read(&text, Some(zone)) {
        Ok(at) => Some(at),
        Err(moment::Unreadable::Skipped) => {
            form.blame("at", w.x.skipped_by_zone);
            None
        }
        Err(moment::Unreadable::Malformed) => {
            form.blame("at", w.x.bad);
            None
        }
    }
}

async fn view(visit: &Visit, answer: Answered, at: DateTime<Utc>) -> Result<AnswerView, crate::error::ApiError> {
    let (w, lens) = (visit.w, visit.lens());
    let zone = answer.job.spec.schedule().zone();
    let moment = |at: DateTime<Utc>| lens.moment_of(at, Some(zone));
    let told = &answer.explanation;
    let when = told.act.as_ref().map(|act| lens.local(act.at));
    let act = told.act.as_ref().zip(when.as_deref());
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
        tone: tone(told.verdict),
        sentence: w.verdict(told.verdict, act),
        pill: answer.runs.iter().max_by_key(|run| run.attempt).map(|run| Pill::run(run.state, w)),
        facts: facts.into_iter().filter_map(|(name, at)| Some((name, moment(at?)))).collect(),
        schedule: then.map(|then| describe(&then.schedule, w.language)),
        late: told.late_ms.map(|late| w.duration(late)),
        silence: answer.silence.map(|(from, until)| (moment(from), moment(until))),
        is_whole: answer.is_whole,
        runs: run_rows(visit, answer.runs).await?,
        around: run_rows(visit, answer.around).await?,
        operations: answer.operations.into_iter().map(|done| operation_row(done, &lens)).collect(),
    })
}

/// The colour of the note: green for what went as it should, red for what nobody can explain.
const fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ran | Verdict::WillBeDue => "good",
        Verdict::Unrecorded | Verdict::NotSent(_) => "wrong",
        _ => "plain-note",
    }
}
