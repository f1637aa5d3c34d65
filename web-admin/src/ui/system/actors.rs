//! `GET /actors`: who is at work, as a tree; quarantined ones on top with their reason and a way out.

use crate::actor_tree::{self, ActorFilter, KINDS, Placed, STATES};
use crate::change::actors;
use crate::error::ApiError;
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::actions::way_back;
use crate::ui::pieces::{Moment, Pager, Pill, Window};
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::Words;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "actors.html")]
struct ActorsPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    rows: Vec<Row>,
    kinds: Vec<(&'static str, &'static str, bool)>,
    states: Vec<(&'static str, &'static str, bool)>,
    filtered: bool,
    /// How many are on the page, and how many there are.
    shown: String,
    pager: Pager,
}

struct Row {
    name: String,
    /// The end of its name that says which one it is, below its parent.
    label: String,
    /// Its parent, where it does not stand below it.
    parent: Option<String>,
    /// Where what it stands for is shown.
    link: Option<String>,
    kind: String,
    depth: u8,
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
    let (query, w) = (visit.query(), visit.w);
    let (window, filter) = (Window::of(query, w)?, filter(query, w)?);
    let reports = visit.app.scheduler.actors().await;
    let quarantined = reports.iter().filter(|report| report.state == "quarantined").count();
    let facts = w.actors_facts(reports.len(), quarantined);
    let listed = actor_tree::listed(reports, filter);
    let all = listed.len();
    let found = actor_tree::page(listed, window.cursor, window.size);
    let kept = ["kind", "state"].map(|name| (name, query.get(name)));
    let page = ActorsPage {
        f: visit.frame(Place::Actors, w.s.actors_title),
        w,
        facts,
        kinds: KINDS.map(|kind| (kind, w.actor_kind(kind), filter.kind == Some(kind))).to_vec(),
        states: STATES.map(|state| (state, w.actor_state(state).1, filter.state == Some(state))).to_vec(),
        filtered: filter.kind.is_some() || filter.state.is_some(),
        shown: w.actors_shown(found.rows.len(), all),
        pager: Pager::of(&found, window, "/actors", &kept, w),
        rows: found.rows.into_iter().map(|placed| row(visit, placed)).collect(),
    };
    html(&page)
}

fn filter<'a>(query: &'a Fields, w: &Words) -> Result<ActorFilter<'a>, ApiError> {
    let known = |name: &str, words: &[&str]| match query.text(name) {
        Some(word) if !words.contains(&word) => Err(query.refuse(name, w)),
        found => Ok(found),
    };
    known("kind", &KINDS)?;
    known("state", &STATES)?;
    Ok(ActorFilter { kind: query.text("kind"), state: query.text("state") })
}

fn row(visit: &Visit, placed: Placed) -> Row {
    let Placed { report, depth, parent } = placed;
    // On top of the list it stands beside its kind, not below its parent.
    let is_in_tree = report.state == "running";
    let kind = visit.w.actor_kind(report.kind);
    let (tone, word) = visit.w.actor_state(report.state);
    let number = |count: u64| visit.w.number(i64::try_from(count).unwrap_or(i64::MAX));
    let quarantined = report.state == "quarantined";
    Row {
        link: link(&report.name),
        label: report.name.split_once("/node/").map_or(report.name.as_str(), |(_, address)| address).to_owned(),
        kind: match (report.kind, parent.as_deref()) {
            ("node", Some(parent)) => visit.w.in_parentheses(kind, visit.w.node_actor(parent.starts_with("executor/"))),
            _ => kind.to_owned(),
        },
        name: report.name,
        depth: if is_in_tree { depth } else { 0 },
        parent: parent.filter(|_| !is_in_tree),
        thread: report.thread,
        pill: Pill { tone, word },
        quarantined,
        waiting: number(report.waiting as u64),
        limit: number(report.mailbox_limit as u64),
        handled: number(report.handled),
        restarts: report.restarts,
        last_error: report.last_error,
        last_error_at: report.last_error_at.map(|at| visit.lens().moment(at)),
    }
}

fn link(name: &str) -> Option<String> {
    let (kind, id) = name.split_once('/')?;
    let place = match kind {
        "job" => "jobs",
        "executor" => "executors",
        _ => return None,
    };
    Some(format!("/{place}/{id}"))
}

async fn released(visit: &Visit, body: &web::Bytes) -> Answer {
    let fields = visit.form(body)?;
    let words = &visit.w.s;
    let flash = if actors::release(&visit.app, fields.get("name"), &visit.operator).await? {
        Flash::good(words.released_note)
    } else {
        Flash::bad(words.not_released_note)
    };
    see_other(&way_back(fields.get("back"), "/actors"), Some(flash))
}
