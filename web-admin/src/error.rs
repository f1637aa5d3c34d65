//! What can go wrong at the edge, and the only place where a failure becomes an HTTP status.
//!
//! Handlers of the API and the pages answer [`ApiError`]; the API shows it as RFC 9457 problem details
//! (`application/problem+json`), the pages render their own view of [`ApiError::problem`]. A failure of ours (5xx) shows a
//! fixed text with an identifier; its whole chain of causes travels beside the answer as a [`Failure`] and is logged once,
//! by the request log. Nothing here knows a URL.

mod problem;
mod texts;

pub use problem::{FieldError, PROBLEM_JSON, ProblemDetails};
pub(crate) use texts::is_whole;

use crate::access::{Permission, Refusal};
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use hzm_job_actors::SchedulerError;
use hzm_job_scheduler::problem::FieldProblem;
use hzm_job_store::outcome::Change;
use hzm_job_store::{Store, StoreError};
use thiserror::Error;
use uuid::Uuid;

/// A request that was refused, or that we failed at.
#[derive(Debug, Error)]
pub enum ApiError {
    /// Fields of the request are wrong: 422.
    #[error("some fields are wrong")]
    Fields(Vec<FieldError>),
    /// The request cannot be read at all: 400.
    #[error("{0}")]
    Malformed(String),
    /// Nobody is logged in: 401, or for pages 303 to the login page.
    #[error("log in first: POST /api/v1/session")]
    NotLoggedIn {
        /// For pages: the address of the login page with the way back.
        login: Option<String>,
        /// A part of a page asks, not the reader: the whole page has to go to the login.
        part_of_page: bool,
    },
    /// The name or the password is wrong: 401. The same words for both, so that names cannot be tried out.
    #[error("the user name or the password is wrong")]
    WrongLogin,
    /// The token is unknown, was ended, or its time is over: 401.
    #[error("this token lets nobody in: it is unknown, was ended, or its time is over")]
    WrongToken,
    /// The request is not allowed, for this reason: 403.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Another site sent it, as the browser says: 403.
    #[error("this was sent by another site; open the admin's own page and send it from there")]
    FromElsewhere,
    /// The role does not hold this permission: 403.
    #[error("{}", texts::not_permitted(*.needed))]
    NotPermitted {
        /// What would be needed.
        needed: Permission,
    },
    /// It concerns all executors, and only some are granted: 403.
    #[error("this concerns all executors, and you were granted some; ask an administrator")]
    NotOnAll,
    /// The password was chosen or read by somebody else: 403, or for pages 303 to the page that changes it.
    #[error("change your password first: PUT /api/v1/session/password, or on the page Account")]
    PasswordExpired,
    /// There is no such thing, or it was deleted: 404.
    #[error("{0}")]
    NotFound(String),
    /// The address exists but not for this method: 405.
    #[error("this address does not answer that method")]
    MethodNotAllowed,
    /// The body is too large: 413.
    #[error("the body is larger than {most} bytes")]
    TooLarge {
        /// The largest body, in bytes.
        most: usize,
    },
    /// The body did not arrive in time: 408.
    #[error("the body did not arrive within {0} s")]
    TooSlow(u64),
    /// The body is not of the type that is read here: 415.
    #[error("send the body as application/json")]
    UnsupportedMediaType,
    /// Somebody else changed the object since it was read: 409.
    #[error("somebody else changed it; it is at version {version} now: read it again")]
    Stale {
        /// The version to read before trying again.
        version: i64,
    },
    /// A name or key that must be unique is taken: 409.
    #[error("{field} is taken by another one; choose another value")]
    Taken {
        /// The field that must be unique.
        field: &'static str,
    },
    /// Jobs depend on it: 409.
    #[error("{jobs} job(s) belong to it; delete or move them first")]
    InUse {
        /// How many.
        jobs: i64,
    },
    /// The request does not fit the state of the object: 409.
    #[error("{0}")]
    Conflict(String),
    /// The key of a repeated request stands for another one: 422.
    #[error(
        "this Idempotency-Key was used for run {run}, which was asked for with other parameters or another node; \
         repeat that request as it was, or use a new key for a new run"
    )]
    KeyReused {
        /// The run that was made under the key.
        run: i64,
    },
    /// The actor that would have to do it failed too often and is not restarted by itself: 409.
    #[error(
        "the actor {actor} is quarantined because it failed too often ({reason}); release it with \
         POST /api/v1/actors/{actor}/release or on the page Actors, then try again"
    )]
    Quarantined {
        /// Its name, such as `job/17`.
        actor: String,
        /// What it died of.
        reason: String,
    },
    /// Too many failed logins: 429.
    #[error("too many failed logins; try again in {retry_after} seconds")]
    TooManyAttempts {
        /// Seconds until the next attempt is looked at.
        retry_after: u64,
    },
    /// Too many logins of one user, or from one address, of late: 429.
    #[error(
        "too many logins of this user or from this address; use the session that an earlier one opened, or a token, or try again in \
         {retry_after} seconds"
    )]
    TooManyLogins {
        /// Seconds until there may be another one.
        retry_after: u64,
    },
    /// A mailbox is full: 503, to be tried again after a second.
    #[error("the scheduler is busy; try again in a second")]
    Busy,
    /// A change was written, but the actors could not be told of it: 503.
    #[error(
        "the change is saved, but the scheduler is too busy to take it over yet; save or start it again in a moment"
    )]
    SavedOnly,
    /// It could not be written in time, and still waits: 503.
    #[error(
        "the database has not answered in time; what you asked for still waits to be written and may yet come about: look for it \
         before you ask again, or repeat the request under the same Idempotency-Key"
    )]
    Unconfirmed,
    /// The database is away, for so many seconds where that is known: 503.
    #[error("{}", texts::away_text(.brief, *.for_s))]
    DatabaseAway {
        /// Why, in a few words that name neither place nor user.
        brief: &'static str,
        /// For how long, in seconds.
        for_s: Option<u64>,
        /// The same for the log.
        failure: Failure,
    },
    /// Whoever vouches for users cannot be asked, or is not believed: 503. The log told why when it was found out.
    #[error("{0}")]
    NotVouched(&'static str),
    /// The scheduler is away: 503.
    #[error("the service is not available right now (failure {})", .0.id)]
    Unavailable(Failure),
    /// A fault of ours: 500.
    #[error("an internal error happened; the log tells more under failure {}", .0.id)]
    Internal(Failure),
}

