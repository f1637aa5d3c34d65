//! Typed parameters: JSON, a plain number, a choice, and none at all. See README.md beside it.

use hzmjob::{JobContext, JobResult, job};
use serde::Deserialize;

/// JSON such as `{"from": "2026-11-01", "days": 7}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateRange {
    from: String,
    /// Left out: one day.
    #[serde(default = "one_day")]
    days: u32,
}

fn one_day() -> u32 {
    1
}

/// Plain text: `daily` or `weekly`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Period {
    Daily,
    Weekly,
}

/// Takes JSON; the job's name in the admin is not the function's.
#[job("nightly-report")]
async fn nightly_report(run: JobContext, range: DateRange) -> JobResult {
    run.message(format_args!("report of {} days from {}", range.days, range.from));
    Ok(())
}

/// Takes a number, in its plain form.
#[job]
async fn square(run: JobContext, number: i64) -> JobResult {
    let squared = number.checked_mul(number).ok_or("the number is too large to be squared")?;
    run.message(squared);
    Ok(())
}

/// Takes one of the variants, or nothing.
#[job]
async fn clean_up(run: JobContext, period: Option<Period>) -> JobResult {
    let days = match period.unwrap_or(Period::Daily) {
        Period::Daily => 1,
        Period::Weekly => 7,
    };
    run.message(format_args!("removed what is older than {days} days"));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executor = hzm_job_examples::executor("parameters")?;
    Ok(executor.job::<nightly_report>().job::<square>().job::<clean_up>().run().await?)
}
