//! What the YAML reader finds wrong, said to somebody who writes a configuration and has never heard of its types.
//! No sentence shows a value: the line may hold a password.

use super::locate::suggestion;
use serde_saphyr::Error;

/// What is wrong with `key` (the whole path of the key on the line; may be empty) and what to do.
pub(super) fn problem(error: &Error, key: &str) -> String {
    let said = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            return format!("{} is not a known key{}", whole_key(key, field), suggestion(field, expected));
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("{variant:?} is not a known value; use {}", expected.join(", "))
        }
        Error::InvalidScalar { ty, .. } => format!("give {}", kind(ty)),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("give {}", kind(expected))
        }
        Error::DuplicateMappingKey { .. } => "stands here for the second time; keep one of them".to_owned(),
        Error::Unexpected { expected: "mapping start", .. } => {
            "takes keys of its own: write them below it, indented, or leave the whole section out".to_owned()
        }
        Error::Unexpected { expected: "sequence start", .. } => list(key).to_owned(),
        Error::Unexpected { expected: "string scalar", .. } | Error::NullIntoString { .. } => {
            "give one text, in quotes where it begins with a mark".to_owned()
        }
        Error::Unexpected { expected, .. } => format!("expected {expected} here"),
        Error::SerdeMissingField { field, .. } => format!("{field} is missing; write it beside the other keys here"),
        // As it is: what it says otherwise has the place once more.
        Error::Message { msg, .. } => first_line(msg).to_owned(),
        other => first_line(&other.to_string()).to_owned(),
    };
    if key.is_empty() { said } else { format!("{key}: {said}") }
}

/// The line's key when it is the unknown one, else the unknown one alone.
fn whole_key(on_line: &str, field: &str) -> String {
    let is_it = on_line.rsplit('.').next() == Some(field);
    if is_it { on_line.to_owned() } else { field.to_owned() }
}

/// What a list looks like.
fn list(key: &str) -> &'static str {
    if key.ends_with("executors") {
        "give a list, such as [billing]"
    } else {
        "give a list: below the key a line for each entry, with a dash before it"
    }
}

/// A type in words.
pub(super) fn kind(ty: &str) -> &str {
    match ty {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "floating point" | "f64" => "a number",
        "boolean" | "a boolean" => "true or false",
        "string" | "a string" => "a text",
        other => other,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
