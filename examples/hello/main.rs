//! The smallest executor: one job that says hello. See README.md beside it.

use hzmjob::{JobContext, JobResult, job};

/// Greets whom the parameters name, or the world.
#[job]
async fn hello(run: JobContext, name: Option<String>) -> JobResult {
    let greeting = format!("hello, {}", name.as_deref().unwrap_or("world"));
    run.log(&greeting);
    run.message(greeting);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(hzm_job_examples::executor("hello")?.job::<hello>().run().await?)
}
