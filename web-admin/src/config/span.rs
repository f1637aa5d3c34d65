//! Lengths of time in the configuration: a whole number and a unit, such as `500ms`, `75s`, `30m`, `12h`, `7d`.

use chrono::TimeDelta;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// The longest length of time: ten years, in milliseconds.
const LONGEST_MS: i64 = 3_650 * 86_400_000;

const UNITS: [(&str, i64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Writes the largest unit that leaves a whole number.
pub(super) fn serialize<S: Serializer>(span: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
    let millis = span.num_milliseconds();
    let (unit, size) = UNITS.into_iter().rev().find(|(_, size)| millis % size == 0).unwrap_or(("ms", 1));
    serializer.serialize_str(&format!("{}{unit}", millis / size))
}

/// Reads a length of time.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| {
        D::Error::custom(format!("{:?} is not a length of time; write it like 30s, 15m, 12h or 7d", short(&text)))
    })
}

fn parse(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let end = text.find(|found: char| !found.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let size = UNITS.into_iter().find(|(name, _)| *name == unit)?.1;
    let millis = number.parse::<i64>().ok()?.checked_mul(size).filter(|millis| *millis <= LONGEST_MS)?;
    TimeDelta::try_milliseconds(millis)
}

fn short(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        let read: Vec<i64> = ["5ms", "5s", "5m", "5h", "5d"].map(|text| parse(text).unwrap().num_milliseconds()).into();
        assert_eq!(read, [5, 5_000, 300_000, 18_000_000, 432_000_000]);
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in ["", "5", "h", "-5s", "5 s", "1.5h", "5w", "99999999999999999999d", "99999999d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
