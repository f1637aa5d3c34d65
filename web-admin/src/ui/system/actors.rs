//! `GET /actors`: who is at work, quarantined ones on top with a way out.

use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Moment, Pill};
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::Words;
use actix_web::{HttpResponse, web};
use askama::Template;
use hzm_job_actors::ActorReport;

/// Rows shown: whoever needs attention first, then the others; a busy scheduler has thousands of job actors.
const ROWS: usize = 500;

#[derive(Template)]
#[template(path = "actors.html")]
struct ActorsPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    rows: Vec<Row>,
    /// Actors that found no place.
    more: usize,
}

struct Row {
    name: String,
    thread: String,
    pill: Pill,
    quarantined: bool,
    waiting: String,
    limit: String,
    handled: String,
    restarts: u32,
    last_error: Option<String>,
    last_error_at: Option<Moment>,
}

/// `GET /actors`.
pub(crate) async fn list(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

/// `POST /actors/release`.
pub(crate) async fn release(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(released(&visit, &body).await)
}

async fn page(visit: &Visit) -> Answer {
    let mut reports = visit.app.scheduler.actors().await;
    let rank = |report: &ActorReport| match report.state {
        "quarantined" => 0,
        "restarting" => 1,
        _ => 2,
    };
    // Stable: within a rank the tree's own order stays.
    reports.sort_by_key(rank);
    let quarantined = reports.iter().filter(|report| report.state == "quarantined").count();
    let page = ActorsPage {
        f: visit.frame(Place::Actors, visit.w.s.actors_title),
        w: visit.w,
        facts: visit.w.actors_facts(reports.len(), quarantined),
        more: reports.len().saturating_sub(ROWS),
        rows: reports.into_iter().take(ROWS).map(|report| row(visit, report)).collect(),
    };
    html(&page)
}

fn row(visit: &Visit, report: ActorReport) -> Row {
    let (tone, word) = visit.w.actor_state(report.state);
    let number = |count: u64| visit.w.number(i64::try_from(count).unwrap_or(i64::MAX));
    Row {
        name: report.name,
        thread: report.thread,
        pill: Pill { tone, word },
        quarantined: report.state == "quarantined",
        waiting: number(report.waiting as u64),
        limit: number(report.mailbox_limit as u64),
        handled: number(report.handled),
        restarts: report.restarts,
        last_error: report.last_error,
        last_error_at: report.last_error_at.map(|at| visit.lens().moment(at)),
    }
}

async fn released(visit: &Visit, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    let words = &visit.w.s;
    let flash = if visit.app.scheduler.actor_release(fields.get("name")).await? {
        Flash::good(words.released_note)
    } else {
        Flash::bad(words.not_released_note)
    };
    see_other("/actors", Some(flash))
}
