use hzmjob::{JobResult, job};

#[job]
async fn report() -> JobResult {
    Ok(())
}

fn main() {}
