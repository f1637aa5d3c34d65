//! Moments in addresses: RFC 3339, epoch milliseconds, or, where a zone is known, what its clocks show.
//!
//! Limits: 1970 to 2199, so that no arithmetic on a moment that a stranger sent can leave the range of dates.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The first second after what is read: 2200-01-01.
const END: i64 = 7_258_118_400;

/// Why a text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is written in no known way, or lies outside the limits.
    Malformed,
    /// The zone's clocks never show it: they were set forward over it.
    Skipped,
}

/// Reads a moment. Of a wall-clock time that comes twice, the first one is meant.
pub(crate) fn read(text: &str, zone: Option<Tz>) -> Result<DateTime<Utc>, Unreadable> {
    let text = text.trim();
    let found = match (instant(text), zone) {
        (Some(at), _) => at,
        (None, Some(zone)) => by_clocks(text, zone)?,
        (None, None) => return Err(Unreadable::Malformed),
    };
    if (0..END).contains(&found.timestamp()) { Ok(found) } else { Err(Unreadable::Malformed) }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(millis) = text.parse::<i64>() {
        return DateTime::from_timestamp_millis(millis);
    }
    // In an address a plus that nobody encoded arrives as a blank.
    let mended =
        text.rsplit_once(' ').filter(|(_, offset)| offset.len() <= 5).map(|(at, offset)| format!("{at}+{offset}"));
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    read(text).or_else(|| read(mended.as_deref()?)).map(|at| at.to_utc())
}

fn by_clocks(text: &str, zone: Tz) -> Result<DateTime<Utc>, Unreadable> {
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    match zone.from_local_datetime(&local.ok_or(Unreadable::Malformed)?) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Ok(at.to_utc()),
        MappedLocalTime::None => Err(Unreadable::Skipped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        read(text, Some(Tz::Europe__Berlin)).map_or_else(|error| format!("{error:?}"), |at| at.to_rfc3339())
    }

    #[test]
    fn a_moment_is_read_in_each_way_that_people_write_it() {
        let eight = "2026-11-22T08:00:00+00:00";
        for text in ["2026-11-22T08:00:00Z", "2026-11-22T16:00:00+08:00", "2026-11-22T16:00:00 08:00", "1795334400000"]
        {
            assert_eq!(shown(text), eight, "{text}");
        }
        for text in ["2026-11-22T09:00", "2026-11-22T09:00:00", " 2026-11-22 09:00:00 "] {
            assert_eq!(shown(text), eight, "{text} by the clocks of Berlin");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "now", "2026-13-01T00:00:00Z", "9223372036854775807", "-1", "2200-01-01T00:00:00Z", "08:00"] {
            assert_eq!(read(text, Some(Tz::UTC)), Err(Unreadable::Malformed), "{text}");
        }
        assert_eq!(read("2026-11-22T09:00:00", None), Err(Unreadable::Malformed), "of which zone?");
    }

    #[test]
    fn a_time_that_the_clocks_skip_says_so_and_one_that_comes_twice_means_the_first() {
        assert_eq!(shown("2026-03-29T02:30:00"), "Skipped");
        assert_eq!(shown("2026-10-25T02:30:00"), "2026-10-25T00:30:00+00:00");
    }
}
