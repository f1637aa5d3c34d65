//! Every address of the admin on one page.
//!
//! - [`api`]: the management API under `/api/v1`; each call declares what it takes, and [`crate::gate`] asks for it.
//! - `/api/admin/{registry,offline,callback}` and the same without `admin/`: what executors call, [`executor_api`].
//! - `/healthz` (the process is up) and `/readyz` (the scheduler and its database answer) need no session.
//! - the pages: [`crate::ui::pages`].
//!
//! A test compares the API table with the OpenAPI document, so no call is left undocumented.

use crate::access::Need;
use crate::api::{
    actors, events, executors, explain, job_batch, jobs, openapi, operations, overview, runs, schedules, session,
    sessions, tokens, users,
};
use crate::edge::slow::bounded;
use crate::error::ApiError;
use crate::gate::{Endpoint, Manner};
use crate::{auth, executor_api, extract, readyz, ui};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, ResponseError, web};
use std::collections::HashMap;

/// The management API, relative to `/api/v1`, each address with what it takes. Of two addresses that match, the first one answers.
#[must_use]
pub fn api() -> Vec<Endpoint> {
    use crate::access::Need::{Everywhere, First, Login, Nothing, On, Own, Person, Somewhere};
    use crate::access::Object::{Executor, Job, Run};
    use crate::access::Permission::{Administer, Edit, Govern, Operate, View};
    vec![
        post("/session", Nothing, session::open),
        get("/session", Own, session::read),
        delete("/session", First, session::close),
        put("/session/password", First, session::set_password),
        get("/sessions", Person, sessions::list),
        delete("/sessions/{id}", Person, sessions::end),
        get("/tokens", Person, tokens::list),
        post("/tokens", Person, tokens::create),
        delete("/tokens/{id}", Person, tokens::delete),
        get("/jobs", Login, jobs::list),
        post("/jobs", Somewhere(Edit), jobs::create),
        post("/jobs/batch", Somewhere(Edit), job_batch::create),
        get("/jobs/{id}", On(Job, View), jobs::read),
        put("/jobs/{id}", On(Job, Edit), jobs::update),
        delete("/jobs/{id}", On(Job, Edit), jobs::delete),
        post("/jobs/{id}/start", On(Job, Operate), jobs::start),
        post("/jobs/{id}/stop", On(Job, Operate), jobs::stop),
        post("/jobs/{id}/runs", On(Job, Operate), jobs::run_now),
        get("/jobs/{id}/upcoming", On(Job, View), jobs::upcoming),
        get("/jobs/{id}/explain", On(Job, View), explain::read),
        post("/schedules/preview", Login, schedules::preview),
        get("/executors", Login, executors::list),
        post("/executors", Everywhere(Administer), executors::create),
        get("/executors/{id}", On(Executor, View), executors::read),
        put("/executors/{id}", On(Executor, Administer), executors::update),
        delete("/executors/{id}", On(Executor, Administer), executors::delete),
        post("/executors/{id}/secret", On(Executor, Administer), executors::generate_secret),
        get("/executors/{id}/nodes", On(Executor, View), executors::nodes),
        delete("/executors/{id}/nodes/{node}", On(Executor, Operate), executors::forget_node),
        get("/runs", Login, runs::list),
        post("/runs/clear", Somewhere(Edit), runs::clear),
        get("/runs/{id}", On(Run, View), runs::read),
        post("/runs/{id}/cancel", On(Run, Operate), runs::cancel),
        get("/overview", Everywhere(View), overview::read),
        get("/events", Everywhere(View), events::stream),
        get("/operations", Everywhere(Administer), operations::list),
        get("/operations/verify", Everywhere(Administer), operations::verify),
        get("/operations/export", Everywhere(Administer), operations::export),
        get("/actors", Everywhere(View), actors::list),
        post("/actors/jobs/{id}/fail", On(Job, Administer), actors::fail),
        post("/actors/{name:.*}/release", Somewhere(Operate), actors::release),
        get("/users", Everywhere(Govern), users::list),
        post("/users", Everywhere(Govern), users::create),
        get("/users/{id}", Everywhere(Govern), users::read),
        put("/users/{id}", Everywhere(Govern), users::update),
        delete("/users/{id}", Everywhere(Govern), users::delete),
        post("/users/{id}/password", Everywhere(Govern), users::generate_password),
    ]
}

