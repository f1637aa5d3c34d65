//! The proof that a change comes from our own pages or from a program, never from another site (CSRF).
//!
//! A browser sends the session cookie along with whatever a foreign page makes it send, save where SameSite stops it.
//! So a request to the API with any method but GET and HEAD must, besides the cookie, bring one of:
//! - the header `X-CSRF-Token` with the value that logging in and `GET /api/v1/session` answer: programs do this;
//! - `Sec-Fetch-Site: same-origin`, which browsers set by themselves and no page can forge;
//! - without that header (plain HTTP from another machine), an `Origin` whose host is the request's `Host`.
//!
//! Requests that a browser calls cross-site are refused for pages too; the pages' own proof is their form field. They are refused also
//! where nobody has to be logged in: whoever logs a browser in under a name of its own sees what is done under that name.

use super::{Operator, is_for_people};
use crate::edge::client;
use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};
use subtle::ConstantTimeEq;

/// The header that programs send.
const TOKEN_HEADER: &str = "x-csrf-token";
const FETCH_SITE: &str = "sec-fetch-site";
const SAME_ORIGIN: &str = "same-origin";

/// Lets reads pass, and changes that prove their origin.
///
/// # Errors
/// [`ApiError::Forbidden`] with what to send.
pub(super) fn check(request: &HttpRequest, operator: &Operator) -> Result<(), ApiError> {
    if request.method().is_safe() {
        return Ok(());
    }
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = header(TOKEN_HEADER) {
        let is_right = bool::from(token.as_bytes().ct_eq(operator.csrf().as_bytes()));
        return if is_right { Ok(()) } else { Err(ApiError::Forbidden("X-CSRF-Token is not the one of this session")) };
    }
    match (header(FETCH_SITE), header(ORIGIN.as_str())) {
        (Some(SAME_ORIGIN), _) => Ok(()),
        (None, Some(origin)) if is_own(origin, host(request)) => Ok(()),
        (None, None) if is_for_people(request) => Ok(()),
        (None, None) => Err(ApiError::Forbidden(
            "send the header X-CSRF-Token with the csrf value that GET /api/v1/session answers",
        )),
        _ => Err(ApiError::Forbidden("changes are taken from the admin's own pages only")),
    }
}

/// Lets everything pass but what a browser says to come from another site; whoever says nothing is no browser, or an old one.
///
/// # Errors
/// [`ApiError::FromElsewhere`].
pub(crate) fn not_from_elsewhere(request: &HttpRequest) -> Result<(), ApiError> {
    if request.method().is_safe() {
        return Ok(());
    }
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match (header(FETCH_SITE), header(ORIGIN.as_str())) {
        // `none`: the reader's own doing, such as sending a form once more after a restart of the browser.
        (Some(SAME_ORIGIN | "none"), _) | (None, None) => Ok(()),
        (None, Some(origin)) if is_own(origin, host(request)) => Ok(()),
        _ => Err(ApiError::FromElsewhere),
    }
}

/// The host that the caller means: a header, or in HTTP/2 a part of the address; or what a proxy that is believed was asked for.
fn host(request: &HttpRequest) -> Option<&str> {
    if let Some(asked) = client::asked_of_proxy(request, "X-Forwarded-Host") {
        return Some(asked);
    }
    let named = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    named.or_else(|| request.uri().authority().map(|authority| authority.as_str()))
}

