//! `GET /executors/{id}`: one executor and its nodes.

use super::list::registration;
use super::secret::{own_address, snippet};
use crate::error::ApiError;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Moment, Pill};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::Registration;
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_store::executor::Executor;
use hzm_job_store::node::{Node, SecretAge};

#[derive(Template)]
#[template(path = "executors/detail.html")]
struct ExecutorPage {
    f: Frame,
    w: &'static Words,
    id: i64,
    name: String,
    app_key: String,
    registration: &'static str,
    secret: bool,
    /// Until when the secret before is good.
    former_until: Option<Moment>,
    automatic: bool,
    created: Moment,
    updated: Moment,
    nodes: Vec<NodeRow>,
    jobs: String,
    snippet: String,
}

struct NodeRow {
    id: i64,
    /// It registered itself and is offline, so it may be forgotten.
    forgettable: bool,
    address: String,
    pill: Pill,
    /// Why it does not answer.
    complaint: Option<String>,
    /// That it goes by another secret than the present one.
    other_secret: Option<Pill>,
    agent: String,
    first_seen: Moment,
    last_seen: Option<Moment>,
}

/// `GET /executors/{id}`.
pub(crate) async fn show(visit: Visit, id: web::Path<i64>, request: HttpRequest) -> HttpResponse {
    let admin = own_address(&request);
    visit.settle(page(&visit, *id, &admin).await)
}

async fn page(visit: &Visit, id: i64, admin: &str) -> Answer {
    let executor = super::wanted(visit, id).await?;
    let (draft, lens, w) = (executor.spec.draft(), visit.lens(), visit.w);
    let nodes = visit.app.store.node_list(Some(executor.id)).await?;
    let jobs = jobs_of(visit, executor.id).await?;
    let row = |node: Node| NodeRow {
        id: node.id,
        forgettable: !node.manual && node.state == NodeState::Offline,
        pill: Pill::node(node.state, w),
        complaint: visit.app.scheduler.node_complaint(executor.id, &node.address).map(|why| w.of_node(&why)),
        other_secret: other_secret(&node, &executor, visit),
        agent: node.agent.unwrap_or_default(),
        first_seen: lens.moment(node.first_seen_at),
        last_seen: node.last_seen_at.map(|at| lens.moment(at)),
        address: node.address,
    };
    let page = ExecutorPage {
        f: visit.frame(Place::Executors, draft.name.as_str()),
        w,
        id,
        name: draft.name.clone(),
        app_key: draft.app_key.clone(),
        registration: registration(draft.registration, w),
        secret: draft.app_secret.is_some(),
        former_until: executor
            .former
            .as_ref()
            .filter(|former| visit.app.now() < former.until)
            .map(|former| lens.moment(former.until)),
        automatic: draft.registration == Registration::Automatic,
        created: lens.moment(executor.created_at),
        updated: lens.moment(executor.updated_at),
        nodes: nodes.into_iter().map(row).collect(),
        jobs: w.number(jobs),
        // The secret itself is never shown here: the reader puts in the one that was copied when it was made.
        snippet: snippet(admin, &draft.app_key, draft.app_secret.as_ref().map(|_| "******")),
    };
    html(&page)
}

/// What tells whoever gives nodes a new secret in turn which of them have not got it yet. Those entered by hand never call in, so nobody
/// knows of them.
fn other_secret(node: &Node, executor: &Executor, visit: &Visit) -> Option<Pill> {
    let is_asked = executor.spec.draft().app_secret.is_some() && !node.manual;
    let is_good = executor.former.as_ref().is_some_and(|former| visit.app.now() < former.until);
    match node.secret_age {
        _ if !is_asked => None,
        SecretAge::Present => None,
        SecretAge::Former if is_good => Some(Pill { tone: "warn", word: visit.w.e.secret_former }),
        SecretAge::Former | SecretAge::Older => Some(Pill { tone: "bad", word: visit.w.e.secret_older }),
    }
}

/// How many jobs an executor has.
///
/// # Errors
/// What the database says.
pub(crate) async fn jobs_of(visit: &Visit, id: ExecutorId) -> Result<i64, ApiError> {
    let counts = visit.app.store.job_counts_by_executor().await?;
    Ok(counts.iter().find(|(owner, _)| *owner == id).map_or(0, |(_, jobs)| *jobs))
}
