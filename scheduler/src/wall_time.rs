//! What a wall-clock time means in a zone: one instant, two, or none.
//!
//! Built on chrono-tz's own tables; this file only adds the end of a gap and the instant of the change behind a repeat.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// The instants at which a zone's clocks show one wall-clock time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instants {
    /// The usual case.
    One(DateTime<Utc>),
    /// The clocks were set back over it.
    Two {
        /// Before the change.
        first: DateTime<Utc>,
        /// After the change.
        second: DateTime<Utc>,
    },
    /// The clocks were set forward over it.
    Gap {
        /// The first instant after the change.
        end: DateTime<Utc>,
    },
}

/// The instants of the wall-clock time `local`.
pub(crate) fn instants(zone: Tz, local: NaiveDateTime) -> Instants {
    match zone.offset_from_local_datetime(&local) {
        MappedLocalTime::Single(offset) => Instants::One(minus(local, offset.fix().local_minus_utc())),
        MappedLocalTime::Ambiguous(one, other) => {
            let one = minus(local, one.fix().local_minus_utc());
            let other = minus(local, other.fix().local_minus_utc());
            Instants::Two { first: one.min(other), second: one.max(other) }
        }
        MappedLocalTime::None => Instants::Gap { end: gap_end(zone, local) },
    }
}

/// What the zone's clocks show at `instant`.
pub(crate) fn local(zone: Tz, instant: DateTime<Utc>) -> NaiveDateTime {
    instant.naive_utc() + TimeDelta::seconds(offset_at(zone, instant))
}

/// Seconds the zone's clocks are ahead of UTC at `instant`.
pub(crate) fn offset_at(zone: Tz, instant: DateTime<Utc>) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
}

fn minus(local: NaiveDateTime, seconds_ahead: i32) -> DateTime<Utc> {
    (local - TimeDelta::seconds(i64::from(seconds_ahead))).and_utc()
}

fn gap_end(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let known = GapInfo::new(&local, &zone).and_then(|gap| gap.end);
    known.map_or_else(|| local.and_utc(), |end| end.to_utc())
}

/// A stretch of wall-clock times that the clocks show twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// The first wall-clock time that comes twice.
    pub(crate) from: NaiveDateTime,
    /// The first one after `from` that does not.
    pub(crate) until: NaiveDateTime,
    /// Seconds ahead of UTC in the first pass.
    first_offset: i64,
    /// Seconds ahead of UTC in the second pass.
    second_offset: i64,
}

impl Repeat {
    /// The instant of a wall-clock time in the first pass.
    pub(crate) fn first_pass(&self, local: NaiveDateTime) -> DateTime<Utc> {
        (local - TimeDelta::seconds(self.first_offset)).and_utc()
    }

    /// The instant of a wall-clock time in the second pass.
    pub(crate) fn second_pass(&self, local: NaiveDateTime) -> DateTime<Utc> {
        (local - TimeDelta::seconds(self.second_offset)).and_utc()
    }
}

/// The repeat in whose first pass `instant` lies, if it does.
pub(crate) fn repeat_around(zone: Tz, instant: DateTime<Utc>) -> Option<Repeat> {
    match instants(zone, local(zone, instant)) {
        Instants::Two { first, second } if instant < second => Some(repeat_between(zone, first, second)),
        _ => None,
    }
}

/// The repeat that shows one wall-clock time at the instants `first` and `second`.
pub(crate) fn repeat_between(zone: Tz, first: DateTime<Utc>, second: DateTime<Utc>) -> Repeat {
    let (first_offset, second_offset) = (offset_at(zone, first), offset_at(zone, second));
    // The change lies in (before, change]; changes happen on whole seconds.
    let (mut before, mut change) = (first.timestamp(), second.timestamp());
    while change - before > 1 {
        let middle = before + (change - before) / 2;
        let is_before = DateTime::from_timestamp(middle, 0).is_some_and(|at| offset_at(zone, at) == first_offset);
        if is_before { before = middle } else { change = middle }
    }
    let change = DateTime::from_timestamp(change, 0).unwrap_or(second).naive_utc();
    Repeat {
        from: change + TimeDelta::seconds(second_offset),
        until: change + TimeDelta::seconds(first_offset),
        first_offset,
        second_offset,
    }
}
