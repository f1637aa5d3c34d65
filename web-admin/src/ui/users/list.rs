//! `GET /users`: everybody who may log in. They are few, so the list is not cut into pages.

use super::choices;
use crate::access::Role;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::Moment;
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use hzm_job_store::account::Account;
use hzm_job_store::columns::moment;

#[derive(Template)]
#[template(path = "users/list.html")]
struct UsersPage {
    f: Frame,
    w: &'static Words,
    rows: Vec<Row>,
}

struct Row {
    id: i64,
    name: String,
    /// Who vouches for it, where that is somebody else.
    origin: Option<String>,
    role: &'static str,
    /// The executors by name; `None`: all.
    executors: Option<String>,
    disabled: bool,
    must_change: bool,
    created: Moment,
}

/// `GET /users`.
pub(crate) async fn list(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    let accounts = visit.app.store.account_list().await?;
    let all = visit.app.store.executor_list().await?;
    let row = |account: Account| Row {
        id: account.user.id,
        role: Role::of(&account.user.role).map_or(visit.w.u.unknown_role, |role| visit.w.role(role).0),
        executors: (!account.user.all_executors).then(|| choices::names(&account.executors, &all, visit)),
        disabled: account.user.disabled,
        must_change: account.user.must_change,
        created: visit.lens().moment(moment(account.user.created_at)),
        origin: (!account.user.is_local()).then(|| account.user.origin.to_uppercase()),
        name: account.user.name,
    };
    let rows = accounts.into_iter().map(row).collect();
    html(&UsersPage { f: visit.frame(Place::Users, visit.w.u.title), w: visit.w, rows })
}
