//! Who is asking: [`Operator`], the extractor without which no handler of the API or the pages can be written.
//!
//! Sessions are kept on the server. The browser has 32 random bytes in the cookie `hzm_session` (HttpOnly,
//! SameSite=Strict, Secure where `hzm.job.admin.session.secureCookie` says so); the store has their SHA-256. A session ends
//! after `session.idle` without a request and after `session.absolute` in any case; its use is written down once a minute.
//!
//! Programs bring a token instead, `Authorization: Bearer hzm_...` (`auth::bearer`); they have no session, and no browser sends it for them.
//!
//! Changes through the API by a session need a proof that no other site sent them, see `auth::proof`. Pages check the form field `csrf`
//! against [`Operator::csrf`]. What the operator may do is told by its [`Rights`] and looked at by [`crate::gate`].

pub(crate) mod absent;
mod account;
pub(crate) mod bearer;
pub(crate) mod guests;
mod lanes;
pub(crate) mod password;
mod proof;
pub(crate) mod providing;
mod refusal;
pub(crate) mod throttle;
mod token;

pub use account::{PasswordRefusal, change_password, end_own_session, log_in, log_out};
pub(crate) use account::{note, open_session};
pub use bearer::random_token;
pub use guests::Unwanted;
pub use password::{LONGEST_PASSWORD, PasswordError, Passwords, SHORTEST_PASSWORD, hash_now};
pub(crate) use proof::not_from_elsewhere;
pub use refusal::LoginRefusal;
pub use throttle::Throttle;
pub(crate) use token::csrf_of;
pub use token::{random_password, random_secret, random_text, sha256_hex};

use crate::access::{Permission, Reach, Rights, Role};
use crate::audit;
use crate::edge::client;
use crate::error::ApiError;
use crate::state::App;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use chrono::TimeDelta;
use futures_util::future::LocalBoxFuture;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::operation::By;
use hzm_job_store::token::Token;
use hzm_job_store::user::User;

/// The cookie of a session.
pub const SESSION_COOKIE: &str = "hzm_session";

/// The call that logs in, below the API's address.
const LOGIN_CALL: &str = "/session";

/// The one page among the addresses of the API, below that.
const DOCS_PAGE: &str = "/docs";

/// What a request carries that was led to a page. By the route, which is found in a decoded address, and never by the address as it
/// came: that has many spellings. What is not marked is taken for a program's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForPeople;

/// A session's use is written down again after this long, in milliseconds.
const TOUCH_EVERY_MS: i64 = 60_000;

/// By what somebody is known, each by the hash that the store knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A session of the pages or the API.
    Session(String),
    /// A token of a program.
    Token(String),
}

/// The user who is logged in.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The user's number.
    pub id: i64,
    /// The version of the user that was let in: with another one it has another password, other rights, or neither.
    pub version: i64,
    /// The name under which what is done is recorded: the user's, and for a program that of its token with it.
    pub name: String,
    /// By what the user is known: its session, or a program's token.
    pub credential: Credential,
    /// What the user may do, and on what.
    pub rights: Rights,
    /// Whether the password is to be changed before anything else.
    pub must_change: bool,
    /// Whether the user has a password here, rather than somebody else who vouches.
    pub is_local: bool,
    /// The client's address; empty where it is not known.
    pub address: String,
    csrf: String,
}

impl Operator {
    /// The value that changes must carry: pages in the form field `csrf`, API calls in the header `X-CSRF-Token`.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The session, by the hash that the store knows it by; empty for a program with a token, which has none.
    pub fn session(&self) -> &str {
        match &self.credential {
            Credential::Session(hash) => hash,
            Credential::Token(_) => "",
        }
    }

    /// Whether the operator may do this to `what`, which belongs to that executor.
    ///
    /// # Errors
    /// 404 for what does not exist for the operator, 403 for what the role does not hold.
    pub fn check(&self, executor: ExecutorId, permission: Permission, what: &str) -> Result<(), ApiError> {
        self.rights.on(executor, permission).map_err(|refusal| ApiError::of_access(refusal, what))
    }

    /// The operator as the author of a change made now.
    pub fn by(&self, app: &App) -> By {
        By { account: Some((self.id, self.version)), ..app.by(&self.name, &self.address) }
    }

