//! Many jobs that are due once a year: what it costs that they are there.

use hzm_job_test_rig::clock::{now_ms, pause_ms};

use crate::crowd::{Crowd, Rhythm, far_month};
use crate::figures::Sheet;
use crate::meters;
use crate::stage::Stage;

/// How many jobs, where nothing else was said.
const JOBS: u32 = 1_000_000;

pub(super) fn measure(stage: &mut Stage) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let many = stage.options.jobs.unwrap_or(JOBS);
    let filled = stage.fill(&[Crowd { many, rhythm: Rhythm::Yearly(far_month(now_ms())) }])?;
    sheet.count("jobs", u64::from(many));
    sheet.add("jobs filled", f64::from(many) / filled.seconds, "1/s");
    sheet.add("ready after start", filled.ready, "s");
    pause_ms(i64::from(stage.options.warm_up) * 1_000);
    idle(stage.processes().admin, stage.options.seconds, &mut sheet);
    sheet.wrong.extend(stage.end_admin().err());
    Ok(sheet)
}

/// Watches a process that has nothing to do.
pub(super) fn idle(process: u32, seconds: u32, sheet: &mut Sheet) {
    let (before, begin) = (meters::used(process), now_ms());
    pause_ms(i64::from(seconds) * 1_000);
    let (spent, passed_ms) = (meters::used(process).since(before), now_ms() - begin);
    sheet.add("idle CPU", spent.cpu_us as f64 / 10.0 / passed_ms.max(1) as f64, "% of a core");
    let memory = meters::memory(process);
    sheet.add("admin RSS", memory.now_kib as f64 / 1_024.0, "MiB");
    sheet.add("admin RSS peak", memory.peak_kib as f64 / 1_024.0, "MiB");
    if memory.peak_kib == 0 {
        sheet.wrong.push("the admin ended by itself".to_owned());
    }
}
