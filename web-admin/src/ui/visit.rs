//! A request for a page: who asks, in which language, theme and zone; and the answers that pages give.
//!
//! [`Visit`] is for pages that need a user, [`Guest`] for those that do not (login, preferences, "no such page"). Every
//! answer carries the security headers: nothing but our own files runs, and nobody may frame the pages.

use super::failure::FailurePage;
use super::fields::{Fields, LARGEST_FORM};
use super::flash::Flash;
use super::frame::{Frame, Place, Who};
use super::language::{self, Theme};
use super::pieces::Lens;
use super::words::{Words, words};
use crate::access::Rights;
use crate::auth::Operator;
use crate::error::ApiError;
use crate::error::Failure;
use crate::state::App;
use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::LocalBoxFuture;
use hzm_job_actors::LiveFigures;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::executor::Executor;
use std::future::{Ready, ready};
use subtle::ConstantTimeEq;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Why a form is not taken that no page of this session made.
pub(crate) const FOREIGN_FORM: &str = "the form carries no token of this session";

/// Where one changes one's own password.
const ACCOUNT: &str = "/account";

/// A page that the database kept from being shown asks again after so many seconds.
const ASK_AGAIN_S: &str = "5";

/// What every page answers.
pub(crate) type Answer = Result<HttpResponse, ApiError>;

/// A reader, logged in or not.
pub(crate) struct Guest {
    pub(crate) w: &'static Words,
    theme: Theme,
    pub(crate) zone: Tz,
    path: String,
    pub(crate) query: Fields,
    flash: Option<Flash>,
    is_sent: bool,
    now: DateTime<Utc>,
}

/// A reader who is logged in.
pub(crate) struct Visit {
    guest: Guest,
    pub(crate) app: web::Data<App>,
    pub(crate) operator: Operator,
    pub(crate) w: &'static Words,
    pub(crate) now: DateTime<Utc>,
}

impl FromRequest for Guest {
    type Error = ApiError;
    type Future = Ready<Result<Guest, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Guest::of(request)))
    }
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Visit, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            // A reader is told by a page also when nobody can look up who he is.
            Visit::of(&request).await.map_err(|error| {
                let page = failure_page(Guest::of(&request).frame(""), &error);
                InternalError::from_response(error, page).into()
            })
        })
    }
}

impl Visit {
    async fn of(request: &HttpRequest) -> Result<Visit, ApiError> {
        let operator = Operator::extract(request).await?;
        let missing = || ApiError::Internal(Failure::because("the application state is not registered"));
        let app = request.app_data::<web::Data<App>>().cloned().ok_or_else(missing)?;
        let (guest, now) = (Guest::of(request), app.now());
        Ok(Visit { w: guest.w, guest, app, operator, now })
    }
}

/// What somebody is told who was stopped by the gate: a page, or the way to the one that has to come first.
pub(crate) fn refused(request: &HttpRequest, error: &ApiError) -> HttpResponse {
    if matches!(error, ApiError::PasswordExpired) {
        let note = Flash::bad(words(language::language(request)).s.password_first);
        return see_other(ACCOUNT, Some(note)).unwrap_or_else(|error| error.error_response());
    }
    let guest = Guest::of(request);
    let (operator, app) =
        (request.extensions().get::<Operator>().cloned(), request.app_data::<web::Data<App>>().cloned());
    match operator.zip(app) {
        Some((operator, app)) => {
            let now = app.now();
            let visit = Visit { w: guest.w, guest, app, operator, now };
            failure_page(visit.frame(Place::Elsewhere, ""), error)
        }
        None => failure_page(guest.frame(""), error),
    }
}

impl Guest {
    pub(crate) fn of(request: &HttpRequest) -> Guest {
        Guest {
            w: words(language::language(request)),
            theme: language::theme(request),
            zone: language::zone(request),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            query: Fields::parse(request.query_string().as_bytes()),
            flash: Flash::of(request),
            is_sent: *request.method() == Method::POST,
            now: request.app_data::<web::Data<App>>().map_or(DateTime::UNIX_EPOCH, |app| app.now()),
        }
    }

    /// The surroundings of a page for somebody who is not logged in.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            w: self.w,
            theme: self.theme,
            zone: self.zone,
            path: self.path.clone(),
            title: title.into(),
            place: Place::Elsewhere,
            who: None,
            rights: None,
            figures: LiveFigures::default(),
            flash: self.flash.clone(),
            sought: String::new(),
            is_sent: self.is_sent,
            now: self.now,
        }
    }

    /// A page, or the page that tells why there is none.
    pub(crate) fn settle(&self, answer: Answer) -> HttpResponse {
        answer.unwrap_or_else(|error| failure_page(self.frame(""), &error))
    }
}

impl Visit {
    /// The query of the address.
    pub(crate) fn query(&self) -> &Fields {
        &self.guest.query
    }

