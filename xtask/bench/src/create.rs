//! Jobs made through the admin's API, as a program of a user's would: in batches, over several kept connections.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use hzm_job_test_rig::api::{Api, Session};
use serde_json::{Value, json};

use crate::text;

/// Connections to the API; more bring nothing on a small machine.
const CONNECTIONS: usize = 8;

/// How long calls took that were made side by side.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// The answers, in the order of what was asked.
    pub answers: Vec<Value>,
    /// From the first call to the last answer, in seconds.
    pub seconds: f64,
    /// How long each took, in microseconds; unsorted.
    pub micros: Vec<i64>,
}

/// Makes `many` calls over several connections at once; `call` makes the one of this number.
///
/// # Errors
/// What the first call that failed said.
pub fn side_by_side(
    port: u16,
    session: &Session,
    many: usize,
    call: impl Fn(&mut Api, usize) -> Result<Value, String> + Sync,
) -> Result<Calls, String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(many)));
    let begin = Instant::now();
    let work = || -> Result<(), String> {
        let mut api = Api::kept(port, session.clone()).of_one_life();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= many {
                return Ok(());
            }
            let start = Instant::now();
            let answer = call(&mut api, number).inspect_err(|_| next.store(many, Ordering::Relaxed))?;
            let micros = i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
            found.lock().map_err(text)?.push((number, answer, micros));
        }
    };
    std::thread::scope(|scope| -> Result<(), String> {
        let threads: Vec<_> = (0..CONNECTIONS.min(many)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread of ours panicked".to_owned())?)
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let mut found = found.into_inner().map_err(text)?;
    found.sort_unstable_by_key(|(number, ..)| *number);
    let micros = found.iter().map(|(.., micros)| *micros).collect();
    Ok(Calls { answers: found.into_iter().map(|(_, answer, _)| answer).collect(), seconds, micros })
}

/// The definition of a job of the benchmark: nothing but what it needs, all else as the admin would have it.
#[must_use]
pub fn definition(executor: i64, number: usize, schedule: &Value) -> Value {
    json!({ "executor": executor, "name": format!("bench {number}"), "handler": "bench", "schedule": schedule })
}

/// The same as an item of a batch: started, and under a key, as whoever wants to be able to repeat it does.
#[must_use]
pub fn item(executor: i64, number: usize, schedule: &Value) -> Value {
    json!({ "executor": executor, "name": format!("bench {number}"), "handler": "bench", "schedule": schedule,
        "start": true, "key": format!("bench-{number}") })
}

/// The number in an answer that shows something.
///
/// # Errors
/// When there is none.
pub fn id_of(made: &Value) -> Result<i64, String> {
    made.get("id").and_then(Value::as_i64).ok_or_else(|| format!("no id in {made}"))
}
