//! How long a silent run is waited for whose node cannot be asked about it.
//!
//! The original's executors report a run once, three times within a millisecond; when nobody listens just then, the report
//! is lost for good and the run would block its job for ever. How long its job usually takes tells when to give up.

use chrono::TimeDelta;

/// With fewer past runs than this nothing can be said about the usual length.
const ENOUGH: usize = 5;

/// A run may take so many times the longest of the recent ones.
const FACTOR: i64 = 3;

/// Nobody is given up faster than this.
const LEAST: TimeDelta = TimeDelta::seconds(30);

/// How long to wait from now on: three times the longest of the job's `recent` successful runs, at least half a minute; with
/// too few of them `otherwise`.
#[must_use]
pub fn patience(recent: &[TimeDelta], otherwise: TimeDelta) -> TimeDelta {
    match recent.iter().max() {
        Some(longest) if recent.len() >= ENOUGH => times(*longest).max(LEAST),
        _ => otherwise,
    }
}

/// In milliseconds, because chrono's own product may exceed the longest span it can hold.
fn times(longest: TimeDelta) -> TimeDelta {
    let product = longest.num_milliseconds().checked_mul(FACTOR);
    product.and_then(TimeDelta::try_milliseconds).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERWISE: TimeDelta = TimeDelta::minutes(10);

    #[test]
    fn a_job_of_seconds_is_given_up_after_half_a_minute() {
        assert_eq!(patience(&[TimeDelta::seconds(3); 20], OTHERWISE), TimeDelta::seconds(30));
    }

    #[test]
    fn a_job_of_hours_is_waited_for_three_times_as_long() {
        let mut recent = [TimeDelta::minutes(50); 6];
        recent[2] = TimeDelta::hours(2);
        assert_eq!(patience(&recent, OTHERWISE), TimeDelta::hours(6));
    }

    #[test]
    fn without_a_history_the_configuration_decides() {
        assert_eq!(patience(&[], OTHERWISE), OTHERWISE);
        assert_eq!(patience(&[TimeDelta::seconds(1); 4], OTHERWISE), OTHERWISE);
        assert_eq!(patience(&[TimeDelta::MAX; 5], OTHERWISE), TimeDelta::MAX);
    }
}
