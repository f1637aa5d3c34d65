//! Pages about jobs: the list, one job, its form with the preview of its schedule, run now, delete.

pub(crate) mod actions;
pub(crate) mod bulk;
mod bulk_page;
pub(crate) mod detail;
pub(crate) mod draft;
pub(crate) mod explain;
pub(crate) mod form;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod row;
pub(crate) mod run_now;

use super::visit::Visit;
use crate::error::ApiError;
use hzm_job_scheduler::JobId;
use hzm_job_store::job::StoredJob;

/// The job of an address.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn wanted(visit: &Visit, id: i64) -> Result<StoredJob, ApiError> {
    visit.app.store.job_get(JobId(id)).await?.ok_or_else(|| ApiError::no_such("job"))
}