/// A failure of ours as it is logged: the identifier that the client was shown, and the chain of causes.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Shown to the client and logged with the chain.
    pub id: Uuid,
    /// The error and its causes, outermost first.
    pub chain: String,
    /// Whether the log tells of its cause by itself, once and not for each request.
    pub is_told: bool,
}

impl Failure {
    /// Writes down an error and all its causes under a new identifier.
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Failure {
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            chain = format!("{chain}: {inner}");
            cause = inner.source();
        }
        Failure { id: Uuid::new_v4(), chain, is_told: false }
    }

    /// A failure that no error value describes.
    pub fn because(reason: impl Into<String>) -> Failure {
        Failure { id: Uuid::new_v4(), chain: reason.into(), is_told: false }
    }
}

impl ApiError {
    /// "There is no such job", and so on.
    pub fn no_such(what: &str) -> ApiError {
        ApiError::NotFound(format!("there is no such {what}, or it was deleted"))
    }

    /// What a user may not do to `what`.
    pub fn of_access(refusal: Refusal, what: &str) -> ApiError {
        match refusal {
            Refusal::Unseen => ApiError::no_such(what),
            Refusal::NotPermitted(needed) => ApiError::NotPermitted { needed },
            Refusal::NotOnAll => ApiError::NotOnAll,
        }
    }

    /// A refusal of the actors; `store` knows whether the database is the reason.
    pub fn of_scheduler(error: SchedulerError, store: &Store) -> ApiError {
        match (error, store.trouble()) {
            (SchedulerError::Unavailable(_), Some(trouble)) => StoreError::Broken(trouble).into(),
            (error, _) => error.into(),
        }
    }

    /// One wrong field.
    pub fn field(field: &str, code: &str, detail: impl Into<String>, detail_zh: impl Into<String>) -> ApiError {
        let error =
            FieldError { field: field.into(), code: code.into(), detail: detail.into(), detail_zh: detail_zh.into() };
        ApiError::Fields(vec![error])
    }

