//! A long job that can be stopped from the admin, in both ways of working. See README.md beside it.

use std::time::Duration;

use hzmjob::{JobContext, JobResult, job};

const PARTS: u32 = 60;

/// Work that awaits: it stops in the midst of a part.
#[job]
async fn copy_files(run: JobContext) -> JobResult {
    for part in 1..=PARTS {
        tokio::select! {
            () = run.cancelled() => return Err(format!("stopped after {} of {PARTS} files", part - 1).into()),
            () = copy_one() => run.log(format_args!("file {part} of {PARTS} is copied")),
        }
    }
    run.message(format_args!("all {PARTS} files are copied"));
    Ok(())
}

/// Stands for a second of reading and writing.
async fn copy_one() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Work that computes: it runs on a thread where it may block, and looks for itself whether it should go on.
#[job]
async fn count_primes(run: JobContext, below: u32) -> JobResult {
    let work = run.clone();
    let (primes, reached) = tokio::task::spawn_blocking(move || primes_below(below, &work)).await?;
    if reached < below {
        return Err(format!("stopped at {reached} of {below}, {primes} primes so far").into());
    }
    run.message(format_args!("{primes} primes below {below}"));
    Ok(())
}

/// How many primes there are, and how far it came.
fn primes_below(below: u32, run: &JobContext) -> (u32, u32) {
    let mut primes = 0;
    for number in 2..below {
        if number % 1_000 == 0 && run.is_cancelled() {
            return (primes, number);
        }
        let may_divide = (2..number).take_while(|divisor| divisor.saturating_mul(*divisor) <= number);
        primes += u32::from(!may_divide.into_iter().any(|divisor| number % divisor == 0));
    }
    (primes, below)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executor = hzm_job_examples::executor("cancellation")?;
    Ok(executor.job::<copy_files>().job::<count_primes>().run().await?)
}
