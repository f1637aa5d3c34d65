//! The page of a request that was refused or failed: what happened, and what to do.

use crate::error::ApiError;
use crate::ui::frame::Frame;
use crate::ui::words::Words;
use actix_web::ResponseError;
use actix_web::http::StatusCode;
use askama::Template;

/// What went wrong, for people.
#[derive(Template)]
#[template(path = "failure.html")]
pub(crate) struct FailurePage {
    f: Frame,
    w: &'static Words,
    title: &'static str,
    hint: String,
    /// The identifier under which the log tells more.
    id: Option<String>,
    /// Whether trying the same again may help.
    again: bool,
}

impl FailurePage {
    /// The page that tells of `error`.
    pub(crate) fn of(frame: Frame, error: &ApiError) -> FailurePage {
        let w = frame.w;
        let since = match error {
            ApiError::DatabaseAway { for_s: Some(seconds), .. } => Some(frame.moment_ago(*seconds)),
            _ => None,
        };
        let (title, hint) = texts(error, w, since.as_deref(), frame.is_sent);
        FailurePage {
            w,
            title,
            hint,
            id: error.failure().filter(|failure| !failure.is_told).map(|failure| failure.id.to_string()),
            again: !frame.is_sent && error.status_code() == StatusCode::SERVICE_UNAVAILABLE,
            f: Frame { title: title.to_owned(), ..frame },
        }
    }
}

/// What went wrong with one object of several, in one line.
pub(crate) fn told(error: &ApiError, w: &'static Words) -> String {
    if matches!(error, ApiError::NotFound(_)) {
        return w.pick("It was deleted.", "已被删除。").to_owned();
    }
    let (title, hint) = texts(error, w, None, true);
    let (stop, blank) = (w.pick(". ", "。"), w.pick(" ", ""));
    if hint.is_empty() { title.to_owned() } else { format!("{title}{stop}{}", hint.trim_start_matches(blank)) }
}

/// The title and the hint of a failure. `since`: when the database went away; `is_sent`: something was to be changed.
fn texts(error: &ApiError, w: &'static Words, since: Option<&str>, is_sent: bool) -> (&'static str, String) {
    let s = &w.s;
    match error {
        ApiError::NotFound(_) | ApiError::MethodNotAllowed => (s.not_found, s.not_found_hint.to_owned()),
        ApiError::Forbidden(reason) => (s.forbidden, w.forbidden(reason)),
        ApiError::FromElsewhere => (s.forbidden, s.from_elsewhere.to_owned()),
        ApiError::NotPermitted { needed } => (s.forbidden, w.not_permitted(*needed).to_owned()),
        ApiError::NotOnAll => (s.forbidden, s.not_on_all.to_owned()),
        ApiError::PasswordExpired => (s.forbidden, s.password_first.to_owned()),
        ApiError::Malformed(detail) => (s.bad_request, detail.clone()),
        ApiError::Fields(errors) => {
            let details = errors.iter().map(|error| w.pick(&error.detail, &error.detail_zh).as_str());
            (s.bad_request, details.collect::<Vec<_>>().join(w.pick("; ", "；")))
        }
        ApiError::TooLarge { .. } | ApiError::TooSlow(_) | ApiError::UnsupportedMediaType => {
            (s.too_large, String::new())
        }
        ApiError::Stale { .. } => (s.conflict, w.c.stale.to_owned()),
        ApiError::InUse { jobs } => (s.conflict, w.in_use(*jobs)),
        ApiError::Taken { .. } => (s.conflict, w.c.taken.to_owned()),
        ApiError::Quarantined { actor, reason } => (s.conflict, w.quarantined(actor, reason)),
        ApiError::Conflict(_) => (s.conflict, String::new()),
        ApiError::KeyReused { run } => (s.conflict, w.form_sent_already(*run)),
        ApiError::TooManyAttempts { .. } => (s.conflict, s.login_many.to_owned()),
        ApiError::TooManyLogins { .. } => (s.conflict, s.login_often.to_owned()),
        ApiError::NotLoggedIn { .. } | ApiError::WrongLogin | ApiError::WrongToken => (s.login_title, String::new()),
        ApiError::Busy => (s.busy, s.busy_hint.to_owned()),
        ApiError::SavedOnly => (s.saved_only, s.saved_only_hint.to_owned()),
        ApiError::DatabaseAway { brief, .. } => (s.away, w.database_away(brief, since, is_sent)),
        ApiError::NotVouched(_) => (s.unavailable, s.login_elsewhere_away.to_owned()),
        ApiError::Unavailable(_) if !is_sent => (s.unavailable, s.unavailable_get_hint.to_owned()),
        ApiError::Unconfirmed => (s.unconfirmed, s.unconfirmed_hint.to_owned()),
        ApiError::Unavailable(_) => (s.unavailable, s.unavailable_hint.to_owned()),
        ApiError::Internal(_) => (s.internal, s.internal_hint.to_owned()),
    }
}
