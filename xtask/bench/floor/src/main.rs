//! What the parts of one fire cost at the least on this machine: an HTTP request out, one in, a row written in a batch, and
//! an update in a batch. No scheduler is involved; the numbers are what a scheduler's own can be compared with.
//!
//! Started by `cargo xtask bench floor`, which reads the figures from its output as JSON.

mod bare;
mod cost;
mod http;
mod store;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hzm_job_bench::figures::Sheet;

/// What is measured, and where.
#[derive(Clone, Debug, Parser)]
#[command(name = "hzm-job-bench-floor")]
struct Options {
    /// The database, as the admin's configuration names it; its schema is brought up to date.
    #[arg(long)]
    url: String,
    /// A folder for an SQLite file that is written past the store; without it that is left out.
    #[arg(long)]
    bare: Option<PathBuf>,
    /// The first process of the database, where it is a server.
    #[arg(long)]
    database_process: Option<u32>,
    /// Rows that are written and then updated.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rows: u32,
    /// Rows of one transaction.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// HTTP requests.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    requests: u32,
    /// Connections of HTTP requests; each carries one at a time.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
}

fn main() -> ExitCode {
    let told = match measure(&Options::parse()) {
        Ok(json) => {
            return if writeln!(std::io::stdout(), "{json}").is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Err(problem) => writeln!(std::io::stderr(), "hzm-job-bench-floor: {problem}"),
    };
    // When even stderr is gone there is nobody left to tell; the exit code still says it.
    if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
}

fn measure(options: &Options) -> Result<String, String> {
    let mut sheet = Sheet::default();
    http::measure(options, &mut sheet)?;
    store::measure(options, &mut sheet)?;
    let parts = ["HTTP request out", "HTTP request in", "row in", "update"];
    let cost = |part: &str, whose: &str| sheet.get(&format!("{part}, {whose}")).unwrap_or_default();
    let all = parts.map(|part| cost(part, "CPU") + cost(part, "CPU of the database"));
    sheet.add("a fire at the least, CPU", all.iter().sum(), "µs");
    if let Some(folder) = &options.bare {
        bare::measure(options, folder, &mut sheet)?;
    }
    serde_json::to_string(&sheet).map_err(text)
}

/// An error as text, for people.
fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
