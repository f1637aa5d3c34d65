//! hzm-job's own dialect: registry, offline, callback, as the original Go executor and our SDK send them.
//!
//! A refusal is a status other than 200 together with the failure envelope, because the Go client takes every 200 for
//! success. The content type of a body is not looked at: the original does not either. A callback is answered 200 only
//! when its result is committed; one that was recorded before is a success and changes nothing; one of a run that does
//! not exist (any more) is 410, which our SDK takes as final.

use super::tolerant;
use crate::edge::client;
use crate::error::ApiError;
use crate::extract;
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use futures_util::future::LocalBoxFuture;
use hzm_job_actors::{ExecutorCard, Reported, RunReport, SchedulerError};
use hzm_job_protocol::batch::{FORM, SPEAKS_HEADER};
use hzm_job_protocol::hzm::{Callback, Envelope, Offline, Registry, TOKEN_HEADER};
use hzm_job_protocol::{HANDLER_SUCCESS, MAX_ID};
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::egress::Forbidden;
use hzm_job_scheduler::executor::{ExecutorDraft, Registration, is_of_app_key};
use hzm_job_store::node::{NodeHello, SecretAge};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// The longest message of a run that is kept, in bytes.
const LONGEST_MESSAGE: usize = 65_536;
/// What stands at the end of a message that was longer.
const CUT_NOTE: &str = "… (cut: a message may have 65536 bytes)";

/// How much of an unknown app key the log tells, in characters; and of what can be none.
const LONGEST_SHOWN_KEY: usize = 128;
const HINT_OF_KEY: usize = 16;

/// A call that was refused.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The caller is nobody we know: 401.
    #[error("unknown app key or wrong secret")]
    Stranger,
    /// The body cannot be read, or says something impossible: 400.
    #[error("{0}")]
    Malformed(String),
    /// The body did not arrive in time: 408, to be sent again.
    #[error("{0}")]
    TooSlow(String),
    /// The body is too large: 413.
    #[error("the body is larger than 1 MiB")]
    TooLarge,
    /// More calls in one batch than may be: 413.
    #[error("a batch may have 1000 results; send the rest in another one")]
    TooMany,
    /// Only POST is answered: 405.
    #[error("send this as POST")]
    WrongMethod,
    /// The caller's address brought too many wrong secrets: 429.
    #[error("too many calls from this address brought a wrong secret; try again in a minute")]
    TooManyStrangers,
    /// The address is one that no executor may have: 403.
    #[error("executorAddress: {0}")]
    Forbidden(Forbidden),
    /// There is no such run of this executor, or it was cleared: 410, it will never be recorded.
    #[error("run {0} does not exist, or not any more; its result cannot be recorded")]
    UnknownRun(i64),
    /// The scheduler cannot take it now: 503, to be sent again; or 422, where the database never will.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Refusal::Stranger => StatusCode::UNAUTHORIZED,
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Refusal::TooLarge | Refusal::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::TooManyStrangers => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Forbidden(_) => StatusCode::FORBIDDEN,
            Refusal::UnknownRun(_) => StatusCode::GONE,
            Refusal::Scheduler(SchedulerError::TooManyNodes(_)) => StatusCode::CONFLICT,
            Refusal::Scheduler(SchedulerError::Refused(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Scheduler(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        match self {
            Refusal::Scheduler(SchedulerError::Refused(_) | SchedulerError::TooManyNodes(_)) => &mut answer,
            Refusal::TooManyStrangers => answer.insert_header((RETRY_AFTER, "60")),
            Refusal::Scheduler(_) => answer.insert_header((RETRY_AFTER, "1")),
            Refusal::WrongMethod => answer.insert_header((ALLOW, "POST")),
            _ => &mut answer,
        };
        answer.json(Envelope::<bool>::refusal(self.words()))
    }
}

impl Refusal {
    /// What the caller is told.
    pub(super) fn words(&self) -> String {
        match self {
            // The reason may tell of the database; strangers have no business with it.
            Refusal::Scheduler(SchedulerError::Unavailable(_)) => {
                "the scheduler is not available; try again".to_owned()
            }
            Refusal::Scheduler(SchedulerError::Refused(_)) => {
                "the database does not take this; sending it again is of no use".to_owned()
            }
            other => other.to_string(),
        }
    }
}

/// A call by an executor that showed to be one: its body and who it is.
pub struct Known<T> {
    pub(super) executor: Arc<ExecutorCard>,
    pub(super) body: T,
    /// Whether it brought the secret that its executor had before.
    pub(super) by_former: bool,
}

/// A body that names the executor it comes from.
pub trait Signed: DeserializeOwned + 'static {
    /// The app key; empty when the caller left it out.
    fn app_key(&self) -> &str;
}

