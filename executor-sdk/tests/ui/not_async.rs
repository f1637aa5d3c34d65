use hzmjob::{JobContext, JobResult, job};

#[job]
fn report(_run: JobContext) -> JobResult {
    Ok(())
}

fn main() {}
