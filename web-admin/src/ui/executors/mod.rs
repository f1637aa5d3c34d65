//! Pages about executors: the list, one executor with its nodes, its form, delete.

pub(crate) mod delete;
pub(crate) mod detail;
pub(crate) mod forget;
pub(crate) mod form;
pub(crate) mod list;
pub(crate) mod secret;

use super::visit::Visit;
use crate::error::ApiError;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::executor::Executor;

/// The executor of an address.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn wanted(visit: &Visit, id: i64) -> Result<Executor, ApiError> {
    visit.app.store.executor_get(ExecutorId(id)).await?.ok_or_else(|| ApiError::no_such("executor"))
}
