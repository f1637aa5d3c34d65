//! The load executor as a user would write it: with our own SDK and whatever wire it agrees on with the admin.
//!
//! It takes the same options and answers on the same control port as the other load executor. When the admin has taken a
//! result is not told by the SDK; the end of the job counts as that.

use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use clap::Parser;
use hzm_job_bench::node::Options;
use hzm_job_bench::node::control;
use hzm_job_bench::node::records::{Record, Records};
use hzm_job_bench::node::state::Counts;
use hzm_job_test_rig::clock::now_us;
use hzmjob::{Executor, ExecutorHandle, JobContext, JobResult, job};
use tokio::time::Instant;

/// What every job of this process writes to; a job has nothing else to reach it by.
static MEMORY: OnceLock<Memory> = OnceLock::new();

struct Memory {
    work: Duration,
    /// The wall clock and the steady one, both at the start.
    started: (i64, Instant),
    inside: Mutex<(Records, Counts)>,
}

impl Memory {
    fn inside(&self) -> MutexGuard<'_, (Records, Counts)> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts as of now.
    fn counts(&self) -> Counts {
        let (wall, steady) = self.started;
        let passed = i64::try_from(steady.elapsed().as_micros()).unwrap_or(i64::MAX);
        Counts { drift_us: now_us() - wall - passed, ..self.inside().1 }
    }
}

/// Remembers when it came, and works as long as it was told to.
#[job]
async fn bench(run: JobContext) -> JobResult {
    let arrived_us = now_us();
    let memory = MEMORY.get().ok_or("the memory is not there yet")?;
    let place = {
        let (records, counts) = &mut *memory.inside();
        let record = Record { run: run.run_id(), job: run.job_id(), told_ms: 0, arrived_us, taken_us: 0 };
        let place = records.push(record);
        counts.arrived += 1;
        counts.forgotten += u64::from(place.is_none());
        place
    };
    if !memory.work.is_zero() {
        tokio::time::sleep(memory.work).await;
    }
    let (records, counts) = &mut *memory.inside();
    counts.taken += 1;
    if let Some(place) = place {
        records.taken(place, now_us());
    }
    Ok(())
}

fn main() -> ExitCode {
    let told = match serve(&Options::parse()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(problem) => {
            use std::io::Write;
            writeln!(std::io::stderr(), "hzm-job-bench-sdk-node: {problem}")
        }
    };
    // When even stderr is gone there is nobody left to tell; the exit code still says it.
    if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
}

#[tokio::main(flavor = "current_thread")]
async fn serve(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let memory = Memory {
        work: Duration::from_millis(options.work_ms),
        started: (now_us(), Instant::now()),
        inside: Mutex::new((Records::new(options.capacity), Counts::default())),
    };
    let memory = MEMORY.get_or_init(|| memory);
    let _nodes: Vec<ExecutorHandle> =
        options.ports.iter().map(|port| node(options, *port)).collect::<Result<_, _>>()?;
    let answer = |path: &str| match path {
        "/counts" => Ok(serde_json::to_string(&memory.counts())?),
        "/records" => {
            let (records, _) = &*memory.inside();
            records.write(&options.records)?;
            Ok(records.len().to_string())
        }
        _ => Err(control::unknown()),
    };
    control::accept(options.control_port, answer).await?;
    Ok(())
}

/// A node; its callbacks lie beside the records.
fn node(options: &Options, port: u16) -> Result<ExecutorHandle, hzmjob::ExecutorError> {
    Executor::builder(options.app_key.as_str())
        .admin(format!("http://127.0.0.1:{}", options.admin_port))
        .secret(options.secret.as_str())
        .bind(format!("127.0.0.1:{port}"))
        .address(format!("http://127.0.0.1:{port}"))
        .data_dir(options.records.with_extension(format!("callbacks-{port}")))
        .concurrency(10_000)
        .queue(100_000)
        .logger(slog::Logger::root(slog::Discard, slog::o!()))
        .job::<bench>()
        .spawn()
}
