//! `GET /`: is everything all right, what runs next, what needs a look, what was changed.

use super::operations::{OperationRow, operation_row};
use super::trend::{Trend, since};
use crate::access::Permission;
use crate::error::ApiError;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::row::{JobRow, next_fire, rows};
use crate::ui::pieces::Moment;
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::run::RunState;
use hzm_job_store::Cursor;
use hzm_job_store::job::StoredJob;
use hzm_job_store::job_list::JobFilter;
use hzm_job_store::run::Run;

/// Started jobs looked at, the newest ones: enough for what fits on a page, and bounded.
const LOOKED_AT: i64 = 200;
/// Rows of each list.
const ROWS: usize = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    /// Whether nothing needs a look.
    all_right: bool,
    trend: Trend,
    next: Vec<NextFire>,
    look: Vec<JobRow>,
    operations: Vec<OperationRow>,
}

struct NextFire {
    job: i64,
    name: String,
    at: Moment,
}

/// `GET /`.
pub(crate) async fn show(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    if !visit.operator.rights.sees_all() {
        // Its figures are those of all executors.
        return see_other("/jobs", None);
    }
    let (store, lens) = (&visit.app.store, visit.lens());
    let started = JobFilter { enabled: Some(true), ..JobFilter::default() };
    let jobs = store.job_page(started, Cursor::Newest, LOOKED_AT).await?.rows;
    let runs = store.run_strips(jobs.iter().map(|stored| stored.job.id).collect(), 2).await?.runs;
    let quarantined = visit.app.scheduler.jobs_quarantined();
    let mut troubled = Vec::new();
    // First those that do not fire at all, however long the list of jobs is.
    for id in quarantined.iter().take(ROWS) {
        troubled.extend(store.job_get(*id).await?);
    }
    let is_quarantined = |stored: &StoredJob| quarantined.contains(&stored.job.id);
    let failing = jobs.iter().filter(|stored| !is_quarantined(stored) && needs_a_look(stored, &runs));
    troubled.extend(failing.cloned());
    let firing: Vec<StoredJob> = jobs.iter().filter(|stored| !is_quarantined(stored)).cloned().collect();
    let hours = store.stat_hours(since(visit.now, lens.zone), visit.now).await?;
    let frame = visit.frame(Place::Overview, visit.w.s.overview_title);
    let page = OverviewPage {
        w: visit.w,
        facts: visit.w.overview_facts(troubled.len(), frame.figures.executors_offline),
        all_right: troubled.is_empty() && frame.figures.executors_offline == 0,
        f: frame,
        trend: Trend::of(&hours, visit.now, lens.zone),
        next: next_fires(visit, &firing, &runs),
        look: rows(visit, troubled.get(..ROWS.min(troubled.len())).unwrap_or_default()).await?,
        operations: operations(visit).await?,
    };
    html(&page)
}

/// Whether the newest run of a job that has ended went wrong.
fn needs_a_look(stored: &StoredJob, runs: &[Run]) -> bool {
    let ended = runs.iter().find(|run| run.job == stored.job.id && run.state.is_terminal());
    ended.is_some_and(|run| matches!(run.state, RunState::Failed | RunState::TimedOut | RunState::Lost))
}

fn next_fires(visit: &Visit, jobs: &[StoredJob], runs: &[Run]) -> Vec<NextFire> {
    let fire = |stored: &StoredJob| {
        let mine: Vec<&Run> = runs.iter().filter(|run| run.job == stored.job.id).collect();
        next_fire(&stored.job, &mine, visit.now).map(|at| (at, stored.clone()))
    };
    let mut ahead: Vec<(DateTime<Utc>, StoredJob)> = jobs.iter().filter_map(fire).collect();
    ahead.sort_by_key(|(at, _)| *at);
    let lens = visit.lens();
    let shown = ahead.into_iter().take(ROWS).map(|(at, StoredJob { job, .. })| NextFire {
        job: job.id.0,
        at: lens.moment_of(at, Some(job.spec.schedule().zone())),
        name: job.spec.draft().name.clone(),
    });
    shown.collect()
}

async fn operations(visit: &Visit) -> Result<Vec<OperationRow>, ApiError> {
    if !visit.operator.rights.role.holds(Permission::Administer) {
        return Ok(Vec::new());
    }
    let newest = visit.app.store.operation_page(Cursor::Newest, ROWS as i64).await?;
    Ok(newest.rows.into_iter().map(|operation| operation_row(operation, &visit.lens())).collect())
}

impl OverviewPage {
    /// A figure of a tile.
    fn number(&self, figure: &i64) -> String {
        self.w.number(*figure)
    }

    /// All jobs, beside those that are started.
    fn of_jobs(&self) -> String {
        self.w.of(self.f.figures.jobs)
    }

    /// Nodes that are offline, and all of them.
    fn nodes(&self) -> String {
        self.w.nodes_offline(self.f.figures.nodes_offline, self.f.figures.nodes)
    }

    /// The success rate of the last minute.
    fn rate(&self) -> String {
        let figures = &self.f.figures;
        self.w.success_rate(figures.succeeded_last_minute, figures.failed_last_minute)
    }
}