    /// The same with times by the clocks of another zone than the reader's.
    pub(crate) fn by_clocks_of(self, zone: Tz) -> Visit {
        Visit { guest: Guest { zone, ..self.guest }, ..self }
    }

    /// How times are shown to this reader.
    pub(crate) fn lens(&self) -> Lens {
        Lens { w: self.w, zone: self.guest.zone, now: self.now }
    }

    /// The surroundings of a page.
    pub(crate) fn frame(&self, place: Place, title: impl Into<String>) -> Frame {
        let who = Who { name: self.operator.name.clone(), csrf: self.operator.csrf().to_owned() };
        // Whoever has to change the password first is offered nothing else.
        let rights = Some(self.operator.rights.clone()).filter(|_| !self.operator.must_change);
        // Figures of all executors are for those who see them all.
        let sees_all = rights.as_ref().is_some_and(Rights::sees_all);
        let figures = if sees_all { *self.app.scheduler.live().borrow() } else { LiveFigures::default() };
        Frame { place, who: Some(who), rights, figures, ..self.guest.frame(title) }
    }

    /// The executors that lists are narrowed to; `None`: they need not be.
    pub(crate) fn within(&self) -> Option<Vec<ExecutorId>> {
        self.operator.rights.within()
    }

    /// The executors that the reader may see.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn executors(&self) -> Result<Vec<Executor>, ApiError> {
        let all = self.app.store.executor_list().await?;
        Ok(all.into_iter().filter(|executor| self.operator.rights.sees(executor.id)).collect())
    }

    /// Reads a posted form and checks that it comes from one of this session's own pages.
    ///
    /// # Errors
    /// 403 without the session's token.
    pub(crate) fn form(&self, body: &web::Bytes) -> Result<Fields, ApiError> {
        let fields = Fields::parse(body);
        let given = fields.get("csrf").as_bytes();
        if bool::from(given.ct_eq(self.operator.csrf().as_bytes())) {
            Ok(fields)
        } else {
            Err(ApiError::Forbidden(FOREIGN_FORM))
        }
    }

    /// A page, or the page that tells why there is none.
    pub(crate) fn settle(&self, answer: Answer) -> HttpResponse {
        answer.unwrap_or_else(|error| failure_page(self.frame(Place::Elsewhere, ""), &error))
    }
}

/// A page with status 200.
///
/// # Errors
/// 500 when it cannot be rendered.
pub(crate) fn html(page: &impl Template) -> Answer {
    html_with(StatusCode::OK, page)
}

/// A page with a status.
///
/// # Errors
/// 500 when it cannot be rendered.
pub(crate) fn html_with(status: StatusCode, page: &impl Template) -> Answer {
    let text = page.render().map_err(|error| ApiError::Internal(Failure::of(&error)))?;
    Ok(headers(HttpResponse::build(status)).cookie(Flash::removal()).body(text))
}

/// The way on after a change (303), with a note for the next page.
pub(crate) fn see_other(location: &str, flash: Option<Flash>) -> Answer {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store"));
    if let Some(flash) = flash {
        answer.cookie(flash.cookie());
    }
    Ok(answer.finish())
}

/// The same, with a cookie of the caller's.
pub(crate) fn see_other_with(location: &str, cookies: impl IntoIterator<Item = Cookie<'static>>) -> Answer {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store"));
    for cookie in cookies {
        answer.cookie(cookie);
    }
    Ok(answer.finish())
}

/// The headers that every page carries.
pub(crate) fn headers(mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
    answer
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "same-origin"))
        // Pages hold figures of this moment and, once, a secret.
        .insert_header((CACHE_CONTROL, "no-store"));
    answer
}

/// The page of a failure. A redirect to the login page stays one; a failure of ours goes on to the request log.
fn failure_page(frame: Frame, error: &ApiError) -> HttpResponse {
    let status = error.status_code();
    // What was asked for is asked for again; what was sent is never sent again by itself.
    let asks_again = !frame.is_sent && matches!(error, ApiError::DatabaseAway { .. });
    let page = FailurePage::of(frame, error);
    let Ok(text) = page.render() else { return error.error_response() };
    if status.is_redirection() {
        return error.error_response();
    }
    let mut answer = headers(HttpResponse::build(status));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((RETRY_AFTER, "1"));
    }
    if asks_again {
        answer.insert_header(("Refresh", ASK_AGAIN_S));
    }
    let mut answer = answer.body(text);
    if let Some(failure) = error.failure() {
        answer.extensions_mut().insert(failure.clone());
    }
    answer
}

/// The limit for the bodies of forms, to be registered with the routes.
pub(crate) fn payload_limit() -> web::PayloadConfig {
    web::PayloadConfig::new(LARGEST_FORM)
}
