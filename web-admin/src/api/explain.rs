//! `/jobs/{id}/explain`: why a job did, or did not, run at some moment.

use crate::audit;
use crate::auth::Operator;
use crate::error::ApiError;
use crate::extract::Query;
use crate::moment;
use crate::state::App;
use crate::ui::{Language, Telling, words};
use crate::views::{OperationView, RunView};
use actix_web::web;
use chrono::{DateTime, SecondsFormat, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::describe::describe;
use hzm_job_scheduler::explain::{Act, Then};
use hzm_job_store::explain::Answered;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The moment in question.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// RFC 3339, or epoch milliseconds; 1970 to 2199. The second it lies in is what is asked about.
    #[param(required = true)]
    at: Option<String>,
}

/// Why a job did, or did not, run.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainView {
    /// The moment in question.
    pub at: DateTime<Utc>,
    /// `ran`, `not_sent`, `skipped`, `open`, `shared_row`, `not_due`, `follows_end`, `by_hand_only`, `not_created_yet`,
    /// `deleted`, `stopped`, `schedule_differed`, `before_anchor`, `will_be_due`, `will_not_be_due`, `backlog`,
    /// `overtaken`, `cleared` or `unrecorded`.
    pub verdict: &'static str,
    /// The verdict in a few sentences.
    pub sentence: String,
    /// The same in Chinese.
    pub sentence_zh: String,
    /// What somebody did that made it so.
    pub act: Option<ActView>,
    /// The occurrence of the schedule within that second.
    pub occurrence: Option<DateTime<Utc>>,
    /// The last occurrence before it.
    pub previous: Option<DateTime<Utc>>,
    /// The first occurrence after it.
    pub next: Option<DateTime<Utc>>,
    /// The schedule that was in force then, as a sentence; null when the job was not there.
    pub schedule: Option<String>,
    /// Whether the job was started then.
    pub enabled: bool,
    /// The moment since which that schedule was in force.
    pub anchor: Option<DateTime<Utc>>,
    /// By how many milliseconds the first attempt left late.
    pub late_ms: Option<i64>,
    /// The stretch around an occurrence in which nothing was decided for any job: the scheduler was away or stood still, or its
    /// database was away. Looked for where its row came late or is missing, and told from five seconds on.
    pub silence: Option<Stretch>,
    /// Whether the job's definition at that moment is known for sure; otherwise today's stands for it.
    pub history_complete: bool,
    /// The runs due within that second, every attempt; or the one that stands for many missed ones.
    pub runs: Vec<RunView>,
    /// The nearest runs of the schedule before and after.
    pub around: Vec<RunView>,
    /// What was done to the job and its executor within an hour of the moment, newest first, 20 at most. Whoever may not
    /// read the operation log sees neither address, place and hash of an entry, nor changes of the executor's secret.
    pub operations: Vec<OperationView>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActView {
    /// The number of its entry in the operation log.
    pub operation: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub user: String,
    /// What: `create`, `update`, `start`, `stop`, `delete` or `clear`.
    pub action: String,
}

/// A stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stretch {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// Tells why a job did, or did not, run at a moment. Answers for deleted jobs too.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/explain", tag = "jobs", params(("id" = i64, Path), ExplainQuery),
    responses((status = 200, body = ExplainView)))]
pub async fn read(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
    Query(query): Query<ExplainQuery>,
) -> Result<web::Json<ExplainView>, ApiError> {
    let text = query.at.as_deref().unwrap_or_default();
    let at = moment::read(text, None).map_err(|_| unreadable(text))?;
    if is_seconds(text) {
        return Err(ApiError::Malformed(format!(
            "at={text} looks like epoch seconds, but is read as milliseconds; write {text}000, or RFC 3339"
        )));
    }
    let answer = app.store.explain(JobId(*id), at, app.now()).await?;
    let mut answer = answer.ok_or_else(|| ApiError::no_such("job"))?;
    answer.operations = audit::shown_to(&operator.rights, answer.operations);
    Ok(web::Json(ExplainView::of(answer, at, &app)))
}

/// Whether a number is one of seconds rather than milliseconds: as the latter it would lie in the first weeks of 1970.
fn is_seconds(text: &str) -> bool {
    text.trim().parse::<i64>().is_ok_and(|number| (1_000_000_000..7_300_000_000).contains(&number))
}

fn unreadable(text: &str) -> ApiError {
    let what = if text.is_empty() { "is missing" } else { "is no moment" };
    let text: String = text.chars().take(64).collect();
    ApiError::Malformed(format!(
        "at={text} {what}; write RFC 3339 such as 2026-11-22T08:00:00Z, or epoch milliseconds, between 1970 and 2199"
    ))
}

impl ExplainView {
    fn of(answer: Answered, at: DateTime<Utc>, app: &App) -> ExplainView {
        let when = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let telling = Telling {
            answer: &answer,
            at,
            now: app.now(),
            threshold_ms: u64::from(app.config.admin.scheduling.misfire_threshold_ms),
            quarantine: app.scheduler.job_quarantine(answer.job.id).map(|found| found.reason.to_string()),
            when: &when,
        };
        let sentence = words(Language::En).explanation(&telling);
        let sentence_zh = words(Language::Zh).explanation(&telling);
        let told = answer.explanation;
        let then = match &answer.then {
            Then::There(definition) => Some(definition),
            Then::NotYet | Then::Deleted => None,
        };
        ExplainView {
            at,
            verdict: told.verdict.word(),
            sentence,
            sentence_zh,
            occurrence: told.moments.occurrence,
            previous: told.moments.previous,
            next: told.moments.next,
            schedule: then.map(|then| describe(&then.schedule, Language::En)),
            enabled: then.is_some_and(|then| then.enabled),
            anchor: then.map(|then| then.anchor),
            late_ms: told.late_ms,
            silence: answer.silence.map(|(from, until)| Stretch { from, until }),
            history_complete: answer.is_whole,
            runs: answer.runs.into_iter().map(RunView::from).collect(),
            around: answer.around.into_iter().map(RunView::from).collect(),
            operations: answer.operations.into_iter().map(OperationView::from).collect(),
            act: told.act.map(ActView::from),
        }
    }
}

impl From<Act> for ActView {
    fn from(act: Act) -> ActView {
        ActView { operation: act.operation, at: act.at, user: act.user, action: act.action }
    }
}
