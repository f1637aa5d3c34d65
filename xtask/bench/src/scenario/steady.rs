//! So many jobs, each due on every whole second, as users write them: all of a second's fires are due at once.

use hzm_job_test_rig::clock::now_ms;
use serde_json::json;

use super::measured::{judge, make_jobs, pass, tell};
use crate::figures::Sheet;
use crate::stage::Stage;
use crate::verify::Pace;

/// Looks happen so long after a whole second: when the fires of that second are over.
const ASIDE_MS: i64 = 950;

pub(super) fn measure(stage: &mut Stage) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let (rate, seconds) = (stage.options.rate, stage.options.seconds);
    let every_second = json!({ "kind": "cron", "expression": "* * * * * ?" });
    let jobs = make_jobs(stage, rate, &every_second, Pace::Clock(1_000), &mut sheet)?;
    let from = (now_ms() / 1_000 + 1 + i64::from(stage.options.warm_up)) * 1_000;
    let until = from + i64::from(seconds) * 1_000;
    let spent = pass(stage, from, until, ASIDE_MS)?;
    let mut verdict = judge(stage, &jobs, from, until, &mut sheet)?;
    sheet.add("fires", verdict.succeeded as f64 / f64::from(seconds), "1/s");
    sheet.count("sustained", u64::from(verdict.is_sustained()));
    tell(&mut verdict, &mut sheet);
    spent.tell(verdict.expected, stage.machine.cores, &mut sheet);
    Ok(sheet)
}
