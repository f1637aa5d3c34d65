//! Jobs created and started through the API, in batches, over several connections at once.

use hzm_job_test_rig::clock::now_ms;

use super::measured::call_for_jobs;
use crate::crowd::{Crowd, Rhythm, far_month};
use crate::figures::Sheet;
use crate::meters;
use crate::stage::Stage;

/// How many jobs, where nothing else was said.
const JOBS: u32 = 100_000;

pub(super) fn measure(stage: &mut Stage) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let many = stage.options.jobs.unwrap_or(JOBS);
    sheet.count("jobs", u64::from(many));
    let earlier = stage.look()?;
    call_for_jobs(stage, Crowd { many, rhythm: Rhythm::Yearly(far_month(now_ms())) }, &mut sheet)?;
    let spent = stage.look()?.since(&earlier);
    sheet.add("admin CPU per job", spent.admin.cpu_us as f64 / f64::from(many.max(1)), "µs");
    let memory = meters::memory(stage.processes().admin);
    sheet.add("admin RSS", memory.now_kib as f64 / 1_024.0, "MiB");
    let found = stage.ledger()?.number("SELECT COUNT(*) AS many FROM job WHERE enabled = TRUE")?;
    if found != i64::from(many) {
        sheet.wrong.push(format!("{found} jobs are started and not {many}"));
    }
    sheet.wrong.extend(stage.end_admin().err());
    Ok(sheet)
}
