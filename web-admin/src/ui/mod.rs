//! The pages: rendered here, by the server; every URL of theirs is in [`pages`], with what it takes.
//!
//! A page is a struct with its template (`templates/`), filled from the store and from the live figures of the scheduler;
//! changes go through [`crate::change`], as those of the API do. All texts come from `ui::words`, in two languages.
//! Lists, links and forms work without script; `assets/app.js` and htmx make them smoother. Nothing here decides anything
//! about jobs, and nothing is loaded from another host.

mod assets;
mod executors;
mod failure;
pub(crate) mod fields;
pub(crate) mod flash;
mod frame;
mod jobs;
pub(crate) mod language;
mod pieces;
mod runs;
mod system;
mod users;
mod visit;
mod waiting;
mod words;

use crate::access::Need;
use crate::gate::{Endpoint, Manner};
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, guard, web};

pub(crate) use hzm_job_scheduler::describe::Language;
pub use system::not_found::not_found;
pub(crate) use waiting::waiting_page;
pub(crate) use words::telling::Telling;
pub(crate) use words::words;

/// Pages are for people.
const PAGE: Manner = Manner { is_page: true, refuse: visit::refused };

/// Every page and form of the admin, with what each takes; of two that match, the first one answers.
#[must_use]
pub fn pages() -> Vec<Endpoint> {
    use crate::access::Need::{Everywhere, First, Login, Nothing, On, Person, Somewhere};
    use crate::access::Object::{Executor, Job, Run};
    use crate::access::Permission::{Administer, Edit, Govern, Operate, View};
    vec![
        read("/", Login, system::overview::show),
        read("/login", Nothing, system::login::show),
        post("/login", Nothing, system::login::enter),
        read("/login/oidc", Nothing, system::provider::begin),
        read("/login/oidc/callback", Nothing, system::provider::end),
        post("/logout", First, system::login::leave),
        post("/preferences", Nothing, system::preferences::set),
        read("/account", First, system::account::show),
        post("/account/password", First, system::account::set_password),
        post("/account/sessions", Person, system::account::end_session),
        read("/account/tokens/new", Person, system::tokens::new),
        post("/account/tokens/new", Person, system::tokens::create),
        post("/account/tokens/end", Person, system::tokens::end),
        read("/search", Login, system::search::show),
        read("/operations", Everywhere(Administer), system::operations::list),
        read("/actors", Everywhere(View), system::actors::list),
        post("/actors/release", Somewhere(Operate), system::actors::release),
        read("/users", Everywhere(Govern), users::list::list),
        read("/users/new", Everywhere(Govern), users::form::new),
        post("/users/new", Everywhere(Govern), users::form::create),
        read(r"/users/{id:\d{1,18}}", Everywhere(Govern), users::form::edit),
        post(r"/users/{id:\d{1,18}}", Everywhere(Govern), users::form::update),
        post(r"/users/{id:\d{1,18}}/password", Everywhere(Govern), users::form::password),
        read(r"/users/{id:\d{1,18}}/delete", Everywhere(Govern), users::delete::ask),
        post(r"/users/{id:\d{1,18}}/delete", Everywhere(Govern), users::delete::delete),
        read("/jobs", Login, jobs::list::list),
        read("/jobs/new", Somewhere(Edit), jobs::form::new),
        post("/jobs/new", Somewhere(Edit), jobs::form::create),
        post("/jobs/bulk", Somewhere(Operate), jobs::bulk::change),
        read("/jobs/preview", Login, jobs::preview::show),
        read(r"/jobs/{id:\d{1,18}}", On(Job, View), jobs::detail::overview),
        read(r"/jobs/{id:\d{1,18}}/runs", On(Job, View), jobs::detail::runs),
        read(r"/jobs/{id:\d{1,18}}/explain", On(Job, View), jobs::explain::show),
        read(r"/jobs/{id:\d{1,18}}/edit", On(Job, Edit), jobs::form::edit),
        post(r"/jobs/{id:\d{1,18}}/edit", On(Job, Edit), jobs::form::update),
        read(r"/jobs/{id:\d{1,18}}/copy", On(Job, Edit), jobs::form::copy),
        read(r"/jobs/{id:\d{1,18}}/run", On(Job, Operate), jobs::run_now::ask),
        post(r"/jobs/{id:\d{1,18}}/run", On(Job, Operate), jobs::run_now::order),
        post(r"/jobs/{id:\d{1,18}}/start", On(Job, Operate), jobs::actions::start),
        post(r"/jobs/{id:\d{1,18}}/stop", On(Job, Operate), jobs::actions::stop),
        read(r"/jobs/{id:\d{1,18}}/delete", On(Job, Edit), jobs::actions::ask_delete),
        post(r"/jobs/{id:\d{1,18}}/delete", On(Job, Edit), jobs::actions::delete),
        read("/runs", Login, runs::list::list),
        read("/runs/clear", Somewhere(Edit), runs::clear::ask),
        post("/runs/clear", Somewhere(Edit), runs::clear::clear),
        read(r"/runs/{id:\d{1,18}}", On(Run, View), runs::detail::show),
        post(r"/runs/{id:\d{1,18}}/cancel", On(Run, Operate), runs::detail::cancel),
        read("/executors", Login, executors::list::list),
        read("/executors/new", Everywhere(Administer), executors::form::new),
        post("/executors/new", Everywhere(Administer), executors::form::create),
        read(r"/executors/{id:\d{1,18}}", On(Executor, View), executors::detail::show),
        read(r"/executors/{id:\d{1,18}}/edit", On(Executor, Administer), executors::form::edit),
        post(r"/executors/{id:\d{1,18}}/edit", On(Executor, Administer), executors::form::update),
        post(r"/executors/{id:\d{1,18}}/forget", On(Executor, Operate), executors::forget::forget),
        read(r"/executors/{id:\d{1,18}}/delete", On(Executor, Administer), executors::delete::ask),
        post(r"/executors/{id:\d{1,18}}/delete", On(Executor, Administer), executors::delete::delete),
    ]
}

/// The pages and what they load, for an actix application.
pub(crate) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(visit::payload_limit()).configure(asset_routes);
    for page in pages() {
        cfg.route(page.path, page.route);
    }
}

/// Answers GET, and HEAD without the body.
fn read<F, Args>(path: &'static str, need: Need, handler: F) -> Endpoint
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Endpoint::read(path, need, PAGE, handler)
}

/// Takes a form.
fn post<F, Args>(path: &'static str, need: Need, handler: F) -> Endpoint
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Endpoint::new((Method::POST, path), need, PAGE, handler)
}

/// Style, script and pictures; they need no admin behind them.
pub(crate) fn asset_routes(cfg: &mut web::ServiceConfig) {
    let reads = guard::Any(guard::Get()).or(guard::Head());
    cfg.route("/assets/{version}/{name:.*}", web::route().guard(reads).to(assets::serve));
}
