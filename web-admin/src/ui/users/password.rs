//! A generated password, shown once.

use crate::ui::frame::{Frame, Place};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use askama::Template;

#[derive(Template)]
#[template(path = "users/password.html")]
struct PasswordPage {
    f: Frame,
    w: &'static Words,
    name: String,
    password: String,
}

/// The page that shows a new password, this one time. It answers the form itself instead of redirecting, so that the password
/// goes through no cookie and no address.
pub(super) fn shown_once(visit: &Visit, name: &str, password: &str) -> Answer {
    let f = visit.frame(Place::Users, name);
    html(&PasswordPage { f, w: visit.w, name: name.to_owned(), password: password.to_owned() })
}
