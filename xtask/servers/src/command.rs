//! Commands as the user under whom the servers run, and waiting for them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{Problem, failed};
use crate::programs;

/// PostgreSQL refuses to run as root, and nothing here needs any right; this user has none.
const USER: &str = "nobody";
/// How much of a log is shown when something failed, in bytes from its end.
const SHOWN: usize = 4_000;

/// Whether this process is root's.
pub(crate) fn is_root() -> io::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// A command that runs without rights and ends with the thread that started it.
pub(crate) fn unprivileged(program: &Path) -> Result<Command, Problem> {
    let setpriv = programs::needed(programs::find("setpriv"), "setpriv", "util-linux")?;
    let mut command = Command::new(setpriv);
    command.arg("--pdeathsig=KILL");
    if is_root()? {
        command.args([format!("--reuid={USER}"), format!("--regid={}", group()?), "--clear-groups".to_owned()]);
    }
    command.arg("--").arg(program).stdin(Stdio::null());
    // Settings of the developer's own databases must not leak in.
    for variable in
        ["PGPORT", "PGHOST", "PGDATABASE", "PGUSER", "PGPASSWORD", "MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_PWD"]
    {
        command.env_remove(variable);
    }
    Ok(command)
}

/// The group of the user: its name differs between distributions, its number stands in the list of users.
fn group() -> Result<String, Problem> {
    let users = fs::read_to_string("/etc/passwd")?;
    let entry = users.lines().find(|line| line.starts_with(&format!("{USER}:")));
    let group = entry.and_then(|line| line.split(':').nth(3)).map(str::to_owned);
    group.ok_or_else(|| {
        Problem::Failed(format!("there is no user {USER} in /etc/passwd; servers refuse to run as root"))
    })
}

/// Gives a folder to the user of the servers, who alone may look into it.
pub(crate) fn hand_over(folder: &Path) -> Result<(), Problem> {
    fs::create_dir_all(folder).map_err(|error| failed(format!("cannot make {}", folder.display()), error))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    if is_root()? {
        let status = Command::new("chown").arg(USER).arg(folder).status()?;
        if !status.success() {
            return Err(failed(format!("chown {USER} {}", folder.display()), status));
        }
        let probe = programs::needed(programs::find("test"), "test", "coreutils")?;
        if !unprivileged(&probe)?.arg("-w").arg(folder).status()?.success() {
            return Err(out_of_reach(folder));
        }
    }
    Ok(())
}

/// A server would say so in many lines that name no cause.
fn out_of_reach(folder: &Path) -> Problem {
    Problem::Failed(format!(
        "the user {USER}, under whom servers run, cannot write to {}: a folder above it is closed to that user; open it \
         (chmod o+x), or name another temporary folder with TMPDIR",
        folder.display()
    ))
}

/// Runs a command to its end with its output in `log`, and shows that when it failed.
pub(crate) fn finish(mut command: Command, log: &Path) -> Result<(), Problem> {
    let output = File::create(log)?;
    let status = command.stdout(output.try_clone()?).stderr(output).status();
    let status = status.map_err(|error| failed(format!("cannot start {command:?}"), error))?;
    if status.success() { Ok(()) } else { Err(failed(format!("{command:?} ended with {status}"), tail(log))) }
}

/// The end of a log.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let start = bytes.len().saturating_sub(SHOWN);
    String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
}

/// The pause between two looks at something that is not ready yet.
#[expect(
    clippy::disallowed_methods,
    reason = "no actor runs on this thread, and a starting server tells nobody when it is ready"
)]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(25));
}
