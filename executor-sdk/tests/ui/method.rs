use hzmjob::{JobResult, job};

struct Reports;

impl Reports {
    #[job]
    async fn report(&self) -> JobResult {
        Ok(())
    }
}

fn main() {}
