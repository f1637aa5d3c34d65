//! What a person at the pages feels while jobs fire: lists and edits through the API, one after another, all the time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hzm_job_test_rig::api::{Api, Session};
use hzm_job_test_rig::clock::{now_ms, pause_ms};
use serde_json::{Value, json};

use super::steady::measure_beside;
use crate::create::{definition, id_of};
use crate::crowd::{Crowd, Rhythm, far_month};
use crate::figures::Sheet;
use crate::stage::Stage;
use crate::text;

/// Between two rounds, in milliseconds.
const PAUSE_MS: i64 = 20;

/// How long calls took, in microseconds.
#[derive(Debug, Default)]
struct Felt {
    jobs: Vec<i64>,
    runs: Vec<i64>,
    edits: Vec<i64>,
}

pub(super) fn measure(stage: &mut Stage) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let dormant = Rhythm::Yearly(far_month(now_ms())).schedule(0);
    let draft = definition(stage.executor, 0, &dormant);
    let edited = id_of(&stage.api.call("POST", "/jobs", Some(&draft))?)?;
    let jobs = stage.fill(&[Crowd { many: stage.options.rate, rhythm: Rhythm::EverySecond }])?.facts;
    // Sessions are in the database and outlive the admin's restart.
    let (session, port) = (stage.api.session().map_err(text)?, stage.admin_port());
    let felt = measure_beside(stage, &jobs, &mut sheet, |over| rounds(port, session, edited, over))?;
    let Felt { mut jobs, mut runs, mut edits } = felt?;
    sheet.spread("list of jobs", &mut jobs);
    sheet.spread("list of runs", &mut runs);
    sheet.spread("edit", &mut edits);
    sheet.count("rounds of calls", edits.len() as u64);
    Ok(sheet)
}

fn rounds(port: u16, session: Session, job: i64, over: &AtomicBool) -> Result<Felt, String> {
    let (mut api, mut felt) = (Api::kept(port, session).of_one_life(), Felt::default());
    let mut definition = api.call("GET", &format!("/jobs/{job}"), None)?;
    while !over.load(Ordering::Relaxed) {
        felt.jobs.push(timed(|| api.call("GET", "/jobs", None))?.0);
        felt.runs.push(timed(|| api.call("GET", "/runs", None))?.0);
        let name = format!("edited {}", felt.edits.len());
        *definition.get_mut("name").ok_or("the job has no name")? = json!(name);
        let (micros, answer) = timed(|| api.call("PUT", &format!("/jobs/{job}"), Some(&definition)))?;
        felt.edits.push(micros);
        definition = answer;
        pause_ms(PAUSE_MS);
    }
    Ok(felt)
}

fn timed(call: impl FnOnce() -> Result<Value, String>) -> Result<(i64, Value), String> {
    let begin = Instant::now();
    let answer = call()?;
    Ok((i64::try_from(begin.elapsed().as_micros()).unwrap_or(i64::MAX), answer))
}
