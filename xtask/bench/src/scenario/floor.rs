//! What the parts of a fire cost at the least on this machine, measured by a program of its own: it links the store, which
//! this one must not.

use std::process::Command;

use hzm_job_test_rig::database::Database;

use crate::figures::Sheet;
use crate::machine::Machine;
use crate::options::Options;
use crate::stage::{NoStage, Place, Programs};
use crate::text;

pub(super) fn measure(options: &Options, database: Database, programs: &Programs) -> Result<(Machine, Sheet), NoStage> {
    let place = Place::make(options, database)?;
    let mut command = Command::new(&programs.floor);
    let url = place.url();
    if url.is_empty() {
        command.args(["--url", &format!("sqlite://{}", place.file().display())]);
        command.arg("--bare").arg(place.folder.join("bare"));
    } else {
        command.args(["--url", &url]);
    }
    if let Some(process) = place.database_process() {
        command.args(["--database-process", &process.to_string()]);
    }
    if let Some(rows) = options.jobs {
        command.args(["--rows", &rows.to_string()]);
    }
    let ended = command.output().map_err(|error| format!("{}: {error}", programs.floor.display()))?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).into_owned().into());
    }
    let sheet = serde_json::from_slice(&ended.stdout).map_err(text)?;
    Ok((place.machine.clone(), sheet))
}