    /// What is told when the operator was changed since it was let in: what the gate would say a moment later.
    pub(crate) fn overtaken() -> ApiError {
        ApiError::NotLoggedIn { login: None, part_of_page: false }
    }
}

impl FromRequest for Operator {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Operator, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let entered = request.extensions().get::<Operator>().cloned();
            if let Some(operator) = entered {
                return Ok(operator);
            }
            let operator = logged_in(&request).await?;
            // No browser sends a token by itself, so there is nothing to prove.
            if matches!(operator.credential, Credential::Session(_)) {
                proof::check(&request, &operator)?;
            }
            Ok(operator)
        })
    }
}

/// The gate of the API: whoever is not logged in gets no further, whatever the handler behind it asks for. Logging in is
/// the one call that passes.
pub(crate) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Decoded, and without what led here.
    let called = request.match_info().unprocessed();
    let is_login = request.method() == Method::POST && called == LOGIN_CALL;
    if called.trim_end_matches('/') == DOCS_PAGE {
        request.extensions_mut().insert(ForPeople);
    }
    if !is_login {
        let entered = Operator::extract(request.request()).await;
        match entered {
            Ok(operator) => request.extensions_mut().insert(operator),
            Err(refusal) => return Ok(request.into_response(refusal.error_response())),
        };
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether whoever began a stream may still see all figures; streams outlive the request they began with.
pub(crate) async fn still_sees_all(app: &App, credential: &Credential) -> Result<bool, ApiError> {
    let now = app.now();
    let found = match credential {
        Credential::Session(hash) => {
            let idle_since = now - app.config.admin.session.idle;
            app.store.session_user(hash.clone(), idle_since, now).await?.map(|(user, _)| (user, None))
        }
        Credential::Token(hash) => {
            app.store.token_user(hash.clone(), now).await?.map(|(token, user)| (user, Some(token)))
        }
    };
    let Some((user, token)) = found.filter(|(user, _)| !user.must_change) else { return Ok(false) };
    let rights = match (rights_of(app, &user).await?, token) {
        (Some(rights), Some(token)) => narrowed(rights, &token),
        (rights, _) => rights,
    };
    Ok(rights.is_some_and(|rights| rights.everywhere(Permission::View).is_ok()))
}

/// What a token may do, given what its user may; `None` for one whose role is not known.
fn narrowed(rights: Rights, token: &Token) -> Option<Rights> {
    let executors = token.executors.as_ref().map(|ids| ids.iter().copied().collect());
    Role::of(&token.role).map(|role| rights.narrowed(role, executors))
}

/// Who asks: by a token where one is brought, else by the session's cookie. A token that is wrong is not made up for by a cookie.
async fn logged_in(request: &HttpRequest) -> Result<Operator, ApiError> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(|| stranger(request))?;
    match bearer::of(request) {
        Some(token) => by_token(app, request, token).await,
        None => by_session(app, request).await,
    }
}

async fn by_session(app: &App, request: &HttpRequest) -> Result<Operator, ApiError> {
    let cookie = request.cookie(SESSION_COOKIE).ok_or_else(|| stranger(request))?;
    let (session, now) = (sha256_hex(cookie.value()), app.now());
    let idle_since = now - app.config.admin.session.idle;
    let found = app.store.session_user(session.clone(), idle_since, now).await?;
    let (user, last_seen_at) = found.ok_or_else(|| stranger(request))?;
    if now.timestamp_millis() - last_seen_at >= TOUCH_EVERY_MS {
        app.store.session_touch(session.clone(), now).await?;
    }
    let rights = rights_of(app, &user).await?.ok_or_else(|| stranger(request))?;
    let (must_change, is_local, csrf) = (user.must_change, user.is_local(), csrf_of(cookie.value()));
    let (credential, address, version) = (Credential::Session(session), client::text(request), user.version);
    Ok(Operator { id: user.id, version, name: user.name, credential, rights, must_change, is_local, address, csrf })
}

