//! `cargo xtask fuzz`: the fuzzers for longer than the suite has time, guided by what of the code an input reaches.
//!
//! It builds each suite of fuzzers once more, into a folder of its own and with counters in the code that libFuzzer (which
//! `bolero` brings) reads; the stable toolchain can do that, without a sanitizer. What reaches something new is kept in `__fuzz__`
//! beside the fuzzers, a sample of it of every length, and replayed by `cargo xtask test`.

use clap::Args;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The counters in the code, as libFuzzer wants them.
const COUNTERS: &str = "--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Where fuzzers are: the package, which of its tests, and the folder with their `__fuzz__`.
const SUITES: [(&str, &[&str], &str); 3] = [
    ("hzm-job-scheduler", &["--test", "fuzz"], "scheduler/tests"),
    ("hzm-job-identity", &["--lib"], "web-admin/identity/src/ldap"),
    ("hzm-job-admin", &["--lib"], "web-admin/src"),
];

/// The inputs of a target that are kept. (libFuzzer could choose those that reach the most, but not under a test harness: it
/// starts itself anew for that.)
const KEPT: usize = 40;

/// Bytes of an input at most: parsers that strangers reach have their own bounds far above.
const LONGEST: &str = "-max_len=2048";

/// What to fuzz, and for how long.
#[derive(Args, Clone, Debug)]
pub(crate) struct FuzzOptions {
    /// Only targets whose name contains this text.
    #[arg(value_name = "TEXT")]
    filter: Option<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets one after another; whether none of them failed.
pub(crate) fn run(root: &Path, options: &FuzzOptions, out: &mut dyn Write) -> io::Result<bool> {
    let mut held = true;
    for (package, of, folder) in SUITES {
        let program = build(root, package, of)?;
        for target in targets(&program, options.filter.as_deref())? {
            let work = root.join(folder).join("__fuzz__").join(folder_of(&target));
            writeln!(out, "{package}: {target}, {} s", options.seconds)?;
            held &= Fuzzed { program: &program, target: &target, work: &work }.run(options.seconds, out)?;
        }
    }
    Ok(held)
}

/// Builds a suite with counters, and answers where its program is.
fn build(root: &Path, package: &str, of: &[&str]) -> io::Result<PathBuf> {
    // With a target named, the flags are not for programs that run while building.
    let host = host()?;
    let asked = ["test", "--no-run", "--target", &host, "--target-dir", "target/fuzz", "--package", package];
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(asked)
        .args(of)
        .current_dir(root)
        .env("RUSTFLAGS", COUNTERS)
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        .stderr(Stdio::piped());
    let built = command.output()?;
    let said = String::from_utf8_lossy(&built.stderr);
    let program = said.lines().filter(|line| line.trim_start().starts_with("Executable")).find_map(|line| {
        let (_, path) = line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
        Some(root.join(path))
    });
    program.filter(|_| built.status.success()).ok_or_else(|| io::Error::other(said.into_owned()))
}

/// What rustc calls this machine.
fn host() -> io::Result<String> {
    let asked = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV").output()?;
    let said = String::from_utf8_lossy(&asked.stdout);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| io::Error::other("`rustc -vV` does not tell its host"))
}

/// The names of a suite's fuzzers.
fn targets(program: &Path, filter: Option<&str>) -> io::Result<Vec<String>> {
    let listed = Command::new(program).args(["--list", "--format", "terse"]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let tests = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    let fuzzers = tests.filter(|name| name.rsplit("::").next().is_some_and(|last| last.starts_with("fuzz_")));
    Ok(fuzzers.filter(|name| filter.is_none_or(|filter| name.contains(filter))).map(str::to_owned).collect())
}

/// The folder in `__fuzz__` where bolero looks for what belongs to a target: its path without the `fuzz_` of its name.
fn folder_of(target: &str) -> String {
    let (path, name) = target.rsplit_once("::").unwrap_or(("", target));
    let name = name.strip_prefix("fuzz_").unwrap_or(name);
    if path.is_empty() { name.to_owned() } else { format!("{}__{name}", path.replace("::", "__")) }
}

/// A target and its folder.
struct Fuzzed<'a> {
    program: &'a Path,
    target: &'a str,
    work: &'a Path,
}

impl Fuzzed<'_> {
    fn run(&self, seconds: u32, out: &mut dyn Write) -> io::Result<bool> {
        let (corpus, crashes) = (self.work.join("corpus"), self.work.join("crashes"));
        fs::create_dir_all(&corpus)?;
        let found = tempfile::tempdir()?;
        fs::create_dir_all(&crashes)?;
        let crash_prefix = format!("-artifact_prefix={}/", crashes.display());
        let time = format!("-max_total_time={seconds}");
        let (_, said) = self.play(&[found.path(), &corpus], &[&time, &crash_prefix, "-print_final_stats=1"])?;
        for line in said.lines().filter(|line| line.starts_with("stat::number_of_executed") || line.contains("ERROR:"))
        {
            writeln!(out, "    {line}")?;
        }
        let held = fs::read_dir(&crashes)?.next().is_none();
        if held {
            fs::remove_dir(&crashes)?;
        } else {
            writeln!(out, "    FAILED: the input is in {}", crashes.display())?;
        }
        keep_sample(&[found.path(), &corpus], &corpus)?;
        Ok(held)
    }

    /// Lets libFuzzer work on these folders.
    fn play(&self, folders: &[&Path], flags: &[&str]) -> io::Result<(bool, String)> {
        let folders = folders.iter().map(|folder| folder.display().to_string());
        let flags = flags.iter().chain(&[LONGEST]).map(|flag| (*flag).to_owned());
        let arguments: Vec<String> = folders.chain(flags).collect();
        let mut command = Command::new(self.program);
        command.args([self.target, "--exact", "--nocapture", "--quiet", "--test-threads", "1"]);
        command.env("BOLERO_TEST_NAME", self.target).env("BOLERO_LIBFUZZER_ARGS", arguments.join(" "));
        let played = command.env("BOLERO_FUZZER", "libfuzzer").output()?;
        Ok((played.status.success(), String::from_utf8_lossy(&played.stderr).into_owned()))
    }
}

/// Replaces a corpus by a sample of what is in these folders, from the shortest to the longest; each is named after what is in it.
fn keep_sample(found: &[&Path], corpus: &Path) -> io::Result<()> {
    let mut inputs = Vec::new();
    for folder in found {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            inputs.push((entry.metadata()?.len(), entry.file_name(), fs::read(entry.path())?));
        }
    }
    inputs.sort();
    inputs.dedup();
    fs::remove_dir_all(corpus)?;
    fs::create_dir_all(corpus)?;
    let step = inputs.len().div_ceil(KEPT).max(1);
    inputs.into_iter().step_by(step).try_for_each(|(_, name, input)| fs::write(corpus.join(name), input))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_targets_folder_is_the_one_where_bolero_looks() {
        assert_eq!(folder_of("fuzz_cron_expressions"), "cron_expressions");
        assert_eq!(folder_of("ldap::fuzz::fuzz_names_of_entries"), "ldap__fuzz__names_of_entries");
    }
}
