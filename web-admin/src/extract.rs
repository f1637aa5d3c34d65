//! What of a request is read, and how: bodies, path segments, query texts, cursors; each mistake becomes an [`ApiError`]
//! that says what is wrong where.

mod query;
mod shape;

pub use query::{Nothing, Query};

use crate::edge::slow::{is_late, patience};
use crate::error::ApiError;
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{Error, FromRequest, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::LocalBoxFuture;
use hzm_job_scheduler::ids::LARGEST_ID;
use hzm_job_store::Cursor;
use serde::de::DeserializeOwned;

/// The largest body of a request, in bytes: 1 MiB.
pub const LARGEST_BODY: usize = 1 << 20;

/// The errors of actix's own extractors, turned into ours.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::no_such("object").into()))
        .app_data(web::PayloadConfig::new(LARGEST_BODY));
}

/// A body of JSON, at most [`LARGEST_BODY`] long. An empty body is read as `{}`, for calls whose fields are all optional.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Body<T>, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let bytes = limited(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            if !is_json && !bytes.is_empty() {
                return Err(ApiError::UnsupportedMediaType);
            }
            let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
            from_json(text).map(Body)
        })
    }
}

/// The bytes of a body, at most [`LARGEST_BODY`] of them, and within `http.bodyTimeout`.
pub(crate) fn limited(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, ApiError>> + use<> {
    let payload = web::Payload::from_request(request, payload).into_inner();
    let within = patience(request.app_data::<web::Data<App>>());
    async move {
        let payload = payload.map_err(|error| ApiError::Malformed(error.to_string()))?;
        match tokio::time::timeout(within, payload.to_bytes_limited(LARGEST_BODY)).await {
            Ok(Ok(Ok(bytes))) => Ok(bytes),
            Ok(Ok(Err(error))) if is_late(&error) => Err(ApiError::TooSlow(within.as_secs())),
            Ok(Ok(Err(error))) => {
                Err(ApiError::Malformed(format!("the body did not arrive whole: {}", breach(&error))))
            }
            Ok(Err(_)) => Err(ApiError::TooLarge { most: LARGEST_BODY }),
            Err(_) => Err(ApiError::TooSlow(within.as_secs())),
        }
    }
}

/// What broke a body off, in plain words where the server below has only those of a debugger.
fn breach(error: &Error) -> String {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Incomplete(None)) => "the connection ended before the body did".to_owned(),
        Some(PayloadError::Incomplete(Some(why))) => why.to_string(),
        _ => error.to_string(),
    }
}

/// Reads JSON; a value of the wrong kind is reported as the field it stands in.
///
/// # Errors
/// [`ApiError::Malformed`] for what is no JSON, [`ApiError::Fields`] for a wrong field.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.into_inner());
        match inner.classify() {
            serde_json::error::Category::Data => wrong_field(&path, &inner),
            // A word where a number stands is no data error to serde; the text may be JSON all the same.
            _ if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() => wrong_field(&path, &inner),
            _ => ApiError::Malformed(format!("the body is not JSON: {inner}")),
        }
    })?;
    reader.end().map_err(|error| ApiError::Malformed(format!("the body is not one JSON value: {error}")))?;
    Ok(value)
}

/// Reads a value that is JSON already.
///
/// # Errors
/// [`ApiError::Fields`].
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value).map_err(|error| wrong_field(&error.path().to_string(), error.inner()))
}

fn wrong_field(path: &str, error: &serde_json::Error) -> ApiError {
    ApiError::Fields(vec![shape::wrong_field(path, error)])
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

/// A cursor as clients see it: opaque, to be sent back as it came.
#[must_use]
pub fn cursor_text(cursor: Cursor) -> String {
    let plain = match cursor {
        Cursor::Newest => "n".to_owned(),
        Cursor::Before(id) => format!("b{id}"),
        Cursor::After(id) => format!("a{id}"),
    };
    URL_SAFE_NO_PAD.encode(plain)
}

/// Reads a cursor back; none is the beginning of the list.
///
/// # Errors
/// [`ApiError::Malformed`] for a text that no list ever answered.
pub fn cursor_of(text: Option<&str>) -> Result<Cursor, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Cursor::Newest) };
    let refusal = || ApiError::Malformed("cursor is none that a list answered; leave it out to begin anew".to_owned());
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refusal())?;
    let plain = String::from_utf8(bytes).map_err(|_| refusal())?;
    let id = |digits: &str| digits.parse::<i64>().ok().filter(|id| (0..=LARGEST_ID).contains(id)).ok_or_else(refusal);
    match plain.split_at_checked(1) {
        Some(("n", "")) => Ok(Cursor::Newest),
        Some(("b", digits)) => id(digits).map(Cursor::Before),
        Some(("a", digits)) => id(digits).map(Cursor::After),
        _ => Err(refusal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_out() {
        for cursor in [Cursor::Newest, Cursor::Before(7), Cursor::After(LARGEST_ID)] {
            assert_eq!(cursor_of(Some(&cursor_text(cursor))).unwrap(), cursor);
        }
        assert_eq!(cursor_of(None).unwrap(), Cursor::Newest);
    }

    #[test]
    fn a_cursor_that_no_list_answered_is_refused() {
        for text in ["7", "%%%", "Yg", "Yi0x", &URL_SAFE_NO_PAD.encode("b99999999999999999999"), &"x".repeat(10_000)] {
            assert!(cursor_of(Some(text)).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_cut_is_told_of_in_plain_words() {
        use actix_web::web::Bytes;
        use futures_util::stream::{self, StreamExt};
        let pieces = stream::iter([Ok(Bytes::from_static(b"{")), Err(PayloadError::Incomplete(None))]);
        let mut payload = Payload::Stream { payload: pieces.boxed_local() };
        let request = actix_web::test::TestRequest::default().to_http_request();
        let told = limited(&request, &mut payload).await.unwrap_err().to_string();
        assert!(told.contains("the connection ended before the body did") && !told.contains("None"), "{told}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_by_its_path() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "only its type matters")]
            inner: Vec<u8>,
        }
        let Err(ApiError::Fields(fields)) = from_json::<Outer>(br#"{"inner": [1, "x"]}"#) else { panic!("refused") };
        assert_eq!(fields.first().unwrap().field, "inner[1]");
        assert!(matches!(from_json::<Outer>(b"{"), Err(ApiError::Malformed(_))));
        assert!(matches!(from_json::<Outer>(br#"{"inner": []} x"#), Err(ApiError::Malformed(_))));
    }
}
