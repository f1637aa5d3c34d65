//! Somebody who starts, stops, edits, deletes and runs a job, whatever else is broken, and notes what was answered. There are
//! several of them, because each waits for its answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::api::{Api, CallProblem};
use crate::checker::Ordered;
use crate::clock::{now_ms, pause_ms};
use crate::dice::Dice;
use crate::job::{JobFacts, JobPlan, Misfire, Overlap};
use crate::meddling::{Answer, Deed, Meddled, PACES, Standing, What};

/// Between two deeds, in milliseconds.
const PAUSE_MS: (u64, u64) = (50, 400);
/// How often somebody looks whether to go on, in milliseconds.
const LOOK_MS: i64 = 50;

/// What is done next, as often as it stands here.
const DEEDS: [Option<What>; 14] = [
    Some(What::Start),
    Some(What::Start),
    Some(What::Start),
    Some(What::Stop),
    Some(What::Stop),
    Some(What::Schedule),
    Some(What::Schedule),
    Some(What::Schedule),
    Some(What::Policy),
    Some(What::Policy),
    Some(What::Delete),
    None,
    None,
    None,
];

/// What was done so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    /// The jobs, those that are gone included.
    pub(super) meddled: Vec<Meddled>,
    /// Runs that were ordered.
    pub(super) orders: Vec<Ordered>,
    /// Answers that cannot be.
    pub(super) complaints: Vec<String>,
}

#[derive(Default)]
struct Shared {
    is_active: AtomicBool,
    enough: AtomicBool,
    book: Mutex<Book>,
}

/// The thread that does it; it ends when dropped.
pub(super) struct Meddler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Meddler {
    /// Waits for its turn.
    pub(super) fn start(port: u16, executor: i64, number: u64, seed: u64) -> Meddler {
        let shared = Arc::new(Shared::default());
        let dice = Dice::new(seed ^ (number << 32));
        let hand = Hand { api: Api::new(port), executor, number, dice, made: 0, ordered: 0 };
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || hand.work(&theirs));
        Meddler { shared, thread: Some(thread) }
    }

    /// It is its turn, or not any more.
    pub(super) fn set_active(&self, is_active: bool) {
        self.shared.is_active.store(is_active, Ordering::Relaxed);
    }

    /// Ends it; what was done.
    pub(super) fn stop(&mut self) -> Book {
        self.shared.enough.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that died leaves its book.
            let _ = thread.join();
        }
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.shared.enough.store(true, Ordering::Relaxed);
    }
}

/// Whoever does it.
struct Hand {
    api: Api,
    executor: i64,
    /// Which of several it is.
    number: u64,
    dice: Dice,
    made: usize,
    ordered: usize,
}

impl Hand {
    fn work(mut self, shared: &Shared) {
        while !shared.enough.load(Ordering::Relaxed) {
            let mut book = shared.book.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // A job is made ahead of its turn: then something may be broken already.
            match book.meddled.iter().position(|job| !job.may_be_gone()) {
                None => book.meddled.extend(self.make()),
                Some(place) if shared.is_active.load(Ordering::Relaxed) => self.step(&mut book, place),
                Some(_) => {
                    pause_ms(LOOK_MS);
                    continue;
                }
            }
            *shared.book.lock().unwrap_or_else(PoisonError::into_inner) = book;
            pause_ms(i64::try_from(self.dice.between(PAUSE_MS.0, PAUSE_MS.1)).unwrap_or_default());
        }
    }

    fn step(&mut self, book: &mut Book, place: usize) {
        let Some(meddled) = book.meddled.get_mut(place) else { return };
        let id = meddled.job.id;
        // Only an edit tells for certain how things stand after an answer that was none.
        let wanted = if meddled.is_unsettled() { Some(What::Policy) } else { self.deed() };
        match wanted {
            Some(what) => match deed(&mut self.api, id, what, &mut self.dice) {
                Ok(deed) => meddled.deeds.extend(deed),
                Err(complaint) => book.complaints.push(complaint),
            },
            None => book.orders.extend(self.order(id)),
        }
    }

    fn deed(&mut self) -> Option<What> {
        self.dice.one_of(&DEEDS).copied().flatten()
    }

    /// A job, stopped. One whose making was not answered stays so, and nobody asks for it any more.
    fn make(&mut self) -> Option<Meddled> {
        self.made += 1;
        let pace = self.dice.one_of(&PACES).copied()?;
        let plan = JobPlan {
            name: format!("chaos changed {}.{}", self.number, self.made),
            pace,
            overlap: Overlap::Skip,
            overlap_limit: 5,
            misfire: Misfire::FireOnce,
            retries: 0,
            at_most_once: false,
            timeout_ms: 0,
            takes_ms: self.dice.between(0, 900),
            fails_every: 0,
        };
        let made = self.api.once("POST", "/jobs", Some(&plan.json(self.executor))).ok()?;
        let id = made.get("id").and_then(Value::as_i64)?;
        let job = JobFacts { plan, id, anchor: 0, must_until: i64::MAX, may_until: i64::MAX };
        Some(Meddled { job, deeds: Vec::new() })
    }

