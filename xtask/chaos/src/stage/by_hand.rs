//! Somebody who presses "run now" all the time, and presses again under the same key until there is an answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::api::Api;
use crate::checker::Ordered;
use crate::clock::pause_ms;

/// Between two orders, in milliseconds.
const PAUSE_MS: i64 = 300;
/// Every so many-th order is given a second time after its answer.
const REPEATED: usize = 4;

/// The thread that orders; it ends when dropped.
pub(super) struct Hand {
    orders: Arc<Mutex<Vec<Ordered>>>,
    enough: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hand {
    /// Orders runs of this job from now on.
    pub(super) fn start(port: u16, job: i64) -> Hand {
        let orders = Arc::new(Mutex::new(Vec::new()));
        let enough = Arc::new(AtomicBool::new(false));
        let (theirs, told) = (Arc::clone(&orders), Arc::clone(&enough));
        let thread = std::thread::spawn(move || {
            let mut api = Api::new(port);
            for number in 0.. {
                let key = format!("chaos-{number}");
                let times = if number % REPEATED == 0 { 2 } else { 1 };
                let mut runs = Vec::new();
                while runs.len() < times && !told.load(Ordering::Relaxed) {
                    runs.extend(order(&mut api, job, &key));
                    pause_ms(PAUSE_MS);
                }
                let is_last = told.load(Ordering::Relaxed);
                theirs.lock().unwrap_or_else(PoisonError::into_inner).push(Ordered { job, key, runs });
                if is_last {
                    return;
                }
            }
        });
        Hand { orders, enough, thread: Some(thread) }
    }

    /// Ends the ordering; what was ordered, the last one perhaps without an answer.
    pub(super) fn stop(&mut self) -> Vec<Ordered> {
        self.enough.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that died leaves the orders it noted; the last one is missing and its row is a finding.
            let _ = thread.join();
        }
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
    }
}

/// The run that an order led to; none when there was no answer, which does not mean that there is no run.
fn order(api: &mut Api, job: i64, key: &str) -> Option<i64> {
    let path = format!("/jobs/{job}/runs");
    let answer = api.with_key("POST", &path, Some(&json!({})), Some(key)).ok()?;
    answer.get("run").and_then(Value::as_i64)
}
