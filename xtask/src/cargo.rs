//! Calls cargo and listens to what it says.
//!
//! Standard error goes through untouched; standard output is passed on line by line, so that a long step shows life.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::report::Outcome;
use crate::tally::Tally;

/// A cargo command in the workspace folder. `CARGO` is the cargo that runs us, hence the right toolchain.
fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root).stdin(Stdio::null());
    command
}

/// Whether a cargo subcommand that comes as a component of its own (`fmt`, `clippy`) is installed.
pub(crate) fn has(root: &Path, subcommand: &str) -> bool {
    let mut asked = command(root, &[subcommand, "--version"]);
    asked.stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// Runs a check that says yes or no.
pub(crate) fn check(root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> io::Result<Outcome> {
    let status = command(root, arguments).envs(environment.iter().copied()).status()?;
    let shown = arguments.join(" ");
    Ok(if status.success() { Outcome::Held } else { Outcome::Broken(format!("`cargo {shown}` ended with {status}")) })
}

/// Runs a program of the workspace with our own standard output; whether it was content.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> io::Result<bool> {
    Ok(command(root, arguments).status()?.success())
}

/// Runs tests and counts them.
pub(crate) fn test(
    root: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let mut child = command(root, arguments).envs(environment.iter().copied()).stdout(Stdio::piped()).spawn()?;
    let mut tally = Tally::default();
    if let Some(said) = child.stdout.take() {
        for line in BufReader::new(said).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            writeln!(out, "{line}")?;
            tally.read(&line);
        }
    }
    let mut tally = tally.settled();
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
        tally.failures.push(format!("`cargo {}` ended with {status} before its tests did", arguments.join(" ")));
    }
    Ok(Outcome::Tests(tally))
}

/// What a cargo command prints, for commands that answer a question.
pub(crate) fn ask(root: &Path, arguments: &[&str]) -> io::Result<String> {
    let answer = command(root, arguments).stderr(Stdio::inherit()).output()?;
    if !answer.status.success() {
        return Err(io::Error::other(format!("`cargo {}` ended with {}", arguments.join(" "), answer.status)));
    }
    String::from_utf8(answer.stdout).map_err(io::Error::other)
}
