use hzmjob::{JobContext, JobResult, job};

#[job(nightly_report)]
async fn report(_run: JobContext) -> JobResult {
    Ok(())
}

fn main() {}
