//! The part that all scenarios with fires share: jobs come into force, time passes, and the ledger is judged.

use hzm_job_test_rig::api::PATIENCE_MS;
use hzm_job_test_rig::clock::{now_ms, pause_ms};
use serde_json::{Value, json};

use crate::create::{definition, id_of, side_by_side};
use crate::during::During;
use crate::figures::{Series, Sheet};
use crate::meters;
use crate::percentile::{median, of_sorted};
use crate::stage::{Spent, Stage};
use crate::text;
use crate::verify::{JobFacts, Pace, Verdict, verify};

/// Creates jobs and starts them, and tells how fast that went.
pub(super) fn make_jobs(
    stage: &mut Stage,
    many: u32,
    schedule: &Value,
    pace: Pace,
    sheet: &mut Sheet,
) -> Result<Vec<JobFacts>, String> {
    let session = stage.api.session().map_err(text)?;
    let (port, executor) = (stage.admin_port(), stage.executor);
    let many = usize::try_from(many).unwrap_or(usize::MAX);
    let made = side_by_side(port, &session, many, |api, number| {
        api.call("POST", "/jobs", Some(&definition(executor, number, schedule)))
    })?;
    sheet.add("jobs created", many as f64 / made.seconds, "1/s");
    let ids: Vec<i64> = made.answers.iter().map(id_of).collect::<Result<_, _>>()?;
    let started = side_by_side(port, &session, many, |api, number| {
        let id = ids.get(number).copied().unwrap_or_default();
        api.call("POST", &format!("/jobs/{id}/start"), Some(&json!({})))
    })?;
    sheet.add("jobs started", many as f64 / started.seconds, "1/s");
    // Counted from here on, so that no anchor needs to be read.
    let anchor = now_ms();
    Ok(ids.into_iter().map(|id| JobFacts { id, anchor, pace }).collect())
}

/// Lets the time from `from` to `until` pass (milliseconds since 1970) and tells what was spent; both looks happen `aside_ms`
/// after these moments. Afterwards it is waited until every fire due until then has come to its end.
pub(super) fn pass(stage: &mut Stage, from: i64, until: i64, aside_ms: i64) -> Result<Spent, String> {
    pause_ms(from + aside_ms - now_ms());
    let earlier = stage.look()?;
    let during = During::start(stage, u32::try_from((until - from) / 1_000).unwrap_or(u32::MAX))?;
    pause_ms(until + aside_ms - now_ms());
    let later = stage.look()?;
    during.map_or(Ok(()), During::wait)?;
    let patience_ends = now_ms() + PATIENCE_MS;
    while stage.ledger()?.open_until(until)? > 0 && now_ms() < patience_ends {
        pause_ms(200);
    }
    Ok(later.since(&earlier))
}

/// Ends the admin and judges what it left behind.
pub(super) fn judge(
    stage: &mut Stage,
    jobs: &[JobFacts],
    from: i64,
    until: i64,
    sheet: &mut Sheet,
) -> Result<Verdict, String> {
    let counts = stage.counts()?;
    let memory = meters::memory(stage.processes().admin);
    sheet.add("admin RSS at the end", memory.now_kib as f64 / 1_024.0, "MiB");
    sheet.add("admin RSS peak", memory.peak_kib as f64 / 1_024.0, "MiB");
    let ended = stage.end_admin();
    sheet.wrong.extend(ended.err());
    let mut records = stage.records()?;
    let mut rows = stage.ledger()?.rows(from, until)?;
    let verdict = verify(jobs, from, until, &mut rows, &mut records);
    sheet.wrong.extend(verdict.wrong());
    if counts.strange > 0 {
        sheet.wrong.push(format!("the load executor got {} requests that it could not read", counts.strange));
    }
    sheet.add("clock drift", counts.drift_us as f64 / 1_000.0, "ms");
    Ok(verdict)
}

/// How the names of figures begin that count other outcomes than success.
pub const OTHERWISE: &str = "ended as ";

/// The word for an outcome that is no success, by its number in the ledger.
fn word(state: i16) -> &'static str {
    match state {
        11 => "failed",
        12 => "timed out",
        13 => "cancelled",
        14 => "lost",
        15 => "skipped",
        _ => "something new",
    }
}

/// Tells what was found about the fires.
pub(super) fn tell(verdict: &mut Verdict, sheet: &mut Sheet) {
    sheet.count("fires expected", verdict.expected);
    sheet.count("succeeded", verdict.succeeded);
    sheet.count("missing", verdict.missing);
    sheet.count("double", verdict.double);
    for ((state, reason), many) in &verdict.otherwise {
        sheet.count(&format!("{OTHERWISE}{} (reason {reason})", word(*state)), *many);
    }
    sheet.add("late over 1 s", 100.0 * verdict.late as f64 / verdict.expected.max(1) as f64, "%");
    sheet.spread("lateness", &mut verdict.lateness);
    let points = (0..=1_000_u32).filter_map(|mille| {
        let micros = of_sorted(&verdict.lateness, f64::from(mille) / 1_000.0)?;
        Some((micros as f64 / 1_000.0, f64::from(mille) / 10.0))
    });
    sheet.series.push(Series { name: "share of fires not later than".to_owned(), points: points.collect() });
    let last: Vec<f64> = verdict.last.values().map(|micros| *micros as f64 / 1_000.0).collect();
    if let Some(middle) = median(&last) {
        sheet.add("last one of an instant", middle, "ms");
    }
}
