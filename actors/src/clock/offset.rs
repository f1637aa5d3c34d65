//! Only with the cargo feature `faults`: tests of the whole program set its clock through a file.
//!
//! The file named by `HZM_JOB_TEST_CLOCK_OFFSET_FILE` holds a whole number of milliseconds, negative ones too, that the clock
//! is ahead of the operating system's. A thread reads it every 50 ms; a file that cannot be read or holds no number (one
//! that is just being written) changes nothing.

use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const VARIABLE: &str = "HZM_JOB_TEST_CLOCK_OFFSET_FILE";
const READ_EVERY: Duration = Duration::from_millis(50);

static OFFSET_MS: AtomicI64 = AtomicI64::new(0);
static WATCHED: Once = Once::new();

/// By how many milliseconds the clock is ahead. The first call reads the file and starts the thread.
pub(super) fn millis() -> i64 {
    WATCHED.call_once(|| {
        let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return };
        take(&path);
        // Without the thread the clock stays as it was set at the start; the test that moves it will see that.
        let _ = std::thread::Builder::new().name("hzm-test-clock".into()).spawn(move || {
            loop {
                std::thread::park_timeout(READ_EVERY);
                take(&path);
            }
        });
    });
    OFFSET_MS.load(Ordering::Acquire)
}

fn take(path: &std::path::Path) {
    if let Some(offset) = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()) {
        OFFSET_MS.store(offset, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_tells_the_offset_and_what_is_no_number_changes_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let told = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            take(file.path());
            OFFSET_MS.load(Ordering::Acquire)
        };
        assert_eq!(told("-3600000\n"), -3_600_000);
        assert_eq!(told(""), -3_600_000);
        assert_eq!(told("soon"), -3_600_000);
        take(std::path::Path::new("/no/such/file"));
        assert_eq!(told("0"), 0);
    }
}
