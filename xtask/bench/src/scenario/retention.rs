//! Old runs cleared, batch after batch through the API as an operator would, while jobs fire.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hzm_job_test_rig::api::{Api, Session};
use hzm_job_test_rig::clock::now_ms;
use serde_json::{Value, json};

use super::steady::measure_beside;
use crate::crowd::{Crowd, Rhythm, far_month};
use crate::figures::Sheet;
use crate::history::{History, write};
use crate::stage::Stage;
use crate::text;

/// How many old runs, where nothing else was said.
const RUNS: u32 = 10_000_000;
/// They belong to so many jobs.
const JOBS: u32 = 1_000;
/// The newest of them is so old, in milliseconds: 100 days.
const AGE_MS: i64 = 8_640_000_000;

pub(super) fn measure(stage: &mut Stage) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let runs = stage.options.jobs.unwrap_or(RUNS);
    let dormant = Crowd { many: JOBS, rhythm: Rhythm::Yearly(far_month(now_ms())) };
    let firing = Crowd { many: stage.options.rate, rhythm: Rhythm::EverySecond };
    let executor = stage.executor;
    let (begin, until) = (Instant::now(), now_ms() - AGE_MS);
    let filled = stage.fill_with(&[dormant, firing], |ledger, firsts| {
        let first_job = firsts.first().copied().unwrap_or_default();
        write(ledger, History { executor, first_job, jobs: JOBS, runs, until })
    })?;
    sheet.add("old runs filled", f64::from(runs) / begin.elapsed().as_secs_f64(), "1/s");
    let (session, port) = (stage.api.session().map_err(text)?, stage.admin_port());
    let seconds = measure_beside(stage, &filled.facts, &mut sheet, |over| clear(port, session, over))??;
    // Counted in the ledger: an answer that came too late would be missing from a sum.
    let left = stage.ledger()?.number(&format!("SELECT COUNT(*) AS many FROM run WHERE scheduled_at <= {until}"))?;
    let removed = i64::from(runs) - left;
    sheet.add("runs cleared", removed as f64, "");
    sheet.add("runs cleared a second", removed as f64 / seconds, "1/s");
    sheet.add("old runs left", left as f64, "");
    Ok(sheet)
}

/// Clears until nothing old is left or the time is over; how long that took, in seconds.
fn clear(port: u16, session: Session, over: &AtomicBool) -> Result<f64, String> {
    let (mut api, begin) = (Api::kept(port, session).of_one_life(), Instant::now());
    while !over.load(Ordering::Relaxed) {
        let answer = api.call("POST", "/runs/clear", Some(&json!({ "rule": { "older_than_months": 1 } })))?;
        let left = answer.get("left").and_then(Value::as_i64).ok_or_else(|| format!("no left in {answer}"))?;
        if left == 0 {
            break;
        }
    }
    Ok(begin.elapsed().as_secs_f64())
}
