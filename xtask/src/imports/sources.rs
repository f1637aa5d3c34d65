//! Rules about single words in the sources: where a thing may be used at all.
//!
//! Reads lines, not syntax: comments are cut off, and tests are not looked at, neither in folders of their own nor at the
//! end of a file. That is enough to keep a habit;
//! clippy's list of banned methods is the stricter net below it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The line before the tests at the end of a file; they may use what they like.
const TESTS_BEGIN: &str = "#[cfg(test)]";

/// A text that may only occur under some paths.
struct SourceRule {
    text: &'static str,
    /// Paths relative to the workspace, as prefixes.
    allowed: &'static [&'static str],
    reason: &'static str,
}

const RULES: &[SourceRule] = &[
    SourceRule {
        text: "awc::",
        allowed: &["actors/src/dispatch", "executor-sdk/src", "web-admin/identity/src/oidc/wire.rs"],
        reason: "its client stays on one thread; send a message to the actor that owns it",
    },
    SourceRule { text: "Utc::now(", allowed: CLOCKS, reason: "time is an argument; only the clock reads it" },
    SourceRule { text: "SystemTime::now(", allowed: CLOCKS, reason: "time is an argument; only the clock reads it" },
    SourceRule { text: "Local::now(", allowed: &[], reason: "the machine's own zone means nothing here" },
];

/// The files that may ask what time it is.
const CLOCKS: &[&str] = &["actors/src/clock.rs", "executor-sdk/src/clock.rs"];

/// The folders that are looked through, each for its own `src` folders.
const FOLDERS: &[&str] = &["scheduler", "actors", "executor-sdk", "web-admin", "examples"];

/// Every violation in the sources of the workspace.
pub(super) fn check(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for file in rust_files(&root.join(folder))? {
            let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
            found.extend(violations(&path, &fs::read_to_string(&file)?));
        }
    }
    Ok(found)
}

/// All Rust files below a folder, build output and tests left out.
fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rule in RULES.iter().filter(|rule| !rule.allowed.iter().any(|prefix| path.starts_with(prefix))) {
        let lines = text.lines().take_while(|line| *line != TESTS_BEGIN);
        let hits = lines.enumerate().filter(|(_, line)| code_of(line).contains(rule.text));
        found.extend(hits.map(|(at, _)| format!("{path}:{}: no `{}` here: {}", at + 1, rule.text, rule.reason)));
    }
    found
}

/// The part of a line before a comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_outside_its_place_is_named_with_file_and_line() {
        let found = violations("web-admin/src/api/jobs.rs", "use std::fmt;\nuse awc::Client;\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("web-admin/src/api/jobs.rs:2: no `awc::` here"), "{found:?}");
    }

    #[test]
    fn a_use_in_its_place_is_fine() {
        assert!(violations("actors/src/dispatch/hzm.rs", "use awc::Client;").is_empty());
    }

    #[test]
    fn comments_may_speak_of_anything() {
        assert!(
            violations("scheduler/src/run.rs", "//! nobody calls Utc::now() here\nlet a = 1; // awc::Client")
                .is_empty()
        );
    }

    #[test]
    fn tests_at_the_end_of_a_file_may_use_anything() {
        assert!(violations("web-admin/src/waiting.rs", "use std::fmt;\n#[cfg(test)]\nuse awc::Client;\n").is_empty());
    }

    #[test]
    fn only_the_clocks_read_the_time() {
        assert_eq!(violations("scheduler/src/run.rs", "let now = Utc::now();").len(), 1);
        assert!(violations("actors/src/clock.rs", "let now = Utc::now();").is_empty());
    }
}
