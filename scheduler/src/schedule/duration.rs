//! Durations as Go writes them: `30s`, `1h30m`, `1.5h`, `500ms`.
//!
//! Units: `ms`, `s`, `m`, `h`, and `d` for 24 hours, which Go does not know. Whole milliseconds are kept; a finer part is
//! cut off. No sign, no blanks.

use crate::schedule_problem::ScheduleProblem;
use chrono::TimeDelta;

/// The shortest rate or delay: this scheduler is not made for firing by the millisecond.
const SHORTEST_MS: u64 = 1_000;
/// The longest rate or delay: ten years of 365 days.
const LONGEST_MS: u64 = 3_650 * 86_400_000;

/// Reads a rate or a delay.
///
/// # Errors
/// Text that is no duration, or one outside of one second to ten years.
pub(super) fn parse(text: &str) -> Result<TimeDelta, ScheduleProblem> {
    let bad = || ScheduleProblem::BadDuration { text: text.to_owned() };
    let mut rest = text;
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let (part_ms, after) = part(rest).ok_or_else(bad)?;
        total_ms = total_ms.saturating_add(part_ms);
        rest = after;
    }
    match total_ms {
        _ if text.is_empty() => Err(bad()),
        ..SHORTEST_MS => Err(ScheduleProblem::DurationTooShort { text: text.to_owned() }),
        SHORTEST_MS..=LONGEST_MS => {
            let span = i64::try_from(total_ms).ok().and_then(TimeDelta::try_milliseconds);
            span.ok_or_else(|| ScheduleProblem::DurationTooLong { text: text.to_owned() })
        }
        _ => Err(ScheduleProblem::DurationTooLong { text: text.to_owned() }),
    }
}

/// One number with its unit, in milliseconds, and what follows it. A number too large to count saturates.
fn part(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (unit_ms, rest) = unit(rest)?;
    let whole_ms = number(whole).saturating_mul(unit_ms);
    Some((whole_ms.saturating_add(share(fraction, unit_ms)), rest))
}

fn unit(text: &str) -> Option<(u64, &str)> {
    // `ms` stands before `m`, which is its beginning.
    const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    UNITS.iter().find_map(|(name, millis)| text.strip_prefix(name).map(|rest| (*millis, rest)))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn number(digits: &str) -> u64 {
    digits.bytes().fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// `0.fraction` of a unit, in whole milliseconds; digits beyond the ninth are worth less than one.
fn share(fraction: &str, unit_ms: u64) -> u64 {
    let kept = fraction.get(..fraction.len().min(9)).unwrap_or("");
    let scale = kept.bytes().fold(1_u64, |scale, _| scale * 10);
    number(kept) * unit_ms / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> i64 {
        parse(text).unwrap().num_milliseconds()
    }

    #[test]
    fn go_durations_mean_what_go_means() {
        let known = [
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("1500ms", 1_500),
            ("1m500ms", 60_500),
            ("1.0001s", 1_000),
            (".5m", 30_000),
            ("2.s", 2_000),
            ("1s1s", 2_000),
            ("2d", 172_800_000),
            ("0.000000277777777778h59s", 59_000),
        ];
        for (text, expected) in known {
            assert_eq!(millis(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "30", "1 h", "-5s", "+5s", "1h-5m", ".s", "1..5s", "1x", "1h30", "١s", "1µs", "1H"] {
            assert_eq!(parse(text).unwrap_err(), ScheduleProblem::BadDuration { text: text.into() }, "{text}");
        }
    }

    #[test]
    fn the_bounds_are_one_second_and_ten_years() {
        assert_eq!(parse("999ms").unwrap_err().code(), "duration_too_short");
        assert_eq!(parse("0s").unwrap_err().code(), "duration_too_short");
        assert_eq!(millis("1s"), 1_000);
        assert_eq!(millis("87600h"), 315_360_000_000);
        assert_eq!(parse("87600h1ms").unwrap_err().code(), "duration_too_long");
        assert_eq!(parse("99999999999999999999999999h").unwrap_err().code(), "duration_too_long");
    }
}
