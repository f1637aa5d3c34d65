//! Pages about users: the list, the form, a generated password, deleting. All are for administrators.

pub(crate) mod choices;
pub(crate) mod delete;
pub(crate) mod form;
pub(crate) mod list;
mod password;

use super::visit::Visit;
use crate::error::ApiError;
use hzm_job_store::account::Account;

/// The user of an address.
///
/// # Errors
/// 404 when there is none.
async fn wanted(visit: &Visit, id: i64) -> Result<Account, ApiError> {
    visit.app.store.account_get(id).await?.ok_or_else(|| ApiError::no_such("user"))
}
