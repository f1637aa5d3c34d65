//! Sees to it that the browser journey finds a browser.
//!
//! Installs Debian's packages when we may (root, `apt-get` there); in every other case the journey skips itself by name.
//! Nothing is downloaded from anywhere but the machine's own package sources.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::Outcome;

/// The browser, its WebDriver server, and letters for the Chinese pages.
const PACKAGES: &[&str] = &["chromium", "chromium-driver", "fonts-noto-cjk"];

/// The programs that the journey starts.
const PROGRAMS: &[&str] = &["chromium", "chromedriver"];

/// Leaves both programs in the search path, or says what is missing.
pub(crate) fn provide() -> io::Result<Outcome> {
    if missing().is_empty() {
        return Ok(Outcome::Held);
    }
    if !is_root()? || find("apt-get").is_none() {
        return Ok(Outcome::Skipped(advice("not installed")));
    }
    let installed = apt(&["update"])? && apt(&[&["install", "-y", "--no-install-recommends"], PACKAGES].concat())?;
    Ok(if installed && missing().is_empty() { Outcome::Held } else { Outcome::Skipped(advice("apt-get failed")) })
}

fn missing() -> Vec<&'static str> {
    PROGRAMS.iter().copied().filter(|program| find(program).is_none()).collect()
}

fn advice(why: &str) -> String {
    format!("{} {why}; on Debian: `apt-get install {}`", missing().join(" and "), PACKAGES.join(" "))
}

/// Where a program is, as a shell would find it.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| Path::is_file(candidate))
}

fn is_root() -> io::Result<bool> {
    let answer = Command::new("id").arg("-u").output()?;
    Ok(answer.stdout.trim_ascii() == b"0")
}

fn apt(arguments: &[&str]) -> io::Result<bool> {
    let mut apt = Command::new("apt-get");
    apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    Ok(apt.status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_search_path() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }

    #[test]
    fn the_advice_names_every_package() {
        let advice = advice("not installed");
        assert!(PACKAGES.iter().all(|package| advice.contains(package)), "{advice}");
    }
}
