//! Callbacks on disk: a log to which many are appended at a time, there from before the first send until an admin has
//! acknowledged them.
//!
//! What this module promises is that a callback once kept survives the process and the machine. It never sends anything.
//! All functions block; they are called on the clerk's thread, and before it starts.
//!
//! The log is a row of files, `00000001.log` and so on, of lines ([`record`]). Only the last one is written to. A settled
//! callback gets a line too, so that it is not sent again after a restart; that one may be lost in a crash, which costs a
//! repetition. Files are taken away from the front, as soon as all that is in them is settled; a few that stay do not keep
//! the others for long: they are written again at the end once they are less than half of it all.
//!
//! A process writes to files of its own and holds a lock on the one that it writes to. So two processes on one folder, one
//! that ends and one that starts, take nothing from each other.

mod load;
mod record;
mod refused;

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slog::{Logger, debug, warn};

use crate::report::Report;
use refused::Refused;

/// A file that has become this long is the last one no more, in bytes. A few seconds of the heaviest load.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Behind the number in a file's name.
const SUFFIX: &str = ".log";

/// The log of one executor.
#[derive(Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
    refused: Refused,
    // Oldest first.
    segments: VecDeque<Segment>,
    // The last segment, while it is written to.
    active: Option<File>,
    next_number: u64,
    live: HashMap<i64, Kept>,
    live_bytes: u64,
    // Emptied after each use; here so that it is not made anew each time.
    lines: Vec<u8>,
    log: Logger,
}

/// One file.
#[derive(Debug)]
struct Segment {
    number: u64,
    bytes: u64,
    // How many of its results are not settled.
    live: usize,
}

/// A result that is not settled.
#[derive(Debug)]
struct Kept {
    report: Arc<Report>,
    segment: u64,
    bytes: u64,
}