impl Signed for Registry {
    fn app_key(&self) -> &str {
        &self.app_key
    }
}

impl Signed for Offline {
    fn app_key(&self) -> &str {
        &self.app_key
    }
}

impl Signed for Callback {
    fn app_key(&self) -> &str {
        &self.app_key
    }
}

impl<T: Signed> FromRequest for Known<T> {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Known<T>, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, bytes) = (request.clone(), extract::limited(request, payload));
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| match error {
                ApiError::TooLarge { .. } => Refusal::TooLarge,
                late @ ApiError::TooSlow(_) => Refusal::TooSlow(late.to_string()),
                other => Refusal::Malformed(other.to_string()),
            })?;
            let body: T = tolerant::read(&bytes)
                .map_err(|error| Refusal::Malformed(format!("the body cannot be read: {error}")))?;
            let (executor, by_former) = identify(&request, body.app_key())?;
            Ok(Known { executor, body, by_former })
        })
    }
}

/// The executor of this app key, if the request brings its secret; and whether that is the one before, which is good for a while.
fn identify(request: &HttpRequest, app_key: &str) -> Result<(Arc<ExecutorCard>, bool), Refusal> {
    let app = request.app_data::<web::Data<App>>().ok_or(Refusal::Stranger)?;
    let address = client::address(request);
    let known = app.scheduler.executor_by_key(app_key).filter(|_| !app_key.is_empty());
    let caller = (address, known.is_some().then_some(app_key));
    if app.strangers.is_barred(caller, app.now()) {
        return Err(Refusal::TooManyStrangers);
    }
    let token = request.headers().get(TOKEN_HEADER).map_or(&b""[..], |value| value.as_bytes());
    let is = |secret: &str| bool::from(secret.as_bytes().ct_eq(token));
    let judged = known.and_then(|card| match (card.secret.as_deref(), &card.former) {
        (None | Some(""), _) => Some((card, false)),
        (Some(secret), _) if is(secret) => Some((card, false)),
        (_, Some(former)) if app.now() < former.until && is(&former.secret) => Some((card, true)),
        _ => None,
    });
    if judged.is_some() {
        app.strangers.succeeded(caller, app.now());
    }
    judged.ok_or_else(|| {
        let wrong = app.strangers.failed(caller, app.now());
        if wrong.is_first {
            let key = shown(app_key);
            slog::warn!(app.log, "an executor was turned away: unknown app key or wrong secret; further ones of this minute from \
                this address are not told"; "app_key" => key, "address" => client::text(request));
        }
        if wrong.is_too_many { Refusal::TooManyStrangers } else { Refusal::Stranger }
    })
}

/// An app key as the log tells it. What can be none is only hinted at: whoever may send it is nobody we know.
fn shown(app_key: &str) -> String {
    match app_key.chars().all(is_of_app_key) {
        true => app_key.chars().take(LONGEST_SHOWN_KEY).collect(),
        false => {
            let begin: String = app_key.chars().take_while(|found| is_of_app_key(*found)).take(HINT_OF_KEY).collect();
            format!("{begin}… (no app key, {} bytes)", app_key.len())
        }
    }
}

/// A node is up.
pub async fn registry(
    app: web::Data<App>,
    request: HttpRequest,
    call: Known<Registry>,
) -> Result<HttpResponse, Refusal> {
    let Known { executor, body, by_former } = call;
    let address = address_of(&body.executor_address)?;
    app.egress.check_node(&address).map_err(|forbidden| forbidden_node(&app, &executor, forbidden))?;
    app.strangers.registered((client::address(&request), Some(&executor.app_key)), app.now());
    if executor.registration == Registration::Automatic {
        let hello = NodeHello {
            executor: executor.id,
            address,
            agent: short(body.agent),
            instance: short(body.instance),
            secret_age: if by_former { SecretAge::Former } else { SecretAge::Present },
            executor_version: executor.version,
        };
        app.scheduler.node_register(hello).await?;
    }
    Ok(HttpResponse::Ok().insert_header((SPEAKS_HEADER, FORM)).json(Envelope::ok(true)))
}

/// A node at an address that no executor may have here. Told in the log, a few times a minute at most.
fn forbidden_node(app: &App, executor: &ExecutorCard, forbidden: Forbidden) -> Refusal {
    if app.told.take(app.now()).is_some() {
        slog::warn!(app.log, "a node was turned away: {}", forbidden; "app_key" => &executor.app_key);
    }
    Refusal::Forbidden(forbidden)
}

