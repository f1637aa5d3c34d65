//! Since when the admin cannot do its work, as far as somebody has asked.

use chrono::{DateTime, Utc};
use std::sync::{Mutex, PoisonError};

/// Since when the admin is not ready, as far as somebody has asked.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<DateTime<Utc>>>);

impl Readiness {
    /// Notes what was found, and answers since when it is so.
    pub(crate) fn noted(&self, is_ready: bool, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_ready {
            *since = None;
            return now;
        }
        *since.get_or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_keeps_its_beginning_until_it_is_over() {
        let (readiness, at) = (Readiness::default(), |second| DateTime::from_timestamp(second, 0).unwrap());
        assert_eq!(readiness.noted(false, at(5)), at(5));
        assert_eq!(readiness.noted(false, at(9)), at(5));
        readiness.noted(true, at(10));
        assert_eq!(readiness.noted(false, at(12)), at(12));
    }
}
