//! The programs under test: where they are, and what they can.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The admin's package and program.
const ADMIN: &str = "hzm-job-admin";

/// The admin beside the running program, built when it is missing.
///
/// # Errors
/// When it is missing and cannot be built.
pub fn admin() -> Result<PathBuf, String> {
    let admin = beside(ADMIN)?;
    if !admin.is_file() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo).args(["build", "--package", ADMIN, "--bin", ADMIN]).status();
        let built = status.map_err(|error| format!("cargo cannot be started: {error}"))?.success() && admin.is_file();
        if !built {
            return Err(format!("{} is missing and could not be built; name one with --admin-binary", admin.display()));
        }
    }
    Ok(admin)
}

/// A program of this workspace, beside the running one; tests run one folder below.
///
/// # Errors
/// When the running program does not know where it is.
pub fn beside(name: &str) -> Result<PathBuf, String> {
    let here = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut folder = here.parent().unwrap_or(Path::new("."));
    if folder.ends_with("deps") {
        folder = folder.parent().unwrap_or(folder);
    }
    Ok(folder.join(name))
}

/// Whether an admin was built with the feature `faults`, without which its clock cannot be moved.
#[must_use]
pub fn has_fault_points(admin: &Path) -> bool {
    let said = Command::new(admin).arg("--version").output();
    said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains("+faults"))
}
