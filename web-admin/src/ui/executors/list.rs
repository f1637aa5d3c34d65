//! `GET /executors`: every executor with its nodes. There are few, so the list is not cut into pages.

use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Moment, Pill};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::Registration;
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_store::executor::Executor;
use hzm_job_store::node::Node;

/// Nodes shown in a row; the executor's own page has them all.
const NODES_SHOWN: usize = 4;

#[derive(Template)]
#[template(path = "executors/list.html")]
struct ExecutorsPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    rows: Vec<Row>,
}

struct Row {
    id: i64,
    name: String,
    app_key: String,
    registration: &'static str,
    secret: bool,
    nodes: Vec<NodePill>,
    /// Nodes beyond those shown.
    more: usize,
    last_seen: Option<Moment>,
    jobs: i64,
}

struct NodePill {
    address: String,
    pill: Pill,
}

/// `GET /executors`.
pub(crate) async fn list(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    let store = &visit.app.store;
    let (executors, mut nodes) = (visit.executors().await?, store.node_list(None).await?);
    nodes.retain(|node| visit.operator.rights.sees(node.executor));
    let jobs = store.job_counts_by_executor().await?;
    let offline = nodes.iter().filter(|node| node.state == NodeState::Offline).count();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let page = ExecutorsPage {
        f: visit.frame(Place::Executors, visit.w.e.title),
        w: visit.w,
        facts: visit.w.executors_facts(count(executors.len()), count(nodes.len()), count(offline)),
        rows: executors.iter().map(|executor| row(visit, executor, &nodes, &jobs)).collect(),
    };
    html(&page)
}

fn row(visit: &Visit, executor: &Executor, nodes: &[Node], jobs: &[(ExecutorId, i64)]) -> Row {
    let draft = executor.spec.draft();
    let mine: Vec<&Node> = nodes.iter().filter(|node| node.executor == executor.id).collect();
    let pill = |node: &&Node| NodePill { address: node.address.clone(), pill: Pill::node(node.state, visit.w) };
    Row {
        id: executor.id.0,
        name: draft.name.clone(),
        app_key: draft.app_key.clone(),
        registration: registration(draft.registration, visit.w),
        secret: draft.app_secret.is_some(),
        nodes: mine.iter().take(NODES_SHOWN).map(pill).collect(),
        more: mine.len().saturating_sub(NODES_SHOWN),
        last_seen: mine.iter().filter_map(|node| node.last_seen_at).max().map(|at| visit.lens().moment(at)),
        jobs: jobs.iter().find(|(id, _)| *id == executor.id).map_or(0, |(_, jobs)| *jobs),
    }
}

/// How nodes become known, in a word.
pub(crate) fn registration(registration: Registration, w: &Words) -> &'static str {
    match registration {
        Registration::Automatic => w.e.automatic,
        Registration::Manual => w.e.manual,
    }
}
