//! How the benchmark's program ends, as whoever starts it sees it.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use hzm_job_test_rig::clock::{now_ms, pause_ms};
use hzm_job_test_rig::programs;
use hzm_job_test_servers::signal;

/// A temporary folder of one test, in which the benchmark makes its own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let folder = std::env::temp_dir().join(format!("hzm-job-ends-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Place(folder)
    }

    /// What the benchmark left, or has made so far.
    fn entries(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bench(place: &Place, more: &[&str]) -> Command {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_hzm-job-bench"));
    bench.env("TMPDIR", &place.0).args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    bench.arg("--admin-binary").arg(programs::admin().unwrap());
    bench
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Waits until the admin of a benchmark has made its database.
fn wait_for_a_ledger(place: &Place, bench: &mut Child) -> PathBuf {
    let patience_ends = now_ms() + 120_000;
    loop {
        let found = place.entries().into_iter().find(|folder| folder.join("data/ledger.sqlite").is_file());
        if let Some(folder) = found {
            return folder;
        }
        assert!(bench.try_wait().unwrap().is_none() && now_ms() < patience_ends, "there is no admin");
        pause_ms(20);
    }
}

/// Ends a benchmark in the middle; what it said, and the folder that it had.
fn ended_in_the_middle(place: &Place, more: &[&str]) -> (Output, PathBuf) {
    let mut child = bench(place, &["--rate", "5", "--seconds", "600"]).args(more).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let folder = wait_for_a_ledger(place, &mut child);
    signal("TERM", &[child.id()]).unwrap();
    (child.wait_with_output().unwrap(), folder)
}

/// Whether a process has this folder in its command line.
fn is_used(folder: &Path) -> bool {
    let folder = folder.display().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path().join("cmdline"));
    processes.filter_map(|line| fs::read(line).ok()).any(|line| String::from_utf8_lossy(&line).contains(&folder))
}

#[test]
fn a_benchmark_that_is_ended_leaves_neither_its_folder_nor_its_processes() {
    let place = Place::new("ended");
    let (output, folder) = ended_in_the_middle(&place, &[]);
    assert_eq!(output.status.code(), Some(128 + 15), "{}", told(&output));
    assert!(told(&output).contains(&format!("removed {}", folder.display())), "{}", told(&output));
    assert_eq!(place.entries(), Vec::<PathBuf>::new());
    assert!(!is_used(&folder));
}

#[test]
fn a_benchmark_that_is_ended_says_where_the_folder_is_that_it_keeps() {
    let place = Place::new("kept");
    let (output, folder) = ended_in_the_middle(&place, &["--keep"]);
    assert!(told(&output).contains(&format!("kept {}", folder.display())), "{}", told(&output));
    assert_eq!(place.entries(), [folder]);
}

#[test]
fn a_database_that_is_not_to_be_had_is_a_failure_when_nothing_else_was_asked_for() {
    let place = Place::new("nothing");
    let output = bench(&place, &["idle", "--database", "mysql"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told(&output).contains("nothing was measured: mysql: standalone has its own database"),
        "{}",
        told(&output)
    );
}
