//! Sees to it that the browser journey finds a browser.
//!
//! Installs Debian's packages when we may; in every other case the journey skips itself by name.

use std::io;

use crate::packages::{find, install};
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
    let installed = install(PACKAGES)? && missing().is_empty();
    Ok(if installed { Outcome::Held } else { Outcome::Skipped(advice("not installed")) })
}

fn missing() -> Vec<&'static str> {
    PROGRAMS.iter().copied().filter(|program| find(program).is_none()).collect()
}

fn advice(why: &str) -> String {
    format!("{} {why}; on Debian: `apt-get install {}`", missing().join(" and "), PACKAGES.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_every_package() {
        let advice = advice("not installed");
        assert!(PACKAGES.iter().all(|package| advice.contains(package)), "{advice}");
    }
}
