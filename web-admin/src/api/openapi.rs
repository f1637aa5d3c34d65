//! The OpenAPI 3.1 document, made from the code, and the page to try it, served from the binary.

use super::{
    actors, events, executors, explain, job_batch, jobs, operations, overview, runs, schedules, session, sessions,
    tokens, users,
};
use crate::auth::{Operator, SESSION_COOKIE};
use crate::error::{ApiError, Failure, PROBLEM_JSON, ProblemDetails};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use actix_web::{HttpResponse, web};
use std::sync::{Arc, LazyLock};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// The address of the document.
const DOCUMENT: &str = "/api/v1/openapi.json";
/// What the page may load: files of this admin only. Its styles are partly set by script, hence `unsafe-inline` for them.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
    base-uri 'none'; frame-ancestors 'none'";
/// The two things that a call shows: its session, and with changes that the session's owner wants them.
const SESSION: &str = "session";
const CSRF: &str = "csrf";
/// Or a token that a program brings.
const BEARER: &str = "token";
const NO_SCOPES: [&str; 0] = [];
/// The address of the page.
const PAGE: &str = "/api/v1/docs/";

#[derive(OpenApi)]
#[openapi(
    info(title = "hzm-job admin", description = "Programs send Authorization: Bearer with a token of the page Account. People log in with \
        POST /api/v1/session; the browser keeps the cookie, and calls that change something need the header X-CSRF-Token as well, unless \
        they come from the admin's own pages. \
        Every refusal is a problem document (RFC 9457)."),
    paths(
        session::open, session::read, session::close, session::set_password, sessions::list, sessions::end,
        tokens::list, tokens::create, tokens::delete,
        jobs::list, jobs::create, job_batch::create, jobs::read, jobs::update, jobs::delete, jobs::start, jobs::stop, jobs::run_now,
        jobs::upcoming, explain::read,
        schedules::preview,
        executors::list, executors::create, executors::read, executors::update, executors::delete,
        executors::generate_secret, executors::nodes, executors::forget_node,
        runs::list, runs::read, runs::cancel, runs::clear,
        overview::read, events::stream,
        operations::list,
        operations::verify,
        operations::export,
        actors::list, actors::release, actors::fail,
        users::list, users::create, users::read, users::update, users::delete, users::generate_password,
    ),
    components(schemas(ProblemDetails)),
    security(("session" = []), ("token" = [])),
    modifiers(&Common)
)]
struct Api;

/// What all operations have in common.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)));
        let token = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-CSRF-Token")));
        components.add_security_scheme(SESSION, cookie);
        components.add_security_scheme(CSRF, token);
        components.add_security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let problem = ResponseBuilder::new()
            .description("a refusal or a failure")
            .content(PROBLEM_JSON, Content::new(Some(RefOr::Ref(Ref::from_schema_name("ProblemDetails")))))
            .build();
        // Both at once, in one requirement: two in a list would mean "one of them".
        let both = SecurityRequirement::new(SESSION, NO_SCOPES).add(CSRF, NO_SCOPES);
        let bearer = SecurityRequirement::new(BEARER, NO_SCOPES);
        for path in document.paths.paths.values_mut() {
            let changing = [&mut path.post, &mut path.put, &mut path.delete];
            for operation in changing.into_iter().filter_map(Option::as_mut) {
                operation.security = Some(vec![both.clone(), bearer.clone()]);
            }
            let all = [&mut path.get, &mut path.post, &mut path.put, &mut path.delete];
            for operation in all.into_iter().filter_map(Option::as_mut) {
                operation.responses.responses.insert("default".to_owned(), problem.clone().into());
            }
        }
    }
}

static CONFIG: LazyLock<Arc<utoipa_swagger_ui::Config<'static>>> =
    LazyLock::new(|| Arc::new(utoipa_swagger_ui::Config::from(DOCUMENT)));

/// The document.
#[must_use]
pub fn document() -> Document {
    Api::openapi()
}

/// Serves the document.
pub async fn json(_operator: Operator) -> web::Json<Document> {
    web::Json(document())
}

/// Serves the page and what belongs to it; nothing comes from another host.
pub async fn page(_operator: Operator, file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let found = utoipa_swagger_ui::serve(&file, Arc::clone(&CONFIG));
    let found = found.map_err(|error| ApiError::Internal(Failure::because(error.to_string())))?;
    let file = found.ok_or_else(|| ApiError::no_such("page"))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, file.content_type)).insert_header((CONTENT_SECURITY_POLICY, POLICY));
    Ok(answer.body(file.bytes.into_owned()))
}

/// Leads to the page, whose own links need the slash at the end.
pub async fn page_start() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, PAGE)).finish()
}
