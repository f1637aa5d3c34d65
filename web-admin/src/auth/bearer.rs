//! The tokens of programs: `hzm_` and 32 random bytes in base64url, so that a leaked one is recognised by those who look for such.

use super::random_secret;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

/// What each token begins with.
const PREFIX: &str = "hzm_";
/// Longer ones are none of ours.
const LONGEST: usize = 128;

/// A new token.
///
/// # Errors
/// When the operating system has no random numbers.
pub fn random_token() -> Result<String, getrandom::Error> {
    Ok(format!("{PREFIX}{}", random_secret()?))
}

/// The token that a request brings, if it brings any: whatever follows `Bearer`, also when it is none of ours, so that a wrong one
/// is refused rather than overlooked.
pub(crate) fn of(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim()).map(|token| if token.len() <= LONGEST { token } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn brought(value: &str) -> Option<String> {
        let request = TestRequest::get().insert_header(("Authorization", value)).to_http_request();
        of(&request).map(str::to_owned)
    }

    #[test]
    fn a_token_is_what_follows_the_word() {
        assert_eq!(brought("Bearer hzm_x").as_deref(), Some("hzm_x"));
        assert_eq!(brought("bearer  hzm_x ").as_deref(), Some("hzm_x"));
        assert_eq!(brought(&format!("Bearer {}", "x".repeat(129))).as_deref(), Some(""));
        assert_eq!(brought("Basic YWRtaW46MQ=="), None);
        assert_eq!(brought("Bearer").as_deref(), Some(""));
    }

    #[test]
    fn two_tokens_differ_and_say_what_they_are() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert!(one != other && one.starts_with("hzm_") && one.len() == 47);
    }
}