/// Whether an origin is the host that was meant; without regard to case, and to a port that goes without saying.
fn is_own(origin: &str, host: Option<&str>) -> bool {
    let (Some((scheme, authority)), Some(host)) = (origin.split_once("://"), host) else { return false };
    let usual = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let bare = |authority: &str| authority.strip_suffix(usual).unwrap_or(authority).to_ascii_lowercase();
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Reach, Rights, Role};
    use crate::auth::{Credential, ForPeople};
    use actix_web::HttpMessage;
    use actix_web::test::TestRequest;

    fn operator() -> Operator {
        Operator {
            id: 1,
            version: 1,
            name: "a".into(),
            credential: Credential::Session("s".into()),
            rights: Rights { role: Role::Viewer, reach: Reach::All, in_person: true },
            must_change: false,
            is_local: true,
            address: String::new(),
            csrf: "right".into(),
        }
    }

    fn verdict(request: TestRequest) -> Result<(), ApiError> {
        check(&request.uri("/api/v1/jobs").to_http_request(), &operator())
    }

    #[test]
    fn an_origin_is_our_own_in_whatever_case_and_with_or_without_the_usual_port() {
        for (origin, host) in [
            ("http://jobs.example", "jobs.example"),
            ("http://jobs.example", "JOBS.example:80"),
            ("https://jobs.example", "jobs.example:443"),
            ("http://[::1]:8888", "[::1]:8888"),
        ] {
            assert!(is_own(origin, Some(host)), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://jobs.example", "jobs.example:443"),
            ("http://jobs.example.evil", "jobs.example"),
            ("http://jobs.example:8080", "jobs.example"),
            ("null", "null"),
        ] {
            assert!(!is_own(origin, Some(host)), "{origin} {host}");
        }
        assert!(!is_own("http://jobs.example", None));
    }

    #[test]
    fn reads_need_no_proof() {
        assert!(verdict(TestRequest::get()).is_ok());
    }

    #[test]
    fn a_change_without_any_proof_is_refused() {
        assert!(matches!(verdict(TestRequest::post()), Err(ApiError::Forbidden(_))));
    }

    #[test]
    fn what_was_not_led_to_a_page_needs_a_proof_however_its_address_is_spelt() {
        for address in ["/%61pi/v1/users", "//api/v1/users", "/API/v1/users", "/jobs/new"] {
            let request = TestRequest::post().uri(address).to_http_request();
            assert!(check(&request, &operator()).is_err(), "{address}");
            request.extensions_mut().insert(ForPeople);
            assert!(check(&request, &operator()).is_ok(), "its form has the proof");
        }
    }

    #[test]
    fn another_site_logs_nobody_in_and_a_program_without_such_headers_does() {
        let told = |name: &'static str, value: &'static str| {
            let request = TestRequest::post().uri("/login").insert_header(("Host", "a:8888"));
            not_from_elsewhere(&request.insert_header((name, value)).to_http_request())
        };
        for site in ["cross-site", "same-site", "nonsense"] {
            assert!(matches!(told("Sec-Fetch-Site", site), Err(ApiError::FromElsewhere)), "{site}");
        }
        for origin in ["https://evil.example", "http://a:8889", "null", ""] {
            assert!(matches!(told("Origin", origin), Err(ApiError::FromElsewhere)), "{origin}");
        }
        assert!(told("Sec-Fetch-Site", "same-origin").is_ok() && told("Sec-Fetch-Site", "none").is_ok());
        assert!(told("Origin", "http://a:8888").is_ok() && told("Accept", "*/*").is_ok());
    }

    #[test]
    fn the_token_of_the_session_is_a_proof_and_another_is_none_even_from_our_pages() {
        assert!(verdict(TestRequest::post().insert_header(("X-CSRF-Token", "right"))).is_ok());
        let wrong = TestRequest::post().insert_header(("X-CSRF-Token", "wrong"));
        assert!(verdict(wrong.insert_header(("Sec-Fetch-Site", "same-origin"))).is_err());
    }

    #[test]
    fn what_the_browser_says_about_the_site_decides() {
        assert!(verdict(TestRequest::put().insert_header(("Sec-Fetch-Site", "same-origin"))).is_ok());
        for site in ["cross-site", "same-site", "none"] {
            assert!(verdict(TestRequest::put().insert_header(("Sec-Fetch-Site", site))).is_err(), "{site}");
        }
    }

    #[test]
    fn without_that_word_the_origin_must_be_our_host() {
        let from = |origin| TestRequest::delete().insert_header(("Host", "a:8888")).insert_header(("Origin", origin));
        assert!(verdict(from("http://a:8888")).is_ok());
        assert!(verdict(from("http://b:8888")).is_err());
        assert!(verdict(from("null")).is_err());
    }
}
