use hzmjob::{JobContext, JobResult, job};

#[job("")]
async fn report(_run: JobContext) -> JobResult {
    Ok(())
}

fn main() {}
