//! What an executor finds on disk when it starts.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use hzm_job_protocol::hzm::Callback;
use slog::{error, warn};

use super::record::{self, Content, Record};
use super::{Outbox, SUFFIX, Segment};
use crate::backlog::OUTBOX_LIMIT;
use crate::report::Report;

/// Former versions had a file for each callback, and an unfinished one while they wrote it.
const FORMER: &str = ".json";
const FORMER_UNFINISHED: &str = ".tmp";

impl Outbox {
    /// Everything that waits.
    pub(super) fn load(&mut self) -> io::Result<Vec<Arc<Report>>> {
        let names = file_names(&self.folder)?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.strip_suffix(SUFFIX)?.parse().ok()).collect();
        numbers.retain(|number| *number < u64::MAX / 2);
        numbers.sort_unstable();
        for number in numbers {
            // A newer file is begun behind it even when it cannot be read.
            self.next_number = number + 1;
            self.load_segment(number);
        }
        let former = self.carry_former_over(&names)?;
        self.tidy();
        let kept = self.live.values().map(|kept| Arc::clone(&kept.report));
        Ok(kept.chain(former.into_iter().filter(|report| !self.keeps(report))).collect())
    }

    fn load_segment(&mut self, number: u64) {
        let path = self.path(number);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(problem) => {
                error!(self.log, "kept callbacks cannot be read and stay where they are";
                    "file" => path.display().to_string(), "error" => %problem);
                return;
            }
        };
        let content = record::read(&bytes);
        self.tell_of_damage(&path, &content);
        self.segments.push_back(Segment { number, bytes: bytes.len() as u64, live: 0 });
        for record in content.records {
            match record {
                Record::Settled(run_id) => drop(self.forget(run_id)),
                Record::Result(callback) => {
                    let bytes = FIXED_BYTES + callback.handler_msg.as_ref().map_or(0, String::len) as u64;
                    self.remember(Arc::new(Report::from(callback)), bytes);
                }
            }
        }
    }

    fn tell_of_damage(&mut self, path: &Path, content: &Content<'_>) {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if content.unfinished > 0 {
            warn!(self.log, "the end of the kept callbacks was being written when the process ended, it is left out";
                "file" => %file, "bytes" => content.unfinished);
        }
        if !content.broken.is_empty() {
            let lines = content.broken.concat();
            let set_aside = self.refused.put(&format!("{file}.broken"), &lines, &self.log);
            error!(self.log, "kept callbacks cannot be read and are set aside";
                "file" => %file, "lines" => content.broken.len(), "set_aside" => ?set_aside);
        }
    }

    /// Their files go only once the log has them; while it has not, they stay and are read again at the next start.
    fn carry_former_over(&mut self, names: &[String]) -> io::Result<Vec<Arc<Report>>> {
        for name in names.iter().filter(|name| name.ends_with(FORMER_UNFINISHED)) {
            fs::remove_file(self.folder.join(name))?;
        }
        let former = names.iter().filter(|name| name.ends_with(FORMER)).take(OUTBOX_LIMIT);
        let (mut reports, mut files) = (Vec::new(), Vec::new());
        for name in former {
            let path = self.folder.join(name);
            match read_former(&path) {
                Ok(callback) => {
                    reports.push(Arc::new(Report::from(callback)));
                    files.push(path);
                }
                Err(problem) => {
                    error!(self.log, "a kept callback cannot be read and is set aside"; "file" => name, "error" => %problem);
                    self.refused.take(&path, name, &self.log)?;
                }
            }
        }
        match self.append(&reports, &[]) {
            Ok(()) => files.iter().try_for_each(fs::remove_file)?,
            Err(problem) => error!(self.log, "callbacks of a former version are not carried over, their files stay";
                "count" => files.len(), "error" => %problem),
        }
        Ok(reports)
    }
}

/// The length of a line without its text, about. Only what is written now is measured exactly.
const FIXED_BYTES: u64 = 100;

fn read_former(path: &Path) -> io::Result<Callback> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}
