use hzmjob::{JobContext, JobResult, job};

#[job]
async fn report<T>(_run: JobContext, _parameters: T) -> JobResult {
    Ok(())
}

fn main() {}
