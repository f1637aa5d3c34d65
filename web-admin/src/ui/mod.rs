//! The pages: rendered here, by the server; every URL of theirs is in [`routes`].
//!
//! A page is a struct with its template (`templates/`), filled from the store and from the live figures of the scheduler;
//! changes go through [`crate::change`], as those of the API do. All texts come from `ui::words`, in two languages.
//! Lists, links and forms work without script; `assets/app.js` and htmx make them smoother. Nothing here decides anything
//! about jobs, and nothing is loaded from another host.

mod assets;
mod executors;
mod failure;
mod fields;
mod flash;
mod frame;
mod jobs;
mod language;
mod pieces;
mod runs;
mod system;
mod visit;
mod waiting;
mod words;

use actix_web::{Route, guard, web};

pub(crate) use hzm_job_scheduler::describe::Language;
pub use system::not_found::not_found;
pub(crate) use waiting::waiting_page;
pub(crate) use words::telling::Telling;
pub(crate) use words::words;

/// Every page and form of the admin.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(visit::payload_limit())
        .route("/", read().to(system::overview::show))
        .route("/login", read().to(system::login::show))
        .route("/login", web::post().to(system::login::enter))
        .route("/logout", web::post().to(system::login::leave))
        .route("/preferences", web::post().to(system::preferences::set))
        .route("/account", read().to(system::account::show))
        .route("/account/password", web::post().to(system::account::set_password))
        .route("/search", read().to(system::search::show))
        .route("/operations", read().to(system::operations::list))
        .route("/actors", read().to(system::actors::list))
        .route("/actors/release", web::post().to(system::actors::release))
        .configure(asset_routes)
        .configure(job_routes)
        .configure(run_routes)
        .configure(executor_routes);
}

/// Answers GET, and HEAD without the body.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Style, script and pictures; they need no admin behind them.
pub(crate) fn asset_routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/assets/{version}/{name:.*}", read().to(assets::serve));
}

fn job_routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/jobs", read().to(jobs::list::list))
        .route("/jobs/new", read().to(jobs::form::new))
        .route("/jobs/new", web::post().to(jobs::form::create))
        .route("/jobs/bulk", web::post().to(jobs::bulk::change))
        .route("/jobs/preview", read().to(jobs::preview::show))
        .route(r"/jobs/{id:\d{1,18}}", read().to(jobs::detail::overview))
        .route(r"/jobs/{id:\d{1,18}}/runs", read().to(jobs::detail::runs))
        .route(r"/jobs/{id:\d{1,18}}/explain", read().to(jobs::explain::show))
        .route(r"/jobs/{id:\d{1,18}}/edit", read().to(jobs::form::edit))
        .route(r"/jobs/{id:\d{1,18}}/edit", web::post().to(jobs::form::update))
        .route(r"/jobs/{id:\d{1,18}}/copy", read().to(jobs::form::copy))
        .route(r"/jobs/{id:\d{1,18}}/run", read().to(jobs::run_now::ask))
        .route(r"/jobs/{id:\d{1,18}}/run", web::post().to(jobs::run_now::order))
        .route(r"/jobs/{id:\d{1,18}}/start", web::post().to(jobs::actions::start))
        .route(r"/jobs/{id:\d{1,18}}/stop", web::post().to(jobs::actions::stop))
        .route(r"/jobs/{id:\d{1,18}}/delete", read().to(jobs::actions::ask_delete))
        .route(r"/jobs/{id:\d{1,18}}/delete", web::post().to(jobs::actions::delete));
}

fn run_routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/runs", read().to(runs::list::list))
        .route("/runs/clear", read().to(runs::clear::ask))
        .route("/runs/clear", web::post().to(runs::clear::clear))
        .route(r"/runs/{id:\d{1,18}}", read().to(runs::detail::show))
        .route(r"/runs/{id:\d{1,18}}/cancel", web::post().to(runs::detail::cancel));
}

fn executor_routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/executors", read().to(executors::list::list))
        .route("/executors/new", read().to(executors::form::new))
        .route("/executors/new", web::post().to(executors::form::create))
        .route(r"/executors/{id:\d{1,18}}", read().to(executors::detail::show))
        .route(r"/executors/{id:\d{1,18}}/edit", read().to(executors::form::edit))
        .route(r"/executors/{id:\d{1,18}}/edit", web::post().to(executors::form::update))
        .route(r"/executors/{id:\d{1,18}}/forget", web::post().to(executors::forget::forget))
        .route(r"/executors/{id:\d{1,18}}/delete", read().to(executors::delete::ask))
        .route(r"/executors/{id:\d{1,18}}/delete", web::post().to(executors::delete::delete));
}
