//! Debian packages that the suite installs where it may: as root, with `apt-get` there.
//!
//! Nothing is downloaded from anywhere but the machine's own package sources, and no installed service is started.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What Debian's packages ask before they start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Where a program is, as a shell would find it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| Path::is_file(candidate))
}

/// Installs packages; `false` where that is not ours to do or did not work.
pub(crate) fn install(packages: &[&str]) -> io::Result<bool> {
    if !is_root()? || find("apt-get").is_none() {
        return Ok(false);
    }
    let _quiet = NoServices::declare()?;
    Ok(apt(&["update"])? && apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())?)
}

fn is_root() -> io::Result<bool> {
    let answer = Command::new("id").arg("-u").output()?;
    Ok(answer.stdout.trim_ascii() == b"0")
}

fn apt(arguments: &[&str]) -> io::Result<bool> {
    let mut apt = Command::new("apt-get");
    apt.args(["-o", "DPkg::Lock::Timeout=300"]).args(arguments);
    apt.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    Ok(apt.status()?.success())
}

/// While this lives, installing a package starts none of its services; a policy of the machine's own is left as it is.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn declare() -> io::Result<NoServices> {
        match OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY) {
            // 101 is the answer "forbidden by policy".
            Ok(mut file) => file.write_all(b"#!/bin/sh\nexit 101\n").map(|()| NoServices { ours: true }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(NoServices { ours: false }),
            Err(error) => Err(error),
        }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            // Nobody is left to tell; a policy that stays behind shows itself at the next start of a service.
            let _ = fs::remove_file(POLICY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_search_path() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
