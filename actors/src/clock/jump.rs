//! Noticing that the wall clock was set, or that the machine slept: the steady clock tells how much time really passed.
//!
//! Nothing depends on this but a line in the log: whoever waits for a moment of the wall clock looks at it at least once a
//! second, and spans (timeouts, pauses) are measured by the steady clock.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// A difference up to this is the ordinary drift of two clocks, or of two readings.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// What both clocks showed last.
pub(crate) struct JumpWatch {
    wall: DateTime<Utc>,
    steady: Instant,
}

impl JumpWatch {
    pub(crate) fn new(wall: DateTime<Utc>, steady: Instant) -> JumpWatch {
        JumpWatch { wall, steady }
    }

    /// By how much the wall clock jumped since the last look, forward or back; `None`: it did not.
    pub(crate) fn look(&mut self, wall: DateTime<Utc>, steady: Instant) -> Option<TimeDelta> {
        let passed = TimeDelta::from_std(steady.saturating_duration_since(self.steady)).unwrap_or(TimeDelta::MAX);
        let jump = wall.signed_duration_since(self.wall).checked_sub(&passed)?;
        (self.wall, self.steady) = (wall, steady);
        (jump.abs() > TOLERANCE).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_jump_is_told_once_with_its_direction_and_drift_is_none() {
        let (wall, steady) = (DateTime::from_timestamp(1_800_000_000, 0).unwrap(), Instant::now());
        let mut watch = JumpWatch::new(wall, steady);
        let at = |seconds: i64| wall + TimeDelta::seconds(seconds);
        let after = |seconds: u64| steady + Duration::from_secs(seconds);
        assert_eq!(watch.look(at(11), after(10)), None);
        assert_eq!(watch.look(at(112), after(11)), Some(TimeDelta::seconds(100)));
        assert_eq!(watch.look(at(113), after(12)), None);
        assert_eq!(watch.look(at(14), after(13)), Some(TimeDelta::seconds(-100)));
    }
}
