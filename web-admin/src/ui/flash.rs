//! A note about what was just done, carried over the redirect in a cookie that lives half a minute and is shown once.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

const COOKIE: &str = "flash";
/// The longest note, in characters; a cookie must stay small.
const LONGEST: usize = 300;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flash {
    /// Whether it tells of success.
    pub(crate) good: bool,
    /// The sentence.
    pub(crate) text: String,
}

impl Flash {
    /// It was done.
    pub(crate) fn good(text: impl Into<String>) -> Flash {
        Flash { good: true, text: text.into() }
    }

    /// It was not done.
    pub(crate) fn bad(text: impl Into<String>) -> Flash {
        Flash { good: false, text: text.into() }
    }

    /// The cookie that carries it to the next page.
    pub(crate) fn cookie(&self) -> Cookie<'static> {
        let text: String = self.text.chars().take(LONGEST).collect();
        let mark = if self.good { "ok" } else { "no" };
        let value: String = url::form_urlencoded::byte_serialize(format!("{mark}:{text}").as_bytes()).collect();
        Cookie::build(COOKIE, value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(30))
            .finish()
    }

    /// The note a request brings along.
    pub(crate) fn of(request: &HttpRequest) -> Option<Flash> {
        let cookie = request.cookie(COOKIE)?;
        let (decoded, _) = url::form_urlencoded::parse(cookie.value().as_bytes()).next()?;
        let (mark, text) = decoded.split_once(':')?;
        Some(Flash { good: mark == "ok", text: text.chars().take(LONGEST).collect() })
    }

    /// The cookie that takes a shown note away.
    pub(crate) fn removal() -> Cookie<'static> {
        Cookie::build(COOKIE, "").path("/").max_age(Duration::ZERO).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_note_arrives_as_it_was_sent_and_bounded() {
        for text in ["任务已保存。", "a=b; c & d <script> %20 +"] {
            let request = TestRequest::default().cookie(Flash::good(text).cookie()).to_http_request();
            assert_eq!(Flash::of(&request), Some(Flash::good(text)));
        }
        let long = TestRequest::default().cookie(Flash::bad("x".repeat(9_000)).cookie()).to_http_request();
        assert_eq!(Flash::of(&long).map(|flash| flash.text.len()), Some(LONGEST));
    }
}
