//! The steps of `cargo xtask test`, cheapest first.
//!
//! A failed step does not stop the later ones: one run shows everything that is wrong.
//!
//! The tests run on SQLite and on the databases named in `TEST_DATABASE_URLS`: private servers that live as long as the suite,
//! or those that the user names in that variable.

use std::io::{self, Write};
use std::path::Path;

use crate::databases::{self, Databases};
use crate::report::{Outcome, Report};
use crate::{TestOptions, browser, cargo, directory, imports, links};

const FMT: &[&str] = &["fmt", "--all", "--check", "--", "--color", "never"];
const CLIPPY: &[&str] = &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
const DENY: &[&str] = &["deny", "check", "licenses", "bans", "sources"];
const DOC: &[&str] = &["doc", "--workspace", "--no-deps"];
const UNIT_TESTS: &[&str] = &["test", "--workspace", "--no-fail-fast", "--lib", "--bins"];
const TESTS: &[&str] = &["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"];
const DOC_TESTS: &[&str] = &["test", "--workspace", "--no-fail-fast", "--doc"];

/// Runs the part of the suite that the options ask for.
pub(crate) fn run(root: &Path, options: &TestOptions, out: &mut dyn Write) -> io::Result<Report> {
    let mut report = Report::default();
    if options.filter.is_none() {
        run_checks(root, &mut report, out)?;
    }
    if options.fast {
        report.step(out, "unit tests", |out| cargo::test(root, UNIT_TESTS, &[], out))?;
        return Ok(report);
    }
    if options.filter.is_none() {
        report.step(out, "rustdoc", |_| cargo::check(root, DOC, &[("RUSTDOCFLAGS", "-D warnings")]))?;
    }
    report.step(out, "browser for the journey", |_| browser::provide())?;
    report.step(out, "LDAP directory for the tests", |_| directory::provide())?;
    let servers = Databases::provide(&mut report, out)?;
    let urls = servers.urls();
    let environment = [(databases::VARIABLE, urls.as_str())];
    let filter: Vec<&str> = options.filter.as_deref().into_iter().collect();
    report.step(out, "tests", |out| cargo::test(root, &[TESTS, &filter].concat(), &environment, out))?;
    report.step(out, "documentation tests", |out| cargo::test(root, &[DOC_TESTS, &filter].concat(), &[], out))?;
    Ok(report)
}

/// Runs only the check of imports.
pub(crate) fn run_imports(root: &Path, out: &mut dyn Write) -> io::Result<Report> {
    let mut report = Report::default();
    report.step(out, "import directions", |out| imports::check(root, out))?;
    Ok(report)
}

fn run_checks(root: &Path, report: &mut Report, out: &mut dyn Write) -> io::Result<()> {
    report.step(out, "formatting", |_| if_installed(root, "fmt", "rustfmt", FMT))?;
    report.step(out, "import directions", |out| imports::check(root, out))?;
    report.step(out, "links in documents", |out| links::check(root, out))?;
    report.step(out, "licences and sources of dependencies", |_| dependencies(root))?;
    report.step(out, "clippy", |_| if_installed(root, "clippy", "clippy", CLIPPY))
}

/// By `deny.toml`. Building the tool takes longer than many a suite, so it is not installed here.
fn dependencies(root: &Path) -> io::Result<Outcome> {
    if cargo::has(root, "deny") {
        return cargo::check(root, DENY, &[]);
    }
    Ok(Outcome::Skipped("cargo-deny is not installed (`cargo install cargo-deny --locked` installs it)".to_owned()))
}

/// Debian's own Rust comes without these two; a developer with rustup adds them in seconds.
fn if_installed(root: &Path, subcommand: &str, component: &str, arguments: &[&str]) -> io::Result<Outcome> {
    if cargo::has(root, subcommand) {
        return cargo::check(root, arguments, &[]);
    }
    Ok(Outcome::Skipped(format!("{component} is not installed (`rustup component add {component}` installs it)")))
}