    /// The failure behind a 5xx answer, to be logged.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            ApiError::DatabaseAway { failure, .. } | ApiError::Unavailable(failure) | ApiError::Internal(failure) => {
                Some(failure)
            }
            _ => None,
        }
    }

    /// The stable word of this error, the last part of the problem's `type`.
    pub fn code(&self) -> &'static str {
        match self {
            ApiError::Fields(_) => "fields",
            ApiError::Malformed(_) => "malformed",
            ApiError::NotLoggedIn { .. } => "not-logged-in",
            ApiError::WrongLogin => "wrong-login",
            ApiError::WrongToken => "wrong-token",
            ApiError::Forbidden(_) | ApiError::FromElsewhere => "forbidden",
            ApiError::NotPermitted { .. } | ApiError::NotOnAll => "not-permitted",
            ApiError::PasswordExpired => "password-expired",
            ApiError::NotFound(_) => "not-found",
            ApiError::MethodNotAllowed => "method-not-allowed",
            ApiError::TooLarge { .. } => "too-large",
            ApiError::TooSlow(_) => "too-slow",
            ApiError::UnsupportedMediaType => "unsupported-media-type",
            ApiError::Stale { .. } => "stale",
            ApiError::Taken { .. } => "taken",
            ApiError::InUse { .. } => "in-use",
            ApiError::Conflict(_) => "conflict",
            ApiError::KeyReused { .. } => "key-reused",
            ApiError::Quarantined { .. } => "quarantined",
            ApiError::TooManyAttempts { .. } => "too-many-attempts",
            ApiError::TooManyLogins { .. } => "too-many-logins",
            ApiError::Busy => "busy",
            ApiError::SavedOnly => "saved-only",
            ApiError::DatabaseAway { .. } | ApiError::Unavailable(_) | ApiError::NotVouched(_) => "unavailable",
            ApiError::Unconfirmed => "unconfirmed",
            ApiError::Internal(_) => "internal",
        }
    }

    /// The problem details of this error.
    pub fn problem(&self) -> ProblemDetails {
        ProblemDetails::of(self)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            ApiError::Fields(_) | ApiError::KeyReused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::Malformed(_) => StatusCode::BAD_REQUEST,
            ApiError::NotLoggedIn { login: Some(_), part_of_page: false } => StatusCode::SEE_OTHER,
            ApiError::NotLoggedIn { .. } | ApiError::WrongLogin | ApiError::WrongToken => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden(_)
            | ApiError::FromElsewhere
            | ApiError::NotPermitted { .. }
            | ApiError::NotOnAll
            | ApiError::PasswordExpired => StatusCode::FORBIDDEN,
            ApiError::NotFound(_) => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            ApiError::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::Stale { .. }
            | ApiError::Taken { .. }
            | ApiError::InUse { .. }
            | ApiError::Conflict(_)
            | ApiError::Quarantined { .. } => StatusCode::CONFLICT,
            ApiError::TooManyAttempts { .. } | ApiError::TooManyLogins { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Busy
            | ApiError::SavedOnly
            | ApiError::Unconfirmed
            | ApiError::DatabaseAway { .. }
            | ApiError::NotVouched(_)
            | ApiError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponse::build(self.status_code());
        match self {
            ApiError::NotLoggedIn { login: Some(page), part_of_page } => {
                let header = if *part_of_page { "HX-Redirect" } else { LOCATION.as_str() };
                return answer.insert_header((header, page.as_str())).finish();
            }
            ApiError::TooManyAttempts { retry_after } | ApiError::TooManyLogins { retry_after } => {
                answer.insert_header((RETRY_AFTER, retry_after.to_string()))
            }
            ApiError::Busy
            | ApiError::SavedOnly
            | ApiError::Unconfirmed
            | ApiError::DatabaseAway { .. }
            | ApiError::NotVouched(_)
            | ApiError::Unavailable(_) => answer.insert_header((RETRY_AFTER, "1")),
            _ => &mut answer,
        };
        answer.insert_header((CONTENT_TYPE, PROBLEM_JSON));
        let mut answer = answer.body(serde_json::to_string(&self.problem()).unwrap_or_default());
        if let Some(failure) = self.failure() {
            answer.extensions_mut().insert(failure.clone());
        }
        answer
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        let failure = Failure::of(&error);
        match error.away() {
            Some((brief, lasts)) => {
                let is_told = matches!(error, StoreError::Broken(_));
                let for_s = lasts.map(|lasts| lasts.as_secs());
                ApiError::DatabaseAway { brief, for_s, failure: Failure { is_told, ..failure } }
            }
            None if matches!(error, StoreError::Closed) => ApiError::Unavailable(failure),
            None => ApiError::Internal(failure),
        }
    }
}

impl From<SchedulerError> for ApiError {
    fn from(error: SchedulerError) -> ApiError {
        match error {
            // Only executors report results, and they are answered by themselves.
            SchedulerError::Busy | SchedulerError::ExecutorChanged | SchedulerError::NotSentYet => ApiError::Busy,
            SchedulerError::Late => ApiError::Unconfirmed,
            SchedulerError::TooManyNodes(_) => ApiError::Conflict(error.to_string()),
            SchedulerError::Unavailable(_) => ApiError::Unavailable(Failure::of(&error)),
            // Of what a user may have written, only the parameters of a run go into the ledger.
            SchedulerError::Refused(why) => ApiError::field(
                "parameters",
                "unstorable",
                format!("the database does not take this text: {why}"),
                format!("数据库无法保存此内容：{why}"),
            ),
        }
    }
}

impl From<Vec<FieldProblem>> for ApiError {
    fn from(problems: Vec<FieldProblem>) -> ApiError {
        ApiError::Fields(problems.iter().map(FieldError::from).collect())
    }
}

/// The object that a change made, or the refusal; `what` is the kind of object, `unique` the field that must be unique.
///
/// # Errors
/// Every end of a change but `Done`.
pub fn changed<T>(change: Change<T>, what: &str, unique: &'static str) -> Result<T, ApiError> {
    match change {
        Change::Done(object) => Ok(object),
        Change::NotFound => Err(ApiError::no_such(what)),
        Change::Stale { version } => Err(ApiError::Stale { version }),
        Change::Taken => Err(ApiError::Taken { field: unique }),
        Change::InUse { jobs } => Err(ApiError::InUse { jobs }),
    }
}