    /// An order by hand, once; none that was refused.
    fn order(&mut self, job: i64) -> Option<Ordered> {
        self.ordered += 1;
        let key = format!("changed-{}-{}", self.number, self.ordered);
        let answer = self.api.with_key("POST", &format!("/jobs/{job}/runs"), Some(&json!({})), Some(&key));
        match answer {
            Ok(told) => Some(Ordered { job, key, runs: told.get("run").and_then(Value::as_i64).into_iter().collect() }),
            Err(problem) if is_refusal(&problem) => None,
            Err(_) => Some(Ordered { job, key, runs: Vec::new() }),
        }
    }
}

/// Whether a call that brought nothing did nothing, and never will.
fn is_refusal(problem: &CallProblem) -> bool {
    matches!(problem, CallProblem::Refused(status, _) if (400..500).contains(status) && ![401, 408, 429].contains(status))
}

/// Does something to a job, once. `None`: it could not even be read, so nothing was asked for.
///
/// # Errors
/// An answer that cannot be: the job is not there, though nobody deleted it, or it is told in words of nobody.
pub(super) fn deed(api: &mut Api, job: i64, what: What, dice: &mut Dice) -> Result<Option<Deed>, String> {
    let path = format!("/jobs/{job}");
    let (method, path, body) = match what {
        What::Start => ("POST", format!("{path}/start"), None),
        What::Stop => ("POST", format!("{path}/stop"), None),
        What::Delete => ("DELETE", path, None),
        What::Schedule | What::Policy => match api.once("GET", &path, None) {
            Ok(told) => ("PUT", path, Some(edited(told, what, dice)?)),
            Err(CallProblem::Refused(404, _)) => return Err(gone(job)),
            Err(_) => return Ok(None),
        },
    };
    let asked = now_ms();
    let answer = api.once(method, &path, body.as_ref());
    let answered = now_ms();
    let answer = match answer {
        Ok(_) if what == What::Delete => Answer::Counts(None),
        Ok(told) => Answer::Counts(Some(Standing::told(&told)?)),
        Err(CallProblem::Refused(404, _)) => return Err(gone(job)),
        Err(problem) if is_refusal(&problem) => Answer::Refused,
        Err(_) => Answer::Either,
    };
    Ok(Some(Deed { what, asked, answered, answer }))
}

fn gone(job: i64) -> String {
    format!("job {job} is not there any more, and nobody deleted it")
}

/// The definition as it was read, with another schedule or another misfire policy; it names its version.
fn edited(mut told: Value, what: What, dice: &mut Dice) -> Result<Value, String> {
    let standing = Standing::told(&told)?;
    let fields = told.as_object_mut().ok_or("a job that is no object")?;
    if what == What::Schedule {
        let others: Vec<Value> = PACES.iter().filter(|pace| **pace != standing.pace).map(|pace| pace.json()).collect();
        fields.insert("schedule".to_owned(), dice.one_of(&others).cloned().unwrap_or_default());
    } else {
        let policies = ["skip", "fire_once", "fire_all"];
        fields.insert("misfire".to_owned(), json!(dice.one_of(&policies)));
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Value {
        json!({
            "id": 7, "version": 3, "enabled": true, "anchor": "2026-11-22T08:00:00Z", "misfire": "skip", "name": "x",
            "schedule": { "kind": "cron", "expression": "*/2 * * * * ?", "zone": "UTC" },
        })
    }

    #[test]
    fn an_edit_changes_one_thing_and_names_the_version_that_was_read() {
        let mut dice = Dice::new(1);
        for _ in 0..20 {
            let policy = edited(told(), What::Policy, &mut dice).unwrap();
            assert_eq!((&policy["schedule"], &policy["version"]), (&told()["schedule"], &json!(3)));
            let schedule = edited(told(), What::Schedule, &mut dice).unwrap();
            assert!(schedule["schedule"] != told()["schedule"] && schedule["misfire"] == "skip", "{schedule}");
            let now = Value::Object(schedule.as_object().unwrap().clone());
            assert_ne!(Standing::told(&now).unwrap().pace, Standing::told(&told()).unwrap().pace);
        }
    }

    #[test]
    fn only_an_answer_that_says_no_for_good_is_a_refusal() {
        let refused = |status| is_refusal(&CallProblem::Refused(status, String::new()));
        assert!(refused(409) && refused(404) && refused(422));
        assert!(!refused(401) && !refused(429) && !refused(500) && !refused(503));
        assert!(!is_refusal(&CallProblem::Away(std::io::Error::other("cut"))));
    }
}
