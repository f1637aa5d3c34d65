//! What an admin may ask of a node: heart-beat, trigger, cancel, and many triggers at once. Statuses and bodies as the
//! original's executor gives them, those of a batch as `docs/wire.md` says; no decision is made here.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::RETRY_AFTER;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, PayloadConfig, ServiceConfig};
use actix_web::{Error, HttpResponse, ResponseError};
use hzm_job_protocol::batch::{self, Answer, Answers, Triggers};
use hzm_job_protocol::hzm::{Envelope, JobCancel, JobHandle, TOKEN_HEADER, paths};
use serde::de::DeserializeOwned;
use slog::{Logger, warn};
use subtle::ConstantTimeEq;

use crate::ledger::Admission;
use crate::runner::Runner;

/// The largest body that is read, in bytes: that of a batch. The largest parameters that an admin sends are 64 KiB.
const BODY_LIMIT: usize = batch::MOST_BYTES;

/// What callers have to present.
pub(crate) struct Gate {
    /// Empty: nobody is checked.
    pub(crate) secret: String,
    pub(crate) log: Logger,
}

impl Gate {
    fn admits(&self, token: Option<&[u8]>) -> bool {
        self.secret.is_empty() || bool::from(self.secret.as_bytes().ct_eq(token.unwrap_or_default()))
    }
}

/// All that a node answers, in one place.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let not_post = || web::route().to(method_not_allowed);
    let post_only = |path: &str, post| web::resource(path).route(post).default_service(not_post());
    config.service(
        web::scope("")
            .wrap(from_fn(check_token))
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .service(post_only(paths::HEART_BEAT, web::post().to(heart_beat)))
            .service(post_only(paths::JOB_HANDLE, web::post().to(job_handle)))
            .service(post_only(batch::paths::TRIGGERS, web::post().to(job_handles)))
            .service(post_only(paths::JOB_CANCEL, web::post().to(job_cancel)))
            .default_service(web::route().to(not_found)),
    );
}

/// Before anything of the body is read.
async fn check_token(
    gate: Data<Gate>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let token = request.headers().get(TOKEN_HEADER).map(|value| value.as_bytes());
    if gate.admits(token) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    warn!(gate.log, "call with a wrong token refused"; "path" => request.path(), "peer" => ?request.peer_addr());
    Ok(request.into_response(plain(HttpResponse::Unauthorized(), "Unauthorized")).map_into_boxed_body())
}

async fn heart_beat() -> HttpResponse {
    HttpResponse::Ok().json(Envelope::ok(true))
}

async fn job_handle(runner: Data<Runner>, body: Body) -> Result<HttpResponse, Unreadable> {
    let trigger: JobHandle = read(body)?;
    let admissions = runner.into_inner().accept(vec![trigger]);
    Ok(match admissions.iter().find_map(|(_, admission)| refusal(admission)) {
        None => HttpResponse::Ok().json(Envelope::ok(true)),
        Some(reason) => unavailable(reason),
    })
}

async fn job_handles(runner: Data<Runner>, body: Body) -> Result<HttpResponse, Unreadable> {
    let Triggers { triggers } = read(body)?;
    if triggers.len() > batch::MOST {
        let reason = format!("{} triggers, at most {} are taken at once", triggers.len(), batch::MOST);
        return Ok(HttpResponse::PayloadTooLarge().json(Envelope::<bool>::refusal(reason)));
    }
    let answer = |(log_id, admission): (i64, Admission)| match refusal(&admission) {
        None => Answer::ok(log_id),
        Some(reason) => Answer { log_id, status: 503, msg: Some(reason.to_owned()) },
    };
    let answers = runner.into_inner().accept(triggers).into_iter().map(answer).collect();
    Ok(HttpResponse::Ok().json(Answers { answers }))
}

/// Why a trigger is not taken, if it is not; its status is then 503.
fn refusal(admission: &Admission) -> Option<&'static str> {
    match admission {
        Admission::Start | Admission::InHand | Admission::Ended(_) => None,
        Admission::Busy => Some("too many runs are waiting on this node"),
        Admission::Closing => Some("this node is shutting down"),
    }
}

async fn job_cancel(runner: Data<Runner>, body: Body) -> Result<HttpResponse, Unreadable> {
    let cancel: JobCancel = read(body)?;
    runner.into_inner().cancel(cancel.log_id);
    Ok(HttpResponse::Ok().json(Envelope::ok(true)))
}

async fn method_not_allowed() -> HttpResponse {
    plain(HttpResponse::MethodNotAllowed(), "Method Not Allowed")
}

async fn not_found() -> HttpResponse {
    plain(HttpResponse::NotFound(), "404 page not found")
}

/// A body, or why it did not arrive.
type Body = Result<Bytes, Error>;

/// A body that is not the JSON of its call.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the body cannot be read: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the body did not arrive whole: the connection ended before the body did")]
    CutOff,
    /// In the words of the server below, and with its status.
    #[error("{0}")]
    NotArrived(Error),
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Unreadable {
        match error.as_error::<PayloadError>() {
            Some(PayloadError::Incomplete(_)) => Unreadable::CutOff,
            _ => Unreadable::NotArrived(error),
        }
    }
}

impl ResponseError for Unreadable {
    fn error_response(&self) -> HttpResponse {
        match self {
            Unreadable::NotArrived(error) => error.error_response(),
            Unreadable::NotJson(_) | Unreadable::CutOff => plain(HttpResponse::BadRequest(), &self.to_string()),
        }
    }
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, Unreadable> {
    Ok(serde_json::from_slice(&body?)?)
}

fn plain(mut answer: actix_web::HttpResponseBuilder, text: &str) -> HttpResponse {
    answer.content_type("text/plain; charset=utf-8").body(format!("{text}\n"))
}

fn unavailable(reason: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(Envelope::<bool>::refusal(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(secret: &str) -> Gate {
        Gate { secret: secret.into(), log: Logger::root(slog::Discard, slog::o!()) }
    }

    #[test]
    fn with_a_secret_only_the_very_same_token_is_let_in() {
        assert!(gate("s3cret").admits(Some(b"s3cret")));
        for token in [None, Some(b"".as_slice()), Some(b"s3cre"), Some(b"s3cretx"), Some(b"S3cret")] {
            assert!(!gate("s3cret").admits(token), "{token:?}");
        }
    }

    #[test]
    fn without_a_secret_nobody_is_checked() {
        assert!(gate("").admits(None) && gate("").admits(Some(b"anything")));
    }

    #[test]
    fn a_body_that_is_cut_or_too_large_is_told_of_in_plain_words_and_with_its_status() {
        let told = |error: PayloadError| {
            let refusal = Unreadable::from(Error::from(error));
            (refusal.error_response().status().as_u16(), refusal.to_string())
        };
        let (status, words) = told(PayloadError::Incomplete(None));
        assert!(status == 400 && words.contains("did not arrive whole") && !words.contains("None"), "{words}");
        assert_eq!(told(PayloadError::Overflow).0, 413);
    }
}