async fn by_token(app: &App, request: &HttpRequest, token: &str) -> Result<Operator, ApiError> {
    let (hash, now) = (sha256_hex(token), app.now());
    let address = client::text(request);
    let Some((token, user)) = app.store.token_user(hash.clone(), now).await? else {
        audit::token_refused(app, &address).await;
        return Err(ApiError::WrongToken);
    };
    let due = |used| now - used >= TimeDelta::milliseconds(TOUCH_EVERY_MS);
    if token.last_used_at.is_none_or(due) {
        app.store.token_touch(token.id, now).await?;
    }
    let rights = rights_of(app, &user).await?.ok_or_else(|| stranger(request))?;
    let rights = narrowed(rights, &token).ok_or(ApiError::WrongToken)?;
    // Recorded with what it does: by whom, and by which of the user's programs.
    let name = format!("{} (token {}: {})", user.name, token.id, token.name);
    let credential = Credential::Token(hash);
    let (version, must_change, is_local) = (user.version, user.must_change, user.is_local());
    Ok(Operator { id: user.id, version, name, credential, rights, must_change, is_local, address, csrf: String::new() })
}

/// What a user may do; `None` for one whose role is not known, which a newer program may have written.
async fn rights_of(app: &App, user: &User) -> Result<Option<Rights>, ApiError> {
    let Some(role) = Role::of(&user.role) else {
        slog::error!(app.log, "a user has a role that this program does not know, and is let in nowhere";
            "user" => &user.name, "role" => &user.role);
        return Ok(None);
    };
    let reach = match user.all_executors || role == Role::Administrator {
        true => Reach::All,
        false => Reach::Only(app.store.user_grants(user.id).await?.into_iter().collect()),
    };
    Ok(Some(Rights { role, reach, in_person: true }))
}

/// The refusal of somebody unknown: a problem for programs, the way to the login page for people. A list that renews itself
/// sends its whole page there: in its own place the login page would make the list vanish.
fn stranger(request: &HttpRequest) -> ApiError {
    if !is_for_people(request) {
        return ApiError::NotLoggedIn { login: None, part_of_page: false };
    }
    let part_of_page = request.headers().contains_key("HX-Request");
    let asked =
        if request.method().is_safe() { request.uri().path_and_query().map_or("/", |path| path.as_str()) } else { "/" };
    let back = if part_of_page { page_around(request).unwrap_or_else(|| "/".to_owned()) } else { asked.to_owned() };
    let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    ApiError::NotLoggedIn { login: Some(format!("/login?next={next}")), part_of_page }
}

fn is_for_people(request: &HttpRequest) -> bool {
    request.extensions().contains::<ForPeople>()
}

/// The page that a part of it was asked from, as htmx tells it: path and query only, whatever host the browser used.
fn page_around(request: &HttpRequest) -> Option<String> {
    let page = url::Url::parse(request.headers().get("HX-Current-URL")?.to_str().ok()?).ok()?;
    Some(page.query().map_or_else(|| page.path().to_owned(), |query| format!("{}?{query}", page.path())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    /// A request that was led to a page.
    fn led_to_page(asked: TestRequest) -> HttpRequest {
        let request = asked.to_http_request();
        request.extensions_mut().insert(ForPeople);
        request
    }

    #[test]
    fn a_reader_whose_session_ended_is_led_to_the_login_and_back() {
        let refusal = stranger(&led_to_page(TestRequest::get().uri("/runs?job=4"))).error_response();
        assert_eq!(refusal.status(), StatusCode::SEE_OTHER);
        assert_eq!(refusal.headers().get("Location").unwrap(), "/login?next=%2Fruns%3Fjob%3D4");
    }

    #[test]
    fn a_list_that_renews_itself_sends_its_whole_page_to_the_login() {
        let asked = TestRequest::get().uri("/runs?job=4&after=9");
        let asked = asked.insert_header(("HX-Request", "true"));
        let asked = asked.insert_header(("HX-Current-URL", "http://hzm.example:8888/runs?job=4"));
        let refusal = stranger(&led_to_page(asked)).error_response();
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(refusal.headers().get("HX-Redirect").unwrap(), "/login?next=%2Fruns%3Fjob%3D4");
    }

    #[test]
    fn a_program_is_told_so_and_led_nowhere() {
        let refusal = stranger(&TestRequest::get().uri("/api/v1/jobs").to_http_request()).error_response();
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
        assert!(refusal.headers().get("Location").is_none());
    }
}
