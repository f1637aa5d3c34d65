//! The part that all scenarios with fires share: jobs come into force, time passes, and the ledger is judged.

use hzm_job_test_rig::api::PATIENCE_MS;
use hzm_job_test_rig::clock::{now_ms, pause_ms};
use serde_json::{Value, json};

use crate::create::{id_of, item, side_by_side};
use crate::crowd::{Crowd, Rhythm};
use crate::during::During;
use crate::figures::{Series, Sheet};
use crate::meters;
use crate::options::JobsBy;
use crate::percentile::{median, of_sorted};
use crate::stage::{Spent, Stage};
use crate::text;
use crate::verify::{JobFacts, Verdict, verify};

/// Jobs that one call creates.
const BATCH: usize = 250;

/// Makes jobs that fire, and tells how fast that went.
pub(super) fn make_jobs(stage: &mut Stage, crowd: Crowd, sheet: &mut Sheet) -> Result<Vec<JobFacts>, String> {
    match stage.options.jobs_by {
        JobsBy::Api if crowd.rhythm == Rhythm::Spread => {
            Err("spread needs to know when each job was started, which the API does not tell; use --jobs-by sql"
                .to_owned())
        }
        JobsBy::Api => call_for_jobs(stage, crowd, sheet),
        JobsBy::Sql => {
            let filled = stage.fill(&[crowd])?;
            sheet.add("jobs filled", f64::from(crowd.many) / filled.seconds, "1/s");
            Ok(filled.facts)
        }
    }
}

/// Creates jobs through the API, started.
pub(super) fn call_for_jobs(stage: &mut Stage, crowd: Crowd, sheet: &mut Sheet) -> Result<Vec<JobFacts>, String> {
    let session = stage.api.session().map_err(text)?;
    let (port, executor) = (stage.admin_port(), stage.executor);
    let many = usize::try_from(crowd.many).unwrap_or(usize::MAX);
    let calls = many.div_ceil(BATCH);
    let mut made = side_by_side(port, &session, calls, |api, call| {
        let jobs: Vec<Value> = (call * BATCH..many.min((call + 1) * BATCH))
            .map(|number| {
                let schedule = crowd.rhythm.schedule(u32::try_from(number).unwrap_or_default());
                item(executor, number, &schedule)
            })
            .collect();
        api.call("POST", "/jobs/batch", Some(&json!({ "jobs": jobs })))
    })?;
    sheet.add("jobs created and started", many as f64 / made.seconds, "1/s");
    sheet.add("creating all jobs", made.seconds, "s");
    sheet.spread(&format!("creating {BATCH} jobs"), &mut made.micros);
    let items = made.answers.iter().filter_map(|answer| answer.get("items")?.as_array()).flatten();
    let ids: Vec<i64> = items.map(id_of).collect::<Result<_, _>>()?;
    // Counted from here on, so that no anchor needs to be read.
    let anchor = now_ms();
    Ok(ids.into_iter().filter_map(|id| crowd.rhythm.facts(id, anchor)).collect())
}

/// Lets the time from `from` to `until` pass (milliseconds since 1970) and tells what was spent; both looks happen `aside_ms`
/// after these moments. Afterwards it is waited until every fire due until then has come to its end.
pub(super) fn pass(stage: &mut Stage, from: i64, until: i64, aside_ms: i64) -> Result<Spent, String> {
    stage.wait_until(from + aside_ms)?;
    let earlier = stage.look()?;
    let during = During::start(stage, u32::try_from((until - from) / 1_000).unwrap_or(u32::MAX))?;
    stage.wait_until(until + aside_ms)?;
    let later = stage.look()?;
    let failed = during.map_or(Ok(None), During::wait)?;
    let patience_ends = now_ms() + PATIENCE_MS;
    while stage.ledger()?.open_until(until)? > 0 && now_ms() < patience_ends {
        stage.admin_lives()?;
        pause_ms(200);
    }
    Ok(Spent { failed, ..later.since(&earlier) })
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
    if verdict.last.len() as u64 * 2 > verdict.expected {
        // Spread: there are as many instants as fires.
        return;
    }
    let last: Vec<f64> = verdict.last.values().map(|micros| *micros as f64 / 1_000.0).collect();
    if let Some(middle) = median(&last) {
        sheet.add("last one of an instant", middle, "ms");
    }
}
