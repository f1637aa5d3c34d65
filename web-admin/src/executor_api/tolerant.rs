//! Bodies that are not quite right and whose meaning is plain all the same. A result that is refused for its spelling is lost
//! for good, so it is read where it can be.
//!
//! What JavaScript writes for half of an emoji (`"\ud800"`, a surrogate without its other half) and bytes that are no UTF-8
//! become U+FFFD, as other clients write them themselves; a code that no 32 bits hold becomes the nearest one that they do.
//! A body that is right is read once and never looked at here.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The field of a result that has to fit into 32 bits.
const CODE: &str = "handlerCode";

/// Reads a body; the error is that of the body as it came.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).or_else(|strict| again(bytes).ok_or(strict))
}

fn again<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut body: Value = serde_json::from_str(&with_whole_characters(&String::from_utf8_lossy(bytes))).ok()?;
    bound_codes(&mut body);
    serde_json::from_value(body).ok()
}

/// The codes of a result, and of the results in a list.
fn bound_codes(body: &mut Value) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(bound_codes),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match bounded(value) {
            Some(code) if name == CODE => *value = code.into(),
            _ => bound_codes(value),
        }),
        _ => {}
    }
}

/// A whole number as near as 32 bits come to it.
fn bounded(value: &Value) -> Option<i32> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    // A cast from float saturates.
    Some(number as i32)
}

/// JSON whose escapes of single surrogates are replaced.
fn with_whole_characters(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.split_once('\\') {
        whole.push_str(before);
        let (kept, left) = match (surrogate(escape), escape.get(5..).and_then(|next| next.strip_prefix('\\'))) {
            (Some(0xD800..=0xDBFF), Some(next)) if matches!(surrogate(next), Some(0xDC00..=0xDFFF)) => {
                escape.split_at_checked(11).unwrap_or((escape, ""))
            }
            (Some(_), _) => ("ufffd", escape.get(5..).unwrap_or_default()),
            // Whatever is escaped is taken along, a backslash above all.
            (None, _) => {
                escape.split_at_checked(escape.chars().next().map_or(0, char::len_utf8)).unwrap_or((escape, ""))
            }
        };
        whole.push('\\');
        whole.push_str(kept);
        rest = left;
    }
    whole.push_str(rest);
    whole
}

/// The surrogate that an escape (without its backslash) begins with.
fn surrogate(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    u32::from_str_radix(digits, 16).ok().filter(|code| (0xD800..=0xDFFF).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_protocol::hzm::Callback;

    fn message(json: &str) -> Option<String> {
        let body = format!(r#"{{"logId":7,"handlerCode":500,"handlerMsg":"{json}"}}"#);
        read::<Callback>(body.as_bytes()).ok()?.handler_msg
    }

    #[test]
    fn half_a_character_is_replaced_and_whole_ones_stay() {
        for (written, is_read) in [
            (r"cut \ud83d", "cut \u{fffd}"),
            (r"\ud83d\ude00 and \ude00\ud83d", "😀 and \u{fffd}\u{fffd}"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\uD800\n\\ud800 \u754c", "\u{fffd}\n\\ud800 界"),
            (r"\ud800x", "\u{fffd}x"),
        ] {
            assert_eq!(message(written).as_deref(), Some(is_read), "{written}");
        }
        assert_eq!(message(r"\ud8"), None, "that is no escape");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let body = b"{\"logId\":7,\"handlerCode\":500,\"handlerMsg\":\"a\xff\"}";
        assert_eq!(read::<Callback>(body).unwrap().handler_msg.as_deref(), Some("a\u{fffd}"));
    }

    #[test]
    fn a_code_beyond_32_bits_becomes_the_nearest_one() {
        let code = |number: &str| {
            read::<Callback>(format!(r#"{{"logId":7,"handlerCode":{number}}}"#).as_bytes())
                .map(|call| call.handler_code)
        };
        for (written, is_read) in [
            ("200", 200),
            ("3000000000", i32::MAX),
            ("-3000000000", i32::MIN),
            ("1e300", i32::MAX),
            ("18446744073709551615", i32::MAX),
        ] {
            assert_eq!(code(written).unwrap(), is_read, "{written}");
        }
        assert!(code("1.5").is_err() && code("\"200\"").is_err() && code("null").is_err());
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_its_own_words() {
        let error = read::<Callback>(br#"{"handlerCode":3000000000,"handlerMsg":"\ud800"}"#).unwrap_err();
        assert!(error.to_string().contains("handlerCode") || error.to_string().contains("i32"), "{error}");
    }
}
