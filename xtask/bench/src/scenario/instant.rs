//! Many jobs due in one instant, once in a minute or less, so that they sleep in between: how long until the last one left.

use hzm_job_test_rig::clock::now_ms;

use super::measured::{judge, make_jobs, pass, tell};
use crate::crowd::{Crowd, Rhythm};
use crate::figures::Sheet;
use crate::stage::Stage;

/// How many jobs, where nothing else was said.
const JOBS: u32 = 10_000;
/// The shortest time between the last start of a job and the first instant that counts, in milliseconds.
const QUIET_MS: i64 = 5_000;
/// Looks happen so long before an instant, in milliseconds: before its jobs are woken.
const BEFORE_MS: i64 = 4_000;

pub(super) fn measure(stage: &mut Stage) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let minutes = stage.options.minutes_between;
    let step = i64::from(minutes) * 60_000;
    let crowd = Crowd { many: stage.options.jobs.unwrap_or(JOBS), rhythm: Rhythm::EveryMinutes(minutes) };
    let jobs = make_jobs(stage, crowd, &mut sheet)?;
    let first = ((now_ms() + QUIET_MS).div_euclid(step) + 1) * step;
    let (from, until) = (first - 1, first + i64::from(stage.options.instants - 1) * step);
    // The second look comes long after the last instant, and as long before the next as the first look was before its own.
    let spent = pass(stage, first - BEFORE_MS, until + step - BEFORE_MS, 0)?;
    let mut verdict = judge(stage, &jobs, from, until, &mut sheet)?;
    tell(&mut verdict, &mut sheet);
    spent.tell(verdict.expected, stage.place.machine.cores, &mut sheet);
    Ok(sheet)
}