/// A node shuts down; its open runs end.
pub async fn offline(app: web::Data<App>, call: Known<Offline>) -> Result<HttpResponse, Refusal> {
    let Known { executor, body, .. } = call;
    let address = address_of(&body.executor_address)?;
    if executor.registration == Registration::Automatic {
        app.scheduler.node_offline(executor.id, address).await?;
    }
    Ok(accepted())
}

/// A run ended. Answered after its result is committed.
pub async fn callback(app: web::Data<App>, call: Known<Callback>) -> Result<HttpResponse, Refusal> {
    let Known { executor, body, .. } = call;
    if !(1..=MAX_ID).contains(&body.log_id) {
        return Err(Refusal::UnknownRun(body.log_id));
    }
    let report = RunReport {
        executor: executor.id,
        run: RunId(body.log_id),
        succeeded: body.handler_code == HANDLER_SUCCESS,
        code: body.handler_code,
        message: body.handler_msg.map(cut),
    };
    match app.scheduler.run_report(report).await? {
        Reported::Recorded | Reported::AlreadyEnded(_) => Ok(accepted()),
        Reported::UnknownRun => {
            slog::warn!(app.log, "a result came for a run that does not exist"; "run" => body.log_id, "app_key" => &executor.app_key);
            Err(Refusal::UnknownRun(body.log_id))
        }
    }
}

/// Answers every method but POST.
pub async fn wrong_method() -> Result<HttpResponse, Refusal> {
    Err(Refusal::WrongMethod)
}

fn accepted() -> HttpResponse {
    HttpResponse::Ok().json(Envelope::ok(true))
}

/// The address in its one spelling, by the same rules as addresses entered by hand.
fn address_of(text: &str) -> Result<String, Refusal> {
    let draft = ExecutorDraft {
        name: "x".to_owned(),
        app_key: "x".to_owned(),
        app_secret: None,
        registration: Registration::Manual,
        addresses: vec![text.to_owned()],
    };
    let refusal = |problem: String| Refusal::Malformed(format!("executorAddress: {problem}"));
    let checked = draft
        .check()
        .map_err(|problems| refusal(problems.first().map_or_else(String::new, |found| found.problem.to_string())))?;
    checked.draft().addresses.first().cloned().ok_or_else(|| refusal("is missing".to_owned()))
}

/// What a node says of itself, bounded: it is shown on a page, nothing else.
fn short(text: Option<String>) -> Option<String> {
    text.map(|text| text.chars().take(64).collect())
}

/// The message, cut between two characters where it is too long.
pub(crate) fn cut(message: String) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message;
    }
    let end = message.floor_char_boundary(LONGEST_MESSAGE - CUT_NOTE.len());
    let (kept, _) = message.split_at_checked(end).unwrap_or_default();
    format!("{kept}{CUT_NOTE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_characters_and_says_so() {
        let cut_one = cut("界".repeat(LONGEST_MESSAGE));
        assert!(cut_one.len() <= LONGEST_MESSAGE && cut_one.ends_with(CUT_NOTE));
        assert!(cut_one.starts_with("界界"));
        assert_eq!(cut("short".into()), "short");
        assert_eq!(cut("x".repeat(LONGEST_MESSAGE)).len(), LONGEST_MESSAGE);
    }

    #[test]
    fn what_is_no_app_key_is_only_hinted_at() {
        assert_eq!(shown("billing.eu-1_a"), "billing.eu-1_a");
        assert_eq!(shown(&"x".repeat(1_000)).len(), LONGEST_SHOWN_KEY);
        let forged = "billing-and-many-more\r\nNov 28 INFO logged in, user: admin";
        assert_eq!(shown(forged), "billing-and-many… (no app key, 57 bytes)");
        assert_eq!(shown("a, user: admin"), "a… (no app key, 14 bytes)");
    }

    #[test]
    fn an_address_has_one_spelling_and_no_password() {
        assert_eq!(address_of("HTTP://Node-1:7777/").unwrap(), "http://node-1:7777");
        for bad in ["", "node:7777", "ftp://node", "http://user:p4ss@node", "http://node/x?y"] {
            assert!(matches!(address_of(bad), Err(Refusal::Malformed(_))), "{bad}");
        }
        assert!(!address_of("http://user:p4ss@node").unwrap_err().to_string().contains("p4ss"));
    }
}
