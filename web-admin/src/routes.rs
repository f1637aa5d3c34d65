//! Every address of the admin on one page.
//!
//! - [`api`]: the management API under `/api/v1`; each call needs a session, save logging in.
//! - `/api/admin/{registry,offline,callback}` and the same without `admin/`: what executors call, [`executor_api`].
//! - `/healthz` (the process is up) and `/readyz` (the scheduler and its database answer) need no session.
//! - the pages: [`crate::ui::routes`].
//!
//! A test compares the API table with the OpenAPI document, so no call is left undocumented.

use crate::api::{
    actors, events, executors, explain, job_batch, jobs, openapi, operations, overview, runs, schedules, session,
};
use crate::error::ApiError;
use crate::{auth, executor_api, extract, readyz, ui};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, web};

/// The management API, relative to `/api/v1`. Of two addresses that match, the first one answers.
#[must_use]
pub fn api() -> Vec<Endpoint> {
    vec![
        post("/session", session::open),
        get("/session", session::read),
        delete("/session", session::close),
        get("/jobs", jobs::list),
        post("/jobs", jobs::create),
        post("/jobs/batch", job_batch::create),
        get("/jobs/{id}", jobs::read),
        put("/jobs/{id}", jobs::update),
        delete("/jobs/{id}", jobs::delete),
        post("/jobs/{id}/start", jobs::start),
        post("/jobs/{id}/stop", jobs::stop),
        post("/jobs/{id}/runs", jobs::run_now),
        get("/jobs/{id}/upcoming", jobs::upcoming),
        get("/jobs/{id}/explain", explain::read),
        post("/schedules/preview", schedules::preview),
        get("/executors", executors::list),
        post("/executors", executors::create),
        get("/executors/{id}", executors::read),
        put("/executors/{id}", executors::update),
        delete("/executors/{id}", executors::delete),
        post("/executors/{id}/secret", executors::generate_secret),
        get("/executors/{id}/nodes", executors::nodes),
        delete("/executors/{id}/nodes/{node}", executors::forget_node),
        get("/runs", runs::list),
        post("/runs/clear", runs::clear),
        get("/runs/{id}", runs::read),
        post("/runs/{id}/cancel", runs::cancel),
        get("/overview", overview::read),
        get("/events", events::stream),
        get("/operations", operations::list),
        get("/actors", actors::list),
        post("/actors/jobs/{id}/fail", actors::fail),
        post("/actors/{name:.*}/release", actors::release),
    ]
}

/// All addresses, for an actix application.
pub fn configure(config: &mut web::ServiceConfig) {
    extract::configure(config);
    // Answers may hold what only this session may see: no cache keeps them, and no browser guesses their type.
    let careful = DefaultHeaders::new().add((CACHE_CONTROL, "no-store")).add((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let mut scope = web::scope("/api/v1").wrap(from_fn(auth::gate)).wrap(careful);
    for resource in resources(api()) {
        scope = scope.service(resource);
    }
    scope = scope
        .route("/openapi.json", web::get().to(openapi::json))
        .route("/docs", web::get().to(openapi::page_start))
        .route("/docs/{file:.*}", web::get().to(openapi::page))
        .default_service(web::to(no_such_address));
    // Routes are tried in this order, and executors ask far more often than people.
    config.configure(executor_api::routes).service(scope);
    config
        .service(web::scope("/api").default_service(web::to(no_such_address)))
        .route("/healthz", web::get().to(alive))
        .route("/readyz", web::get().to(readyz::ready))
        .configure(ui::routes);
}

/// A method and an address of the API, with what answers it.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The address below `/api/v1`, with its variable parts in braces.
    pub path: &'static str,
    route: Route,
}

fn endpoint<F, Args>(method: Method, path: &'static str, handler: F) -> Endpoint
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Endpoint { route: web::method(method.clone()).to(handler), method, path }
}

/// One constructor per method, so that the table reads as a table.
macro_rules! methods {
    ($($name:ident = $method:ident),*) => {$(
        fn $name<F, Args>(path: &'static str, handler: F) -> Endpoint
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            endpoint(Method::$method, path, handler)
        }
    )*};
}
methods!(get = GET, post = POST, put = PUT, delete = DELETE);

/// One resource per address, so that a wrong method is told from a wrong address.
fn resources(endpoints: Vec<Endpoint>) -> Vec<Resource> {
    let mut resources: Vec<(&'static str, Resource)> = Vec::new();
    for endpoint in endpoints {
        let resource = match resources.iter().position(|(path, _)| *path == endpoint.path) {
            Some(index) => resources.remove(index).1,
            None => web::resource(endpoint.path).default_service(web::to(wrong_method)),
        };
        resources.push((endpoint.path, resource.route(endpoint.route)));
    }
    resources.into_iter().map(|(_, resource)| resource).collect()
}

async fn no_such_address() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound("there is nothing at this address; /api/v1/docs lists what there is".to_owned()))
}

async fn wrong_method() -> Result<HttpResponse, ApiError> {
    Err(ApiError::MethodNotAllowed)
}

async fn alive() -> &'static str {
    "up\n"
}
