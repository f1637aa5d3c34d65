//! An executor node of the breaker: it does little, and writes down what it did.
//!
//! Each run appends one line when it starts and one when it ends, each with a single write to a file opened for appending,
//! so that a kill leaves whole lines. Whether a run fails follows from its id: a second execution ends like the first.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Parser;
use hzm_job_chaos::clock::now_ms;
use hzm_job_chaos::trace::{Ending, Line, Work};
use hzmjob::{Executor, JobContext, JobResult, job};

/// What the breaker tells its nodes.
#[derive(Parser)]
struct Options {
    /// Its number, 0 or 1.
    #[arg(long)]
    node: usize,
    /// Where the admin is reached.
    #[arg(long)]
    admin: String,
    /// The port to listen on.
    #[arg(long)]
    port: u16,
    /// The address to give to the admin.
    #[arg(long)]
    address: String,
    /// The file of what was executed.
    #[arg(long)]
    trace: PathBuf,
    /// Where callbacks wait.
    #[arg(long)]
    callbacks: PathBuf,
}

/// The file of what was executed, with the number of this node.
static TRACE: OnceLock<(usize, File)> = OnceLock::new();

fn note(run: &JobContext, ending: Option<Ending>) -> Result<(), String> {
    let (node, file) = TRACE.get().ok_or("there is no file to write to")?;
    let line =
        Line { at: now_ms(), run: run.run_id(), job: run.job_id(), node: *node, process: std::process::id(), ending };
    let mut text = serde_json::to_vec(&line).map_err(|error| error.to_string())?;
    text.push(b'\n');
    // The reference to the file is the writer, so this is one system call on a file in append mode.
    let mut writer = file;
    writer.write_all(&text).map_err(|error| error.to_string())
}

/// Works for as long as the parameters say, and fails where its id says so.
#[job("chaos-work")]
async fn chaos_work(run: JobContext, work: Work) -> JobResult {
    note(&run, None)?;
    let took_place = tokio::select! {
        () = run.cancelled() => false,
        () = tokio::time::sleep(Duration::from_millis(work.takes_ms)) => true,
    };
    let ending = if took_place { work.ending(run.run_id()) } else { Ending::Cancelled };
    note(&run, Some(ending))?;
    match ending {
        Ending::Succeeded => {
            run.message(ending.message(run.run_id()));
            Ok(())
        }
        Ending::Failed | Ending::Cancelled => Err(ending.message(run.run_id()).into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let file = OpenOptions::new().create(true).append(true).open(&options.trace)?;
    TRACE.set((options.node, file)).map_err(|_| "the file was set twice")?;
    Executor::builder(hzm_job_chaos::APP_KEY)
        .admin(&options.admin)
        .secret(hzm_job_chaos::APP_SECRET)
        .bind(format!("127.0.0.1:{}", options.port))
        .address(&options.address)
        .data_dir(&options.callbacks)
        .concurrency(512)
        .queue(2_000)
        .cancel_grace(Duration::from_secs(1))
        .register_every(Duration::from_secs(2), Duration::from_millis(500))
        .callback_retry(Duration::from_millis(200), Duration::from_secs(2))
        .job::<chaos_work>()
        .run()
        .await?;
    Ok(())
}
