//! Whether the files that our documents point at are there.
//!
//! Only relative links of Markdown files; the web is not asked. A link in a code block counts too: there it would be a mistake
//! as well.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::report::Outcome;

/// Folders that hold documents, with those directly in them; build output and the browser's libraries are not ours.
const FOLDERS: &[&str] = &["", "docs", "examples", "web-admin"];

/// Checks every link and prints those that lead nowhere.
pub(crate) fn check(root: &Path, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut broken = 0_usize;
    for document in documents(root)? {
        let folder = document.parent().unwrap_or(root);
        let text = fs::read_to_string(&document)?;
        for target in relative_targets(&text).filter(|target| !folder.join(target).exists()) {
            let shown = document.strip_prefix(root).unwrap_or(&document).display();
            writeln!(out, "{shown}: nothing at {target}")?;
            broken += 1;
        }
    }
    Ok(if broken == 0 { Outcome::Held } else { Outcome::Broken(format!("{broken} links lead nowhere, named above")) })
}

/// The Markdown files in our folders and one level below them.
fn documents(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.is_dir() && !folder.is_empty() {
                found.extend(markdown_in(&path)?);
            } else if is_markdown(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn markdown_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    Ok(entries.into_iter().map(|entry| entry.path()).filter(|path| is_markdown(path)).collect())
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// What stands in `](…)`, without its `#part`; links to the web and within the page are left out.
fn relative_targets(text: &str) -> impl Iterator<Item = &str> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let files = links.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    files.filter_map(|target| target.split('#').next()).filter(|file| !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_without_their_part() {
        let text = "[a](docs/a.md) and [b](../b.rs#L3), [`c`](c)";
        assert_eq!(relative_targets(text).collect::<Vec<_>>(), ["docs/a.md", "../b.rs", "c"]);
    }

    #[test]
    fn the_web_and_the_page_itself_are_left_alone() {
        assert_eq!(relative_targets("[a](https://example.org/x) [b](#words)").count(), 0);
    }
}
