//! So many jobs, each due once in every second: all of them on the whole second, as users write them, or spread over it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use hzm_job_test_rig::clock::{now_ms, pause_ms};

use super::measured::{judge, make_jobs, pass, tell};
use crate::crowd::{Crowd, Rhythm};
use crate::figures::Sheet;
use crate::stage::Stage;
use crate::verify::JobFacts;

/// Looks happen so long after a whole second: when the fires of that second are over.
const ASIDE_MS: i64 = 950;

pub(super) fn measure(stage: &mut Stage, rhythm: Rhythm) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let jobs = make_jobs(stage, Crowd { many: stage.options.rate, rhythm }, &mut sheet)?;
    measure_beside(stage, &jobs, &mut sheet, |_| ())?;
    Ok(sheet)
}

/// Lets these jobs, each due once in every second, fire for as long as was asked for, while `beside` does something else on
/// another thread, from the end of the warm-up until it is told that the time is over.
pub(super) fn measure_beside<T: Send>(
    stage: &mut Stage,
    jobs: &[JobFacts],
    sheet: &mut Sheet,
    beside: impl FnOnce(&AtomicBool) -> T + Send,
) -> Result<T, String> {
    let seconds = stage.options.seconds;
    let from = (now_ms() / 1_000 + 1 + i64::from(stage.options.warm_up)) * 1_000;
    let until = from + i64::from(seconds) * 1_000;
    let over = AtomicBool::new(false);
    let (spent, done) = thread::scope(|scope| {
        let other = scope.spawn(|| {
            pause_ms(from - now_ms());
            beside(&over)
        });
        let spent = pass(stage, from, until, ASIDE_MS);
        over.store(true, Ordering::Relaxed);
        (spent, other.join().map_err(|_| "a thread of ours panicked".to_owned()))
    });
    let spent = spent?;
    let mut verdict = judge(stage, jobs, from, until, sheet)?;
    sheet.add("fires", verdict.succeeded as f64 / f64::from(seconds), "1/s");
    sheet.count("sustained", u64::from(verdict.is_sustained()));
    tell(&mut verdict, sheet);
    spent.tell(verdict.expected, stage.place.machine.cores, sheet);
    done
}
