//! What the executors saw: the lines that the nodes write, and the executions that they add up to.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The parameters of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Work {
    /// How long it takes, in milliseconds.
    pub takes_ms: u64,
    /// Every so many-th run fails; 0: none.
    pub fails_every: i64,
}

impl Work {
    /// How a run ends that nobody cancels; follows from its id alone.
    #[must_use]
    pub fn ending(self, run: i64) -> Ending {
        if self.fails_every > 0 && run % self.fails_every == 0 { Ending::Failed } else { Ending::Succeeded }
    }
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// With success.
    Succeeded,
    /// With an error, on purpose.
    Failed,
    /// It was asked to stop, and did.
    Cancelled,
}

impl Ending {
    /// What it says to the admin: the ledger must say the same.
    #[must_use]
    pub fn message(self, run: i64) -> String {
        match self {
            Ending::Succeeded => format!("run {run} is done"),
            Ending::Failed => format!("run {run} fails on purpose"),
            Ending::Cancelled => format!("run {run} stopped when it was asked to"),
        }
    }
}

/// One line: a run started, or ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Line {
    /// When, in milliseconds since 1970, by the machine's clock.
    pub at: i64,
    /// The run.
    pub run: i64,
    /// Its job.
    pub job: i64,
    /// Which node.
    pub node: usize,
    /// The number of its process.
    pub process: u32,
    /// How it ended; none for a start.
    pub ending: Option<Ending>,
}

/// One execution of a run by one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The run.
    pub run: i64,
    /// Its job.
    pub job: i64,
    /// Which node.
    pub node: usize,
    /// The number of its process.
    pub process: u32,
    /// When it started.
    pub started: i64,
    /// When and how it ended; none: it never told.
    pub ended: Option<(i64, Ending)>,
}

/// The executions in the files of all nodes, by their starts.
///
/// # Errors
/// When a file cannot be read or has a line that is none, with the line.
pub fn read(files: &[impl AsRef<Path>]) -> Result<Vec<Execution>, String> {
    let mut executions = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.as_ref().display()))?;
        executions.extend(pair(lines(&text)?)?);
    }
    executions.sort_by_key(|execution| execution.started);
    Ok(executions)
}

fn lines(text: &str) -> Result<Vec<Line>, String> {
    let read = |line: &str| serde_json::from_str(line).map_err(|error| format!("{line:?} is no line: {error}"));
    text.lines().map(read).collect()
}

/// Joins starts and ends; a run that one process starts twice at a time is two executions.
fn pair(lines: Vec<Line>) -> Result<Vec<Execution>, String> {
    let mut executions: Vec<Execution> = Vec::new();
    let mut open: HashMap<(u32, i64), Vec<usize>> = HashMap::new();
    for Line { at, run, job, node, process, ending } in lines {
        let key = (process, run);
        match ending {
            None => {
                open.entry(key).or_default().push(executions.len());
                executions.push(Execution { run, job, node, process, started: at, ended: None });
            }
            Some(ending) => {
                let begun = open.get_mut(&key).and_then(Vec::pop).and_then(|place| executions.get_mut(place));
                begun.ok_or_else(|| format!("run {run} ended in process {process} without a start"))?.ended =
                    Some((at, ending));
            }
        }
    }
    Ok(executions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: i64, run: i64, process: u32, ending: Option<Ending>) -> Line {
        Line { at, run, job: 1, node: 0, process, ending }
    }

    #[test]
    fn a_start_and_an_end_of_one_process_are_one_execution() {
        let ended = pair(vec![line(1, 7, 100, None), line(5, 7, 100, Some(Ending::Failed))]).unwrap();
        assert_eq!(ended.len(), 1);
        assert_eq!((ended[0].started, ended[0].ended), (1, Some((5, Ending::Failed))));
    }

    #[test]
    fn two_processes_that_start_the_same_run_are_two_executions() {
        let two =
            pair(vec![line(1, 7, 100, None), line(2, 7, 200, None), line(3, 7, 200, Some(Ending::Succeeded))]).unwrap();
        assert_eq!(two.iter().map(|execution| execution.ended.is_some()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn an_end_without_a_start_is_a_broken_file() {
        assert!(pair(vec![line(1, 7, 100, Some(Ending::Succeeded))]).unwrap_err().contains("run 7"));
        assert!(lines("{\"at\":1").is_err());
    }

    #[test]
    fn how_a_run_ends_follows_from_its_id() {
        let work = Work { takes_ms: 0, fails_every: 5 };
        assert_eq!((work.ending(10), work.ending(11)), (Ending::Failed, Ending::Succeeded));
        assert_eq!(Work { fails_every: 0, ..work }.ending(10), Ending::Succeeded);
    }
}
