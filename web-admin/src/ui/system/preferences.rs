//! `POST /preferences`: language and theme, kept in cookies. They are nobody's secret, so no login is asked for.

use crate::ui::fields::Fields;
use crate::ui::jobs::actions::way_back;
use crate::ui::language::{Theme, from_tag};
use crate::ui::visit::{Guest, see_other_with};
use crate::ui::words::words;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpResponse, web};

/// Sets what the form names; what it names wrongly stays as it was.
pub(crate) async fn set(guest: Guest, body: web::Bytes) -> HttpResponse {
    let fields = Fields::parse(&body);
    let language = fields.text("lang").and_then(from_tag).map(|language| kept("lang", words(language).tag));
    let theme = fields.text("theme").and_then(Theme::from_word).map(|theme| kept("theme", theme.word()));
    guest.settle(see_other_with(&way_back(fields.get("back"), "/"), language.into_iter().chain(theme)))
}

fn kept(name: &'static str, value: &'static str) -> Cookie<'static> {
    Cookie::build(name, value).path("/").same_site(SameSite::Lax).http_only(true).max_age(Duration::days(365)).finish()
}
