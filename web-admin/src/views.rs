//! How stored things look to clients of the API: a view per row, made by `From`. Secrets have no view.

use crate::extract::cursor_text;
use crate::state::App;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::executor::Registration;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_scheduler::run::{Reason, RunKind};
use hzm_job_store::Page;
use hzm_job_store::executor::Executor;
use hzm_job_store::job::StoredJob;
use hzm_job_store::node::{Node, SecretAge};
use hzm_job_store::operation::Operation;
use hzm_job_store::run::Run;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListView<T> {
    /// The things.
    pub items: Vec<T>,
    /// The cursor of the page with newer ones, if there are any.
    pub newer: Option<String>,
    /// The cursor of the page with older ones, if there are any.
    pub older: Option<String>,
}

impl<T> ListView<T> {
    /// The view of a page of rows.
    pub fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> ListView<T> {
        let page = page.map(view);
        ListView { items: page.rows, newer: page.newer.map(cursor_text), older: page.older.map(cursor_text) }
    }

    /// The view of a list that is never cut into pages.
    pub fn whole(items: Vec<T>) -> ListView<T> {
        ListView { items, newer: None, older: None }
    }
}

/// A job: its definition and what the admin adds to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Its number.
    pub id: i64,
    /// Whether its schedule is in force.
    pub enabled: bool,
    /// The version to name when changing it.
    pub version: i64,
    /// The moment since which its schedule is in force.
    pub anchor: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it is due next; null when it is stopped or never due again, and with a fixed delay while a run goes on.
    pub next_fire_at: Option<DateTime<Utc>>,
    /// Why its actor is in quarantine, which keeps it from firing until somebody releases it; null: it is in none.
    pub quarantine: Option<String>,
    /// The definition.
    #[serde(flatten)]
    #[schema(value_type = crate::api::schema::JobDefinition, inline)]
    pub definition: JobDraft,
}

impl JobView {
    /// The names of the fields that the definition does not have; ignored when a client sends them back.
    pub const READ_ONLY: [&'static str; 7] =
        ["id", "enabled", "anchor", "created_at", "updated_at", "next_fire_at", "quarantine"];

    /// The view of a job that is due next at this moment.
    pub fn of(stored: &StoredJob, next_fire_at: Option<DateTime<Utc>>, app: &App) -> JobView {
        let job = &stored.job;
        JobView {
            id: job.id.0,
            enabled: job.enabled,
            version: job.version,
            anchor: job.anchor,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            next_fire_at,
            quarantine: app.scheduler.job_quarantine(job.id).map(|found| found.reason.to_string()),
            definition: job.spec.draft().clone(),
        }
    }
}

/// An executor; its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExecutorView {
    /// Its number.
    pub id: i64,
    /// The version to name when changing it.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether its nodes must bring a secret.
    pub has_secret: bool,
    /// Until when the secret before it is good; null: there is none that is.
    pub former_secret_until: Option<DateTime<Utc>>,
    /// The name shown to people.
    pub name: String,
    /// The key by which its nodes name it.
    pub app_key: String,
    /// How its nodes become known: `automatic` or `manual`.
    #[schema(value_type = String)]
    pub registration: Registration,
    /// The addresses entered by hand.
    pub addresses: Vec<String>,
}

impl ExecutorView {
    /// The fields that a client cannot set; ignored when sent back.
    pub const READ_ONLY: [&'static str; 5] = ["id", "created_at", "updated_at", "has_secret", "former_secret_until"];
}

impl From<Executor> for ExecutorView {
    fn from(executor: Executor) -> ExecutorView {
        let draft = executor.spec.draft();
        ExecutorView {
            id: executor.id.0,
            version: executor.version,
            created_at: executor.created_at,
            updated_at: executor.updated_at,
            has_secret: draft.app_secret.is_some(),
            former_secret_until: executor.former.as_ref().map(|former| former.until),
            name: draft.name.clone(),
            app_key: draft.app_key.clone(),
            registration: draft.registration,
            addresses: draft.addresses.clone(),
        }
    }
}

/// A node of an executor.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeView {
    /// Its number.
    pub id: i64,
    /// Its address.
    pub address: String,
    /// Whether it was entered by hand.
    pub manual: bool,
    /// `online`, `suspect` or `offline`.
    #[schema(value_type = String)]
    pub state: NodeState,
    /// The program that registered, if it told.
    pub agent: Option<String>,
    /// By which secret of its executor it last called in: `present`, `former` (the one before) or `older`; null: the executor has none, or
    /// the node was entered by hand and never calls in.
    pub secret: Option<&'static str>,
    /// When it was first heard of.
    pub first_seen_at: DateTime<Utc>,
    /// When it last answered or registered.
    pub last_seen_at: Option<DateTime<Utc>>,
}

