//! The load executor: takes triggers, works as long as it is told to, reports, and remembers when each trigger came.
//!
//! One thread. It shares the machine with what it measures, so it does as little as an executor can.

use std::process::ExitCode;

use clap::Parser;
use hzm_job_bench::node::{self, Options};

fn main() -> ExitCode {
    match node::run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // When even stderr is gone there is nobody left to tell; the exit code still says it.
            let told = writeln!(std::io::stderr(), "hzm-job-bench-node: {error}");
            if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
        }
    }
}
