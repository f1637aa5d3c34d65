//! Spans of time as people write and read them: `30s`, `1h30m` in forms; `690 ms`, `1 min 12 s` on pages.
//!
//! Nothing here knows calendars; a day is 24 hours.

use super::Words;
use hzm_job_scheduler::describe::Language;

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a span of a form, in milliseconds; empty text and `0` are zero. `None`: it is no span.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || text == "0" {
        return Some(0);
    }
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, next) = after.split_at_checked(letters)?;
        let millis = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(millis)?)?;
        rest = next;
    }
    Some(total)
}

/// A span as a form shows it, so that [`parse`] reads the same again; zero is `0`.
pub(crate) fn compact(millis: u64) -> String {
    let mut rest = millis;
    let mut text = String::new();
    for (name, unit) in UNITS {
        let count = rest / unit;
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
            rest %= unit;
        }
    }
    if text.is_empty() { "0".to_owned() } else { text }
}

impl Words {
    /// A duration for reading: the two largest units, milliseconds only below a second.
    pub(crate) fn duration(&self, millis: i64) -> String {
        let millis = millis.max(0);
        if millis < 1_000 {
            return match self.language {
                Language::En => format!("{millis} ms"),
                Language::Zh => format!("{millis} 毫秒"),
            };
        }
        if millis < 10_000 {
            return format!("{}.{} {}", millis / 1_000, millis % 1_000 / 100, self.pick("s", "秒"));
        }
        let seconds = millis / 1_000;
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        let parts = [
            (days, self.pick("d", "天")),
            (hours, self.pick("h", "小时")),
            (minutes, self.pick("min", "分")),
            (seconds % 60, self.pick("s", "秒")),
        ];
        let from = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
        let shown = parts.iter().skip(from).take(2).filter(|(count, _)| *count > 0);
        shown.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
    }

    /// How far a moment lies from now, for less than a day; `None` beyond. `offset_ms` is positive for the future.
    pub(crate) fn relative(&self, offset_ms: i64) -> Option<String> {
        let seconds = offset_ms.unsigned_abs() / 1_000;
        let span = match seconds {
            0 => return Some(self.c.now.to_owned()),
            1..60 => fill(self.c.second, seconds),
            60..3_600 => fill(self.c.minute, seconds / 60),
            3_600..86_400 => fill(self.c.hour, seconds / 3_600),
            _ => return None,
        };
        let frame = if offset_ms > 0 { self.c.ahead } else { self.c.ago };
        Some(frame.replacen("{}", &span, 1))
    }
}

/// Puts a number into the place of `{}`.
fn fill(pattern: &str, number: u64) -> String {
    pattern.replacen("{}", &number.to_string(), 1)
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn a_span_that_a_form_shows_is_read_as_the_same() {
        for millis in [0, 1, 999, 1_000, 5_400_000, 86_400_000, 90_061_001] {
            assert_eq!(parse(&compact(millis)), Some(millis), "{}", compact(millis));
        }
        assert_eq!(parse("90s"), Some(90_000));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["s", "10", "-5s", "1h 30m", "1.5h", "5x", "99999999999999999999d", "١s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown: Vec<String> = [690, 1_540, 72_000, 3_600_000, 90_000_000]
            .iter()
            .map(|millis| words(Language::En).duration(*millis))
            .collect();
        assert_eq!(shown, ["690 ms", "1.5 s", "1 min 12 s", "1 h", "1 d 1 h"]);
        assert_eq!(words(Language::Zh).duration(72_000), "1 分 12 秒");
    }

    #[test]
    fn what_is_less_than_a_day_away_is_told_relative_to_now() {
        let (en, zh) = (words(Language::En), words(Language::Zh));
        assert_eq!(en.relative(51_000).as_deref(), Some("in 51 s"));
        assert_eq!(zh.relative(-180_000).as_deref(), Some("3 分钟前"));
        assert_eq!(en.relative(86_400_000), None);
    }
}