impl NodeView {
    /// The view of a node of this executor.
    pub fn of(node: Node, executor: &Executor) -> NodeView {
        let is_asked = executor.spec.draft().app_secret.is_some() && !node.manual;
        let secret = match node.secret_age {
            SecretAge::Present => "present",
            SecretAge::Former => "former",
            SecretAge::Older => "older",
        };
        NodeView {
            secret: is_asked.then_some(secret),
            id: node.id,
            address: node.address,
            manual: node.manual,
            state: node.state,
            agent: node.agent,
            first_seen_at: node.first_seen_at,
            last_seen_at: node.last_seen_at,
        }
    }
}

/// One execution of one fire.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Its number; on the wire `logId`.
    pub id: i64,
    /// Its job.
    pub job: i64,
    /// The executor it was meant for.
    pub executor: i64,
    /// `scheduled` or `manual`.
    #[schema(value_type = String)]
    pub kind: RunKind,
    /// The moment it was due.
    pub scheduled_at: DateTime<Utc>,
    /// 0 for the first attempt, then 1, 2, ...
    pub attempt: i32,
    /// `planned`, `waiting`, `dispatched`, `running`, `succeeded`, `failed`, `timed_out`, `cancelled`, `lost`, `skipped`.
    pub state: &'static str,
    /// Why, such as `overlap`, `no_node` or `reported`; `none` when the state says it all.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// Not to be sent before this moment (a retry waits).
    pub not_before: DateTime<Utc>,
    /// The address it was or is to be sent to.
    pub node: Option<String>,
    /// Whether a user chose that node.
    pub pinned: bool,
    /// Its parameters.
    pub parameters: Option<String>,
    /// The user who ran it by hand.
    pub requested_by: Option<String>,
    /// When the row was written.
    pub created_at: DateTime<Utc>,
    /// When the trigger left.
    pub sent_at: Option<DateTime<Utc>>,
    /// When the node accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When its cancellation was asked for.
    pub cancel_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The code that the executor reported.
    pub code: Option<i32>,
    /// What the executor said, or what went wrong.
    pub message: Option<String>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> RunView {
        RunView {
            id: run.id.0,
            job: run.job.0,
            executor: run.executor.0,
            kind: run.kind,
            scheduled_at: run.scheduled_at,
            attempt: run.attempt,
            state: run.state.word(),
            reason: run.reason,
            not_before: run.not_before,
            node: run.node,
            pinned: run.pinned,
            parameters: run.parameters,
            requested_by: run.requested_by,
            created_at: run.created_at,
            sent_at: run.sent_at,
            accepted_at: run.accepted_at,
            cancel_at: run.cancel_at,
            finished_at: run.finished_at,
            code: run.code,
            message: run.message,
        }
    }
}

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationView {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub user: String,
    /// What was done: `create`, `update`, `delete`, `start`, `stop`, `run_now`, `cancel`, `clear`, `release`,
    /// `forget_node`, `login`, `end_session`; of failed attempts `login_failed` and `refused`.
    pub action: String,
    /// From which address; null: at the machine itself, not known, or not for the reader.
    pub address: Option<String>,
    /// Its place in the chain of the log; null: it was recorded before there was a chain, or not for the reader.
    pub place: Option<i64>,
    /// The hash there: HMAC-SHA-256 over the hash before and this entry, in hexadecimal; null as the place is.
    pub hash: Option<String>,
    /// To what: `job`, `executor`, `run`, `user`, `token`; `address` for a request that was refused.
    pub object_kind: String,
    /// Its number.
    pub object_id: i64,
    /// Its name at that time.
    pub object_name: String,
    /// Field by field.
    pub changes: Vec<FieldChangeView>,
}

/// One field that a change touched.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldChangeView {
    /// The field's path.
    pub field: String,
    /// Its value before; null where there was none.
    pub before: serde_json::Value,
    /// Its value after; null where there is none.
    pub after: serde_json::Value,
}

impl From<Operation> for OperationView {
    fn from(done: Operation) -> OperationView {
        let view = |change: hzm_job_store::operation::FieldChange| FieldChangeView {
            field: change.field,
            before: change.before,
            after: change.after,
        };
        let (place, hash) = done.link.map(|link| (link.place, link.hash)).unzip();
        OperationView {
            address: done.address,
            place,
            hash,
            id: done.id,
            at: done.at,
            user: done.user,
            action: done.action,
            object_kind: done.object_kind,
            object_id: done.object_id,
            object_name: done.object_name,
            changes: done.changes.into_iter().map(view).collect(),
        }
    }
}
