//! A run as lists show it, with the names of its job and executor.

use crate::error::ApiError;
use crate::ui::pieces::{Moment, Pill};
use crate::ui::visit::Visit;
use crate::ui::words::Words;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::Reason;
use hzm_job_store::run::Run;
use std::collections::HashMap;

/// The longest part of what an executor said that a list shows, in characters.
const LONGEST_MESSAGE: usize = 120;

/// One row of a list of runs.
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) job_id: i64,
    pub(crate) job: String,
    pub(crate) executor: String,
    pub(crate) pill: Pill,
    pub(crate) reason: String,
    pub(crate) due: Moment,
    pub(crate) sent: Option<Moment>,
    pub(crate) duration: Option<String>,
    pub(crate) node: String,
    pub(crate) kind: &'static str,
    /// "attempt 2"; `None` for the first one.
    pub(crate) attempt: Option<String>,
}

/// The rows of these runs, in their order.
///
/// # Errors
/// What the database says.
pub(crate) async fn rows(visit: &Visit, runs: Vec<Run>) -> Result<Vec<RunRow>, ApiError> {
    let mut ids: Vec<JobId> = runs.iter().map(|run| run.job).collect();
    ids.sort_unstable();
    ids.dedup();
    let names: HashMap<JobId, String> = visit.app.store.job_names(ids).await?.into_iter().collect();
    let (executors, rights) = (visit.app.store.executor_list().await?, &visit.operator.rights);
    let (lens, w) = (visit.lens(), visit.w);
    let row = |run: Run| RunRow {
        id: run.id.0,
        job_id: run.job.0,
        job: names.get(&run.job).cloned().unwrap_or_else(|| w.c.deleted.to_owned()),
        executor: executors
            .iter()
            .find(|executor| executor.id == run.executor)
            .map_or(w.c.deleted, |executor| {
                if rights.sees(executor.id) { executor.spec.draft().name.as_str() } else { w.c.elsewhere }
            })
            .to_owned(),
        pill: Pill::run(run.state, w),
        // While a run is going, its reason tells of what was asked for, not of what became of it.
        reason: if run.state.is_terminal() { reason(&run, w) } else { String::new() },
        due: lens.moment(run.scheduled_at),
        sent: run.sent_at.map(|at| lens.moment(at)),
        duration: lens.duration(&run),
        kind: w.run_kind(run.kind),
        attempt: (run.attempt > 0).then(|| w.attempt(run.attempt)),
        node: run.node.unwrap_or_default(),
    };
    Ok(runs.into_iter().map(row).collect())
}

/// Why a run ended so; of a failure that the executor reported, what it said.
fn reason(run: &Run, w: &Words) -> String {
    let said: String = match (run.reason, run.message.as_deref().map(str::trim)) {
        (Reason::Reported, Some(said)) => said.chars().take(LONGEST_MESSAGE).collect(),
        _ => String::new(),
    };
    if said.is_empty() { w.reason(run.reason).to_owned() } else { w.reported(&said) }
}
