//! What a form offers as rights: roles, and executors to tick. For users and for tokens alike.

use crate::access::Role;
use crate::error::ApiError;
use crate::ui::pieces::Form;
use crate::ui::visit::Visit;
use crate::ui::words::Words;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::executor::Executor;

/// A role to choose.
pub(crate) struct RoleChoice {
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) chosen: bool,
}

/// An executor to tick: its number, its name, whether it is ticked.
pub(crate) type Tick = (i64, String, bool);

/// The roles up to this one, the field `role` of the form being chosen.
pub(crate) fn roles(form: &Form, most: Role, w: &'static Words) -> Vec<RoleChoice> {
    let choice = |role: Role| {
        let (name, hint) = w.role(role);
        RoleChoice { word: role.word(), name, hint, chosen: form.is("role", role.word()) }
    };
    Role::ALL.into_iter().filter(|role| *role <= most).map(choice).collect()
}

/// The executors that the reader may see, those of the form's fields `executor` being ticked.
///
/// # Errors
/// What the database says.
pub(crate) async fn ticks(visit: &Visit, form: &Form) -> Result<Vec<Tick>, ApiError> {
    let ticked: Vec<&str> = form.fields.all("executor").collect();
    let tick = |executor: &Executor| {
        let id = executor.id.to_string();
        (executor.id.0, executor.spec.draft().name.clone(), ticked.contains(&id.as_str()))
    };
    Ok(visit.executors().await?.iter().map(tick).collect())
}

/// The executors that a form names; `None`: all. The ticks count only where not all are meant.
pub(crate) fn chosen(form: &Form) -> Option<Vec<i64>> {
    let ticked = form.fields.all("executor").map(str::parse).collect::<Result<Vec<i64>, _>>();
    (!form.is("reach", "all")).then(|| ticked.unwrap_or_default())
}

/// Executors by their names, those that are gone and those that the reader may not see among them.
pub(crate) fn names(ids: &[ExecutorId], all: &[Executor], visit: &Visit) -> String {
    let name = |id: &ExecutorId| match all.iter().find(|executor| executor.id == *id) {
        None => visit.w.c.deleted.to_owned(),
        Some(_) if !visit.operator.rights.sees(*id) => visit.w.c.elsewhere.to_owned(),
        Some(executor) => executor.spec.draft().name.clone(),
    };
    let names: Vec<String> = ids.iter().map(name).collect();
    if names.is_empty() { visit.w.c.none.to_owned() } else { names.join(", ") }
}
