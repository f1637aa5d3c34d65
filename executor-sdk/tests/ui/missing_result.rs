use hzmjob::{JobContext, job};

#[job]
async fn report(_run: JobContext) {}

fn main() {}
