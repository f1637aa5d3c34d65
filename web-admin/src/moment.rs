//! Moments in addresses: RFC 3339, epoch milliseconds, or, where a zone is known, what its clocks show.
//!
//! Limits: 1970 to 2199, so that no arithmetic on a moment that a stranger sent can leave the range of dates.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The first second after what is read: 2200-01-01.
const END: i64 = 7_258_118_400;

/// How people write what clocks show.
const FORMS: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

/// Why a text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is written in no known way, or lies outside the limits.
    Malformed,
    /// The zone's clocks never show it: they were set forward over it.
    Skipped,
}

/// What is odd about a wall-clock time, by the zone it is meant in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// The clocks never show it; this is the moment at which they went on.
    Skipped,
    /// They show it twice; this is the second time.
    Twice(DateTime<Utc>),
}

/// Reads a moment by a zone's clocks and says what is odd about it: one that they never show means the moment at which they
/// were set forward, one that they show twice the first.
pub(crate) fn read_noted(text: &str, zone: Tz) -> Result<(DateTime<Utc>, Option<Oddity>), Unreadable> {
    let local = || FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok());
    match (read(text, Some(zone)), local().map(|local| zone.from_local_datetime(&local))) {
        (Ok(at), Some(MappedLocalTime::Ambiguous(_, second))) => Ok((at, Some(Oddity::Twice(second.to_utc())))),
        (Err(Unreadable::Skipped), _) => {
            let at = local().and_then(|local| gap_end(local, zone)).ok_or(Unreadable::Skipped)?;
            Ok((at, Some(Oddity::Skipped)))
        }
        (read, _) => read.map(|at| (at, None)),
    }
}

/// The moment at which the clocks of a zone went on after they skipped `local`: no gap is longer than a day.
fn gap_end(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let minutes = (1..=24 * 60).map(TimeDelta::minutes);
    let start = chrono::DurationRound::duration_trunc(local, TimeDelta::minutes(1)).ok()?;
    minutes
        .filter_map(|later| zone.from_local_datetime(&start.checked_add_signed(later)?).earliest())
        .next()
        .map(|at| at.to_utc())
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
    let local = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
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

    #[test]
    fn what_is_odd_about_a_time_is_said_and_it_still_means_a_moment() {
        let noted = |text: &str| read_noted(text, Tz::Europe__Berlin).map(|(at, odd)| (at.to_rfc3339(), odd));
        assert_eq!(noted("2026-03-29T02:30:00"), Ok(("2026-03-29T01:00:00+00:00".to_owned(), Some(Oddity::Skipped))));
        let second = "2026-10-25T01:30:00Z".parse().unwrap();
        assert_eq!(
            noted("2026-10-25T02:30:00"),
            Ok(("2026-10-25T00:30:00+00:00".to_owned(), Some(Oddity::Twice(second))))
        );
        assert_eq!(noted("2026-11-22T09:00:00"), Ok(("2026-11-22T08:00:00+00:00".to_owned(), None)));
        assert_eq!(noted("tea time"), Err(Unreadable::Malformed));
    }
}