/// All addresses, for an actix application.
pub fn configure(config: &mut web::ServiceConfig) {
    extract::configure(config);
    // Routes are tried in this order, and executors ask far more often than people. Their answers are a hundred bytes: nothing packs them.
    config.configure(executor_api::routes);
    let others = web::scope("")
        .wrap(from_fn(bounded))
        .wrap(Compress::default())
        .configure(for_people)
        .default_service(web::to(ui::not_found));
    config.service(others);
}

/// The addresses that people and their programs call.
fn for_people(config: &mut web::ServiceConfig) {
    // Answers may hold what only this session may see: no cache keeps them, and no browser guesses their type.
    let careful = DefaultHeaders::new().add((CACHE_CONTROL, "no-store")).add((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let mut scope = web::scope("/api/v1").wrap(from_fn(auth::gate)).wrap(careful);
    for resource in resources(api()) {
        scope = scope.service(resource);
    }
    scope = scope
        .route("/openapi.json", get("", Need::Login, openapi::json).route)
        .route("/docs", get("", Need::Login, openapi::page_start).route)
        .route("/docs/{file:.*}", get("", Need::Login, openapi::page).route)
        .default_service(web::to(no_such_address));
    config
        .service(scope)
        .service(web::scope("/api").default_service(web::to(no_such_address)))
        .route("/healthz", web::get().to(alive))
        .route("/readyz", web::get().to(readyz::ready))
        .configure(ui::routes);
}

/// The API is for programs.
const CALL: Manner = Manner { is_page: false, refuse: |_, refusal| refusal.error_response() };

/// One constructor per method, so that the table reads as a table.
macro_rules! methods {
    ($($name:ident = $method:ident),*) => {$(
        fn $name<F, Args>(path: &'static str, need: Need, handler: F) -> Endpoint
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            Endpoint::new((Method::$method, path), need, CALL, handler)
        }
    )*};
}
methods!(get = GET, post = POST, put = PUT, delete = DELETE);

/// One resource per address, so that a wrong method is told from a wrong address.
fn resources(endpoints: Vec<Endpoint>) -> Vec<Resource> {
    let mut resources: Vec<(&'static str, Resource)> = Vec::new();
    let mut methods: HashMap<&'static str, Vec<String>> = HashMap::new();
    for endpoint in &endpoints {
        methods.entry(endpoint.path).or_default().push(endpoint.method.to_string());
    }
    for endpoint in endpoints {
        let at = resources.iter().position(|(path, _)| *path == endpoint.path).unwrap_or(resources.len());
        // In the place of its first method, so that of two addresses that match the first one answers.
        let resource = match resources.get(at) {
            Some(_) => resources.remove(at).1,
            None => {
                let allowed = methods.get(endpoint.path).map(|methods| methods.join(", ")).unwrap_or_default();
                web::resource(endpoint.path).default_service(web::to(move || wrong_method(allowed.clone())))
            }
        };
        resources.insert(at, (endpoint.path, resource.route(endpoint.route)));
    }
    resources.into_iter().map(|(_, resource)| resource).collect()
}

async fn no_such_address() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound("there is nothing at this address; /api/v1/docs lists what there is".to_owned()))
}

/// Tells which methods there are (RFC 9110 §15.5.6).
async fn wrong_method(allowed: String) -> HttpResponse {
    let mut answer = ApiError::MethodNotAllowed.error_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

async fn alive() -> &'static str {
    "up\n"
}