impl Outbox {
    /// Opens the folder, makes it when it is missing, and reads what waits in it: the log of earlier processes, and the
    /// files of former versions, which are carried over. What is none of these is moved to `refused/` and logged. Comes with
    /// what waits, in the order of the runs.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub(crate) fn open(folder: &Path, log: &Logger) -> io::Result<(Self, Vec<Arc<Report>>)> {
        let refused = Refused::open(folder.join("refused"))?;
        let mut outbox = Self {
            folder: folder.to_owned(),
            refused,
            segments: VecDeque::new(),
            active: None,
            next_number: 1,
            live: HashMap::new(),
            live_bytes: 0,
            lines: Vec::new(),
            log: log.clone(),
        };
        let mut waiting = outbox.load()?;
        waiting.sort_unstable_by_key(|report| report.run_id);
        Ok((outbox, waiting))
    }

    /// Keeps results: after this they survive a crash of the process and of the machine. Those that are kept already cost
    /// nothing. Forgets settled ones.
    ///
    /// # Errors
    ///
    /// When the disk does not take it: the results are then kept in memory only, and a settled one may be sent once more
    /// after a restart.
    pub(crate) fn append(&mut self, results: &[Arc<Report>], settled: &[i64]) -> io::Result<()> {
        let settled: Vec<i64> = settled.iter().copied().filter(|run_id| self.forget(*run_id)).collect();
        let results: Vec<&Arc<Report>> = results.iter().filter(|report| !self.keeps(report)).collect();
        // Of what is taken away as a whole nothing needs to be said.
        let write = !self.live.is_empty() || self.active.is_some() || !results.is_empty();
        let written = if write { self.write(&results, &settled) } else { Ok(()) };
        self.tidy();
        written
    }

    /// Sets a finally refused result aside, for someone to look at. It stays kept until it is settled.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub(crate) fn refuse(&mut self, report: &Report) -> io::Result<()> {
        let content = serde_json::to_vec(&report.written(true))?;
        self.refused.put(&format!("{}.json", report.run_id), &content, &self.log)
    }

    /// Leaves nothing behind when nothing waits.
    pub(crate) fn close(mut self) {
        self.active = None;
        self.tidy();
    }

    fn keeps(&self, report: &Arc<Report>) -> bool {
        self.live.get(&report.run_id).is_some_and(|kept| Arc::ptr_eq(&kept.report, report) || kept.report == *report)
    }

    /// Whether there was something to forget.
    fn forget(&mut self, run_id: i64) -> bool {
        let Some(kept) = self.live.remove(&run_id) else { return false };
        self.live_bytes -= kept.bytes;
        // The newest first: that is where it is while the admin keeps up.
        if let Some(segment) = self.segments.iter_mut().rev().find(|segment| segment.number == kept.segment) {
            segment.live -= 1;
        }
        true
    }

    fn remember(&mut self, report: Arc<Report>, bytes: u64) {
        self.forget(report.run_id);
        if let Some(segment) = self.segments.back_mut() {
            segment.live += 1;
            let segment = segment.number;
            self.live_bytes += bytes;
            self.live.insert(report.run_id, Kept { report, segment, bytes });
        }
    }

    /// One write for all, and one wait for the disk if there is a result among them.
    fn write(&mut self, results: &[&Arc<Report>], settled: &[i64]) -> io::Result<()> {
        let mut lines = std::mem::take(&mut self.lines);
        let written = self.write_lines(&mut lines, results, settled);
        lines.clear();
        self.lines = lines;
        if written.is_err()
            && let Some((file, segment)) = self.active.take().zip(self.segments.back_mut())
        {
            // Whatever of it is there counts as not written: nothing is ever written behind it.
            segment.bytes = file.metadata().map_or(segment.bytes, |metadata| metadata.len());
        }
        written
    }

    fn write_lines(&mut self, lines: &mut Vec<u8>, results: &[&Arc<Report>], settled: &[i64]) -> io::Result<()> {
        // What is settled comes first: a result of the same run is a newer one.
        for run_id in settled {
            record::write_settled(lines, *run_id)?;
        }
        let mut lengths = Vec::with_capacity(results.len());
        for report in results {
            let before = lines.len();
            record::write_result(lines, report)?;
            lengths.push((lines.len() - before) as u64);
        }
        if lines.is_empty() {
            return Ok(());
        }
        let file = match self.active.take() {
            Some(file) => file,
            None => self.begin_segment()?,
        };
        let file = self.active.insert(file);
        file.write_all(lines)?;
        if !results.is_empty() {
            file.sync_data()?;
        }
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes += lines.len() as u64;
        }
        for (report, bytes) in results.iter().zip(lengths) {
            self.remember(Arc::clone(report), bytes);
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<File> {
        let file = loop {
            let (number, path) = (self.next_number, self.path(self.next_number));
            self.next_number += 1;
            match OpenOptions::new().append(true).create_new(true).open(path) {
                // Another process on the same folder took that number.
                Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => {}
                opened => {
                    let file = opened?;
                    self.segments.push_back(Segment { number, bytes: 0, live: 0 });
                    break file;
                }
            }
        };
        if let Err(TryLockError::Error(problem)) = file.try_lock() {
            debug!(self.log, "this disk knows no locks; one process at a time may use it"; "error" => %problem);
        }
        // The name itself is durable only once the folder is.
        File::open(&self.folder)?.sync_all()?;
        Ok(file)
    }

    /// Begins a new file when this one is long, and takes away what is settled. What fails is done next time, or at the next
    /// start.
    fn tidy(&mut self) {
        if self.segments.back().is_some_and(|last| last.bytes >= SEGMENT_BYTES) {
            self.active = None;
        }
        let mut tidied = self.take_settled_away();
        if self.segments.len() > 2 && self.bytes() > 2 * self.live_bytes + 2 * SEGMENT_BYTES {
            tidied = tidied.and(self.move_the_oldest()).and(self.take_settled_away());
        }
        if let Err(problem) = tidied {
            warn!(self.log, "a file of settled callbacks stays behind"; "error" => %problem);
        }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn take_settled_away(&mut self) -> io::Result<()> {
        while let Some(oldest) = self.segments.pop_front_if(|oldest| oldest.live == 0) {
            if self.segments.is_empty() && self.active.is_some() {
                self.segments.push_front(oldest);
                break;
            }
            take_away(&self.path(oldest.number), oldest.bytes)?;
        }
        Ok(())
    }

    /// Writes what is left of the oldest file again at the end.
    fn move_the_oldest(&mut self) -> io::Result<()> {
        let Some(oldest) = self.segments.front().map(|segment| segment.number) else { return Ok(()) };
        let left = self.live.values().filter(|kept| kept.segment == oldest);
        let left: Vec<_> = left.map(|kept| Arc::clone(&kept.report)).collect();
        self.write(&left.iter().collect::<Vec<_>>(), &[])
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}{SUFFIX}"))
    }
}

/// Unless it is in use, or holds more than was read of it: then it belongs to another process, which takes it away itself,
/// or else the next start does.
fn take_away(path: &Path, read: u64) -> io::Result<()> {
    let file = match File::open(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || file.metadata()?.len() > read {
        return Ok(());
    }
    fs::remove_file(path)
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
