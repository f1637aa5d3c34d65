//! What serde says about a value of the wrong shape, said as a person would: the field, what stands there, what to give instead,
//! in both languages. serde hands out its findings as text only, so this reads the few sentences that serde itself writes; any
//! other sentence is passed on as it is.

use crate::error::FieldError;

/// What chrono says of a text that is no moment.
const NO_MOMENT: [&str; 6] = [
    "input is out of range",
    "no possible date and time matching input",
    "input is not enough for unique date and time",
    "input contains invalid characters",
    "premature end of input",
    "trailing input",
];

/// The wrong field; `path` is where serde stopped, `.` for the value as a whole.
pub(super) fn wrong_field(path: &str, error: &serde_json::Error) -> FieldError {
    let said = error.to_string();
    let said = said.split_once(" at line ").map_or(said.as_str(), |(what, _)| what);
    let path = if path == "." { "" } else { path };
    if let Some(name) = quoted(said, "missing field ") {
        return found(
            &joined(path, name),
            "required",
            "is missing; it must be given".into(),
            "缺少该字段，必须填写".into(),
        );
    }
    if let Some(name) = quoted(said, "duplicate field ") {
        return found(&joined(path, name), "duplicate", "is given twice".into(), "该字段重复出现".into());
    }
    if let Some(name) = quoted(said, "unknown field ") {
        let known = expected(said).unwrap_or("no field at all");
        let (en, zh) = (
            format!("is not a field of this request; known: {known}"),
            format!("不是该请求的字段，可用字段：{}", listed_zh(known)),
        );
        return found(&last_joined(path, name), "unknown_field", en, zh);
    }
    if let Some(value) = quoted(said, "unknown variant ") {
        let known = expected(said).unwrap_or_default();
        let (en, zh) = (
            format!("{value:?} is not a known word; use {known}"),
            format!("“{value}”不是可用的取值，请使用 {}", listed_zh(known)),
        );
        return found(path, "unknown_word", en, zh);
    }
    match expected(said) {
        Some(kind) => {
            let (en, zh) = kind_words(kind);
            found(path, "type", format!("must be {en}"), format!("应为{zh}"))
        }
        None if NO_MOMENT.contains(&said) => found(
            path,
            "type",
            "is no moment; write RFC 3339 such as 2026-11-22T08:00:00Z".into(),
            "不是有效时刻，请使用 RFC 3339 格式，例如 2026-11-22T08:00:00Z".into(),
        ),
        None => found(path, "type", said.to_owned(), format!("格式不正确：{said}")),
    }
}

fn found(field: &str, code: &str, detail: String, detail_zh: String) -> FieldError {
    FieldError { field: field.to_owned(), code: code.to_owned(), detail, detail_zh }
}

/// The name in backticks right after `prefix`.
fn quoted<'a>(said: &'a str, prefix: &str) -> Option<&'a str> {
    let (name, _) = said.strip_prefix(prefix)?.strip_prefix('`')?.split_once('`')?;
    Some(name)
}

/// What serde expected: the words after `expected`, without `one of`.
fn expected(said: &str) -> Option<&str> {
    let (_, kind) = said.rsplit_once("expected ")?;
    Some(kind.strip_prefix("one of ").unwrap_or(kind))
}

/// A list of words as Chinese sets them apart.
fn listed_zh(known: &str) -> String {
    known.replace("`, `", "`、`").replace("` or `", "`、`")
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path already ends in the unknown field when serde got as far as its name.
fn last_joined(path: &str, name: &str) -> String {
    if path.rsplit('.').next() == Some(name) { path.to_owned() } else { joined(path, name) }
}

/// A kind of value in words: English, Chinese.
fn kind_words(kind: &str) -> (String, String) {
    let words = match kind {
        "u8" => ("a whole number from 0 to 255", " 0 到 255 的整数"),
        "u16" => ("a whole number from 0 to 65535", " 0 到 65535 的整数"),
        "u32" | "u64" | "usize" => ("a whole number, 0 or more", "不小于 0 的整数"),
        "i16" | "i32" | "i64" => ("a whole number", "整数"),
        "f32" | "f64" => ("a number", "数字"),
        "a boolean" | "`true` or `false`" => ("true or false", " true 或 false"),
        "a string" | "a borrowed string" => ("a text", "文本"),
        "a sequence" => ("a list", "数组"),
        // serde does not say here which they are; where a text is no known word it does.
        "value" | "string or map" => (
            "one of the known words, which any other text is answered with",
            "可用的取值之一（填写任意其他文本时会列出全部取值）",
        ),
        _ if kind.starts_with("struct ") || kind == "a map" => ("an object", "对象"),
        _ => return (kind.to_owned(), format!(" {kind}")),
    };
    (words.0.to_owned(), words.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the shapes matter")]
    struct Request {
        limit: u16,
        #[serde(default)]
        word: Word,
        #[serde(default)]
        inner: Vec<Inner>,
        #[serde(default)]
        since: Option<chrono::DateTime<chrono::Utc>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the shapes matter")]
    struct Inner {
        name: String,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        #[default]
        First,
        Second,
    }

    fn refused(text: &str) -> (String, String, String) {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let error = serde_path_to_error::deserialize::<_, Request>(value).unwrap_err();
        let found = wrong_field(&error.path().to_string(), error.inner());
        assert!(!found.detail_zh.is_empty() && !found.detail_zh.contains(", "), "{}", found.detail_zh);
        (found.field, found.code, found.detail)
    }

    #[test]
    fn a_missing_field_is_named_where_it_is_missing() {
        let told = |field: &str| (field.into(), "required".into(), "is missing; it must be given".into());
        assert_eq!(refused("{}"), told("limit"));
        assert_eq!(refused(r#"{"limit": 1, "inner": [{}]}"#), told("inner[0].name"));
    }

    #[test]
    fn an_unknown_field_is_answered_with_the_known_ones() {
        let (field, code, detail) = refused(r#"{"limit": 1, "limmit": 2}"#);
        assert_eq!((field.as_str(), code.as_str()), ("limmit", "unknown_field"));
        assert!(detail.contains("`limit`") && detail.contains("`word`"), "{detail}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_answered_with_the_right_kind() {
        assert_eq!(refused(r#"{"limit": "x"}"#).2, "must be a whole number from 0 to 65535");
        assert_eq!(refused(r#"{"limit": 70000}"#).2, "must be a whole number from 0 to 65535");
        assert_eq!(refused(r#"{"limit": 1, "inner": {}}"#).2, "must be a list");
        let (field, code, detail) = refused(r#"{"limit": 1, "word": "third"}"#);
        assert_eq!((field.as_str(), code.as_str()), ("word", "unknown_word"));
        assert_eq!(detail, "\"third\" is not a known word; use `first` or `second`");
    }

    #[test]
    fn what_is_no_moment_is_answered_with_the_form_of_one() {
        for text in
            ["yesterday", "", "2026-11-22", "2026-13-22T08:00:00Z", "2026-11-22T08:00:00", "2026-11-22T08:00:00Zz"]
        {
            let (field, code, detail) = refused(&format!(r#"{{"limit": 1, "since": "{text}"}}"#));
            assert_eq!((field.as_str(), code.as_str()), ("since", "type"));
            assert_eq!(detail, "is no moment; write RFC 3339 such as 2026-11-22T08:00:00Z", "{text}");
        }
    }
}
