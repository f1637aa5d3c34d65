//! The results that travel in one request, and the body that they make.
//!
//! Pure: it sends nothing. A parcel is bounded in calls and bytes as its receiver bounds it, and all of it speaks for one
//! executor.

use std::sync::Arc;

use actix_web::web::Bytes;
use hzm_job_protocol::batch::{MOST, MOST_BYTES};

use crate::report::Report;

/// Behind the last result of a body.
const END: &[u8] = b"]}";

/// Results that travel together.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    calls: Vec<Arc<Report>>,
    // Without its end, so that more can be added.
    body: Vec<u8>,
}

impl Parcel {
    pub(crate) fn of(calls: Vec<Arc<Report>>) -> Self {
        let mut parcel = Self::default();
        for call in calls {
            parcel.add(&call);
        }
        parcel
    }

    /// Adds a result, or says that it has to go with another parcel. The first one always fits, be it as long as it may.
    pub(crate) fn add(&mut self, call: &Arc<Report>) -> bool {
        let before = self.body.len();
        let fits = match self.calls.first() {
            None => self.begin(call).is_ok(),
            Some(first) if first.app_key != call.app_key || self.calls.len() >= MOST => return false,
            Some(_) => self.append(b",", call).is_ok() && self.body.len() + END.len() <= MOST_BYTES,
        };
        if fits {
            self.calls.push(Arc::clone(call));
        } else {
            self.body.truncate(before);
        }
        fits
    }

    fn begin(&mut self, call: &Report) -> serde_json::Result<()> {
        self.body.extend_from_slice(br#"{"appKey":"#);
        serde_json::to_writer(&mut self.body, &*call.app_key)?;
        self.append(br#","results":["#, call)
    }

    fn append(&mut self, before: &[u8], call: &Report) -> serde_json::Result<()> {
        self.body.extend_from_slice(before);
        serde_json::to_writer(&mut self.body, &call.written(false))
    }

    pub(crate) fn calls(&self) -> &[Arc<Report>] {
        &self.calls
    }

    pub(crate) fn into_calls(self) -> Vec<Arc<Report>> {
        self.calls
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The body of the batch, or `None` for one result that is too long to travel in one.
    pub(crate) fn body(&self) -> Option<Bytes> {
        let whole = [self.body.as_slice(), END].concat();
        (whole.len() <= MOST_BYTES).then(|| Bytes::from(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_protocol::batch::{Results, RunResult};

    fn call_of(app_key: &str, run_id: i64, message: &str) -> Arc<Report> {
        let message = (!message.is_empty()).then(|| message.to_owned());
        Arc::new(Report::new(run_id, app_key.into(), 200, message))
    }

    fn call(run_id: i64, message: &str) -> Arc<Report> {
        call_of("bil\"ling", run_id, message)
    }

    fn read(parcel: &Parcel) -> Results {
        serde_json::from_slice(&parcel.body().unwrap()).unwrap()
    }

    #[test]
    fn the_body_is_that_of_the_protocol() {
        let parcel = Parcel::of(vec![call(7, "42 \"行\"\n"), call(8, "")]);
        let result = |log_id, message: Option<&str>| RunResult {
            log_id,
            handler_code: 200,
            handler_msg: message.map(str::to_owned),
        };
        let results = vec![result(7, Some("42 \"行\"\n")), result(8, None)];
        let expected = Results { app_key: "bil\"ling".into(), results };
        assert_eq!(read(&parcel), expected);
        assert_eq!(parcel.body().unwrap(), serde_json::to_vec(&expected).unwrap());
    }

    #[test]
    fn it_holds_as_many_as_its_receiver_takes() {
        let mut parcel = Parcel::default();
        let added = (1..=MOST as i64 + 1).filter(|run_id| parcel.add(&call(*run_id, ""))).count();
        assert_eq!((added, read(&parcel).results.len()), (MOST, MOST));
    }

    #[test]
    fn it_is_no_longer_than_its_receiver_takes() {
        let mut parcel = Parcel::default();
        let long = "\u{1}".repeat(4 * 1024);
        let added = (1..=100).filter(|run_id| parcel.add(&call(*run_id, &long))).count();
        assert!(parcel.body().unwrap().len() <= MOST_BYTES);
        assert_eq!((added, read(&parcel).results.len()), (42, 42), "each is 24 KiB on the wire");
    }

    #[test]
    fn one_that_is_too_long_by_itself_has_no_body_of_this_form() {
        let parcel = Parcel::of(vec![call(1, &"x".repeat(MOST_BYTES))]);
        assert_eq!((parcel.calls().len(), parcel.body()), (1, None));
    }

    #[test]
    fn results_of_another_executor_travel_apart() {
        let mut parcel = Parcel::of(vec![call(1, "")]);
        assert!(!parcel.add(&call_of("shipping", 2, "")) && parcel.add(&call(3, "")));
        assert_eq!(read(&parcel).results.len(), 2);
    }
}
