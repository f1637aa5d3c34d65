use hzmjob::{JobContext, JobResult, job};

#[job]
async fn report(_run: &JobContext, _path: &str) -> JobResult {
    Ok(())
}

fn main() {}
