use hzmjob::{JobContext, JobResult, job};

#[job]
async fn report(_run: JobContext, _from: String, _days: u32) -> JobResult {
    Ok(())
}

fn main() {}
