//! The one place that reads the wall clock and that waits.
//!
//! Its users are programs of threads without actors; what they compare are moments of the machine's clock that several
//! processes wrote down.

use std::time::Duration;

/// Now, in milliseconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "moments are compared with those that other processes wrote down")]
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Now, in microseconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "moments are compared with those that other processes wrote down")]
pub fn now_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "no actor runs here; the plan says when the next thing is to be broken")]
pub fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// Waits so many milliseconds; not at all for a negative number.
pub fn pause_ms(span: i64) {
    pause(Duration::from_millis(u64::try_from(span).unwrap_or_default()));
}
