//! The query of a request, read into a struct; a wrong parameter is named, with what it may be.

use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use std::future::{Ready, ready};

/// A query of known parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Query<T>, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Query))
    }
}

/// A query without parameters: one that has any is told so, as a misspelt parameter is elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Reads the text behind the question mark.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        // The sentences are serde's own, whatever the format: the JSON error type only carries them.
        let said = serde_json::Error::custom(error.inner());
        let found = super::shape::wrong_field(&error.path().to_string(), &said);
        let name = if found.field.is_empty() { "one of its parameters" } else { &found.field };
        ApiError::Malformed(format!("the query cannot be read: {name}: {}", found.detail))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Wanted {
        enabled: Option<bool>,
        size: u32,
    }

    fn refusal(text: &str) -> String {
        read::<Wanted>(text).unwrap_err().to_string()
    }

    #[test]
    fn parameters_are_read_and_may_be_left_out() {
        assert_eq!(read::<Wanted>("enabled=true&size=3").unwrap(), Wanted { enabled: Some(true), size: 3 });
        assert_eq!(read::<Wanted>("").unwrap(), Wanted::default());
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let told = refusal("size=3&enabled=maybe");
        assert!(told.contains("enabled"), "{told}");
        let told = refusal("size=many");
        assert!(told.contains("size"), "{told}");
        let told = refusal("sise=3");
        assert!(told.contains("sise: is not a field") && told.contains("`size`"), "{told}");
    }
}
