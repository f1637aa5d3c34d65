//! The rules of `parameters.rs`, one by one.

use super::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Deserialize)]
struct DateRange {
    from: String,
    days: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Speed {
    Slow,
    Fast,
    Exactly(u32),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Shop(u64);

fn parse<P: DeserializeOwned>(text: &str) -> Result<P, String> {
    Parameters::new(Some(text.into())).parse().map_err(|problem| problem.to_string())
}

fn absent<P: DeserializeOwned>() -> Result<P, String> {
    Parameters::new(None).parse().map_err(|problem| problem.to_string())
}

#[test]
fn structs_lists_and_tuples_are_read_as_json() {
    let range = DateRange { from: "2026-11-01".into(), days: 7 };
    assert_eq!(parse(r#"{"from":"2026-11-01","days":7}"#), Ok(range));
    assert_eq!(parse(" [1, 2]\n"), Ok(vec![1, 2]));
    assert_eq!(parse(r#"["a", true]"#), Ok(("a".to_string(), true)));
    assert_eq!(parse(r#"{"a":1}"#), Ok(std::collections::BTreeMap::from([("a".to_string(), 1)])));
}

#[test]
fn numbers_bools_characters_and_enums_are_read_from_their_plain_form() {
    assert_eq!(parse(" 42 "), Ok(42u8));
    assert_eq!(parse("-3"), Ok(-3i64));
    assert_eq!(parse("1.5"), Ok(1.5f64));
    assert_eq!(parse("true"), Ok(true));
    assert_eq!(parse("务"), Ok('务'));
    assert_eq!(parse("17"), Ok(Shop(17)));
    assert_eq!(parse("fast"), Ok(Speed::Fast));
    assert_eq!(parse(r#"{"exactly": 5}"#), Ok(Speed::Exactly(5)));
}

#[test]
fn a_string_is_the_text_as_it_is() {
    for text in ["plain text", " spaced ", "42", r#"{"json": true}"#, r#""quoted""#, "任务"] {
        assert_eq!(parse::<String>(text).as_deref(), Ok(text));
    }
}

#[test]
fn absent_and_empty_text_are_none_for_an_option() {
    assert_eq!(absent::<Option<DateRange>>(), Ok(None));
    assert_eq!(parse::<Option<u8>>(""), Ok(None));
    assert_eq!(parse::<Option<String>>("  "), Ok(None));
    assert_eq!(parse::<Option<u8>>("7"), Ok(Some(7)));
    assert_eq!(absent::<()>(), Ok(()));
}

#[test]
fn absent_text_is_a_clear_error_for_anything_else() {
    let expected = "the parameters do not fit DateRange: the job needs parameters and the admin sent none";
    assert_eq!(absent::<DateRange>().unwrap_err(), expected);
    let generic = parse::<Option<Vec<DateRange>>>("x").unwrap_err();
    assert!(generic.starts_with("the parameters do not fit Option<Vec<DateRange>>: "), "{generic}");
    assert!(parse::<u32>("").unwrap_err().contains("the job needs parameters"));
    assert!(parse::<String>("").unwrap_err().contains("the job needs parameters"));
}

#[test]
fn text_that_does_not_fit_says_what_was_found_where_and_what_was_expected() {
    assert_eq!(
        parse::<DateRange>(r#"{"from":"a","days":"x"}"#).unwrap_err(),
        r#"the parameters do not fit DateRange: invalid type: string "x", expected u32 at line 1 column 22"#
    );
    assert_eq!(
        parse::<DateRange>("last week").unwrap_err(),
        r#"the parameters do not fit DateRange: invalid type: string "last week", expected struct DateRange"#
    );
    let number = parse::<u8>("300").unwrap_err();
    assert_eq!(number, r#"the parameters do not fit u8: invalid type: string "300", expected u8"#);
    let variant = parse::<Speed>("warp").unwrap_err();
    assert!(variant.contains("unknown variant `warp`, expected one of `slow`, `fast`, `exactly`"), "{variant}");
    assert!(parse::<()>("surplus").unwrap_err().contains("expected unit"));
}

#[test]
fn text_after_the_json_is_an_error_and_not_ignored() {
    assert!(parse::<Vec<u8>>("[1] 2").unwrap_err().contains("trailing characters"));
    assert!(parse::<Value>("{} {}").unwrap_err().contains("trailing characters"));
    assert!(parse::<DateRange>(r#"{"from":"a","days":1"#).unwrap_err().contains("EOF"));
}

#[test]
fn a_type_that_takes_anything_gets_json_or_text() {
    assert_eq!(parse(r#"{"a": [1]}"#), Ok(json!({"a": [1]})));
    assert_eq!(parse("42"), Ok(json!("42")));
}

#[test]
fn depth_is_bounded_so_that_hostile_text_cannot_overflow_the_stack() {
    assert!(parse::<Value>(&"[".repeat(100_000)).unwrap_err().contains("recursion limit"));
}
