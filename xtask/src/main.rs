//! Developer commands, run as `cargo xtask COMMAND`.
//!
//! `test` is the one that decides: whatever it reports green may be merged. It needs nothing but a Rust toolchain and a C
//! compiler; what else it uses (clippy, rustfmt, a browser, database servers) is installed where that can be done without asking, and
//! otherwise left out *by name*, so that a reader of the output knows what was not checked.
//!
//! This crate never builds, formats or tests by itself: it calls cargo and adds up what cargo says.

mod browser;
mod cargo;
mod databases;
mod directory;
mod fuzz;
mod imports;
mod links;
mod packages;
mod report;
mod suite;
mod tally;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Developer commands of hzm-job.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check and every test, cheapest first, and reports all failures at the end.
    Test(TestOptions),
    /// Checks only the direction of imports between the crates.
    Imports,
    /// Runs the whole system, breaks it in every way it knows, and checks that nothing was lost or done twice.
    #[command(disable_help_flag = true)]
    Chaos {
        /// What the breaker understands; `--help` lists it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Runs the fuzzers for a while, guided by what of the code they reach, and renews their corpus.
    Fuzz(fuzz::FuzzOptions),
    /// Measures the whole system: how much, how punctual, at which cost, and whether every fire was right.
    #[command(disable_help_flag = true)]
    Bench {
        /// What the benchmark understands; `--help` lists it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
}

/// What part of the suite to run; without any of these, all of it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TestOptions {
    /// Only formatting, imports, clippy and unit tests.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Only the tests whose name contains this text; the other checks are left out.
    #[arg(long, value_name = "TEXT", conflicts_with = "fast")]
    pub(crate) filter: Option<String>,
}

fn main() -> ExitCode {
    let command = Command::parse();
    match run(&command.task, &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&error),
    }
}

/// Runs one task; the answer says whether everything passed.
fn run(task: &Task, out: &mut dyn Write) -> io::Result<bool> {
    let report = match task {
        Task::Test(options) => suite::run(&workspace_root()?, options, out)?,
        Task::Imports => suite::run_imports(&workspace_root()?, out)?,
        Task::Chaos { options } => return chaos(options),
        Task::Bench { options } => return bench(options),
        Task::Fuzz(options) => return fuzz::run(&workspace_root()?, options, out),
    };
    report.close(out)?;
    Ok(report.passed())
}

/// Hands over to the breaker, which is a program of its own: it is built from crates that this one must not need.
fn chaos(options: &[String]) -> io::Result<bool> {
    let root = workspace_root()?;
    // It starts a second program of its package, which `cargo run` would not build.
    if !cargo::run(&root, &["build", "--quiet", "--package", "hzm-job-chaos", "--bins"])? {
        return Ok(false);
    }
    let program = ["run", "--quiet", "--package", "hzm-job-chaos", "--bin", "hzm-job-chaos", "--"];
    let options = options.iter().map(String::as_str);
    cargo::run(&root, &program.into_iter().chain(options).collect::<Vec<_>>())
}

/// Hands over to the benchmark, which is a program of its own like the breaker, and built for speed as the admin is.
fn bench(options: &[String]) -> io::Result<bool> {
    let root = workspace_root()?;
    let mut build = vec!["build", "--quiet", "--release", "--package", "hzm-job-bench", "--bins"];
    if options.iter().any(|option| option == "floor") {
        build.extend(["--package", "hzm-job-bench-floor"]);
    }
    if options.iter().any(|option| option == "sdk" || option == "--wire=sdk") {
        build.extend(["--package", "hzm-job-bench-sdk-node"]);
    }
    let needs_none = ["--admin-binary", "--page", "--help"];
    if !options.iter().any(|option| needs_none.iter().any(|none| option.starts_with(none))) {
        build.extend(["--package", "hzm-job-admin", "--bin", "hzm-job-admin"]);
    }
    if !cargo::run(&root, &build)? {
        return Ok(false);
    }
    let program = ["run", "--quiet", "--release", "--package", "hzm-job-bench", "--bin", "hzm-job-bench", "--"];
    let options = options.iter().map(String::as_str);
    cargo::run(&root, &program.into_iter().chain(options).collect::<Vec<_>>())
}

/// The folder of the workspace: the parent of this crate's folder, which cargo knows at compile time.
fn workspace_root() -> io::Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).ok_or_else(|| io::Error::other("the xtask folder has no parent folder"))
}

fn complain(error: &io::Error) -> ExitCode {
    // When even stderr is gone there is nobody left to tell; the exit code still says it.
    let told = writeln!(io::stderr(), "cargo xtask: {error}");
    if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
}
