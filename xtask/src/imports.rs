//! Which crate may import what: the one table, and the check of it.
//!
//! Imports go one way. The dependencies are asked of cargo (normal ones; tests may use what they like), the few rules
//! that hold inside a crate are read from the sources by `sources`.

mod sources;

use std::io::{self, Write};
use std::path::Path;

use crate::cargo;
use crate::report::Outcome;

/// What one crate may and may not depend on. Crates of this workspace are forbidden unless listed.
struct CrateRule {
    package: &'static str,
    /// Crates of this workspace that it may reach, directly or not.
    ours: &'static [&'static str],
    /// Foreign crates that it must not reach, directly or not.
    never: &'static [&'static str],
    /// Foreign crates that it must not name itself; a crate below may use them.
    never_direct: &'static [&'static str],
}

const PROTOCOL: &str = "hzm-job-protocol";
const SCHEDULER: &str = "hzm-job-scheduler";
const STORE: &str = "hzm-job-store";
const ACTORS: &str = "hzm-job-actors";
const MACROS: &str = "hzmjob-macros";
const SDK: &str = "hzmjob";
const IDENTITY: &str = "hzm-job-identity";
const ADMIN: &str = "hzm-job-admin";
const EXAMPLES: &str = "hzm-job-examples";
const SERVERS: &str = "hzm-job-test-servers";
const RIG: &str = "hzm-job-test-rig";
const BENCH: &str = "hzm-job-bench";
const FLOOR: &str = "hzm-job-bench-floor";
const MICRO: &str = "hzm-job-bench-micro";
const SDK_NODE: &str = "hzm-job-bench-sdk-node";
const CHAOS: &str = "hzm-job-chaos";
const XTASK: &str = "xtask";

/// Everything with threads, sockets, files or a log in it.
const EFFECTS: &[&str] = &["tokio", "actix", "actix-rt", "actix-web", "awc", "diesel", "diesel-async", "slog"];

/// Lowest first.
const RULES: &[CrateRule] = &[
    CrateRule { package: PROTOCOL, ours: &[], never: EFFECTS, never_direct: &[] },
    CrateRule { package: SCHEDULER, ours: &[PROTOCOL], never: EFFECTS, never_direct: &["rand", "getrandom"] },
    CrateRule {
        package: STORE,
        ours: &[PROTOCOL, SCHEDULER],
        never: &["actix", "actix-web", "awc"],
        never_direct: &[],
    },
    CrateRule {
        package: ACTORS,
        ours: &[PROTOCOL, SCHEDULER, STORE],
        never: &["actix-web"],
        never_direct: &["diesel", "diesel-async", "cron"],
    },
    CrateRule { package: MACROS, ours: &[], never: EFFECTS, never_direct: &[] },
    CrateRule {
        package: SDK,
        ours: &[PROTOCOL, MACROS],
        never: &["diesel", "diesel-async", "cron"],
        never_direct: &["actix"],
    },
    // What others say about a user; it knows nothing of ours.
    CrateRule {
        package: IDENTITY,
        ours: &[],
        never: &["actix", "actix-web", "diesel", "diesel-async", "slog"],
        never_direct: &[],
    },
    CrateRule {
        package: ADMIN,
        ours: &[PROTOCOL, SCHEDULER, STORE, ACTORS, MACROS, SDK, IDENTITY],
        never: &[],
        never_direct: &["diesel", "diesel-async", "awc", "actix", "cron"],
    },
    CrateRule { package: EXAMPLES, ours: &[PROTOCOL, MACROS, SDK], never: &[], never_direct: &[PROTOCOL, MACROS] },
    CrateRule { package: SERVERS, ours: &[], never: EFFECTS, never_direct: &[] },
    CrateRule { package: RIG, ours: &[SERVERS], never: EFFECTS, never_direct: &[] },
    // The checker must not share a mistake with what it checks.
    CrateRule {
        package: CHAOS,
        ours: &[PROTOCOL, MACROS, SDK, SERVERS, RIG],
        never: &[],
        never_direct: &[PROTOCOL, MACROS],
    },
    // It measures the product from outside, and its load executor must cost next to nothing.
    CrateRule {
        package: BENCH,
        ours: &[SERVERS, RIG],
        never: &["actix", "actix-web", "awc", "slog"],
        never_direct: &[],
    },
    CrateRule {
        package: FLOOR,
        ours: &[PROTOCOL, SCHEDULER, STORE, SERVERS, RIG, BENCH],
        never: &["actix", "actix-web", "awc"],
        never_direct: &[],
    },
    // What it measures is named by its benches alone.
    CrateRule { package: MICRO, ours: &[], never: EFFECTS, never_direct: &[] },
    // A user's program: it knows the SDK and nothing behind it.
    CrateRule {
        package: SDK_NODE,
        ours: &[PROTOCOL, MACROS, SDK, SERVERS, RIG, BENCH],
        never: &[],
        never_direct: &[PROTOCOL, MACROS],
    },
    CrateRule { package: XTASK, ours: &[SERVERS], never: EFFECTS, never_direct: &[] },
];

/// Checks every rule and prints each violation with what to do about it.
pub(crate) fn check(root: &Path, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut violations = sources::check(root)?;
    for rule in RULES {
        let direct = depends_on(root, rule.package, Some("1"))?;
        let reached = depends_on(root, rule.package, None)?;
        violations.extend(rule.violations(&direct, &reached));
    }
    for violation in &violations {
        writeln!(out, "{violation}")?;
    }
    let count = violations.len();
    Ok(if count == 0 { Outcome::Held } else { Outcome::Broken(format!("{count} forbidden imports, named above")) })
}

/// The names of the packages below one package, itself left out.
fn depends_on(root: &Path, package: &str, depth: Option<&str>) -> io::Result<Vec<String>> {
    let mut arguments = vec!["tree", "-p", package, "-e", "normal", "--prefix", "none", "--target", "all"];
    arguments.extend(depth.into_iter().flat_map(|depth| ["--depth", depth]));
    Ok(names(&cargo::ask(root, &arguments)?, package))
}

/// `cargo tree` without a prefix prints `NAME vVERSION ...` a line.
fn names(tree: &str, itself: &str) -> Vec<String> {
    let mut names: Vec<String> = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.retain(|name| !name.is_empty() && name != itself);
    names.sort_unstable();
    names.dedup();
    names
}

impl CrateRule {
    fn violations(&self, direct: &[String], reached: &[String]) -> Vec<String> {
        let foreign = reached.iter().filter(|name| self.never.contains(&name.as_str()));
        let upward = reached.iter().filter(|name| is_ours(name) && !self.ours.contains(&name.as_str()));
        let named = direct.iter().filter(|name| self.never_direct.contains(&name.as_str()));
        let tree = format!("`cargo tree -p {} -e normal -i NAME` shows the way", self.package);
        let reaches = foreign.chain(upward).map(|name| format!("{} must not reach {name}: {tree}", self.package));
        let declares = named.map(|name| format!("{} must not name {name} in its Cargo.toml", self.package));
        reaches.chain(declares).collect()
    }
}

fn is_ours(name: &str) -> bool {
    RULES.iter().any(|rule| rule.package == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(package: &str) -> &'static CrateRule {
        RULES.iter().find(|rule| rule.package == package).unwrap()
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_are_read_from_a_tree_without_the_package_itself() {
        let tree = "hzm-job-store v0.1.0 (/home/me/hzm-job/scheduler/store)\ntokio v1.54.1\n\nserde v1.0.229 (*)\ntokio v1.54.1 (*)\n";
        assert_eq!(names(tree, STORE), ["serde", "tokio"]);
    }

    #[test]
    fn an_allowed_tree_has_no_violations() {
        let reached = owned(&[PROTOCOL, SCHEDULER, "diesel", "tokio"]);
        assert_eq!(rule(STORE).violations(&reached, &reached), Vec::<String>::new());
    }

    #[test]
    fn an_import_upward_is_named() {
        let found = rule(SCHEDULER).violations(&[], &owned(&[STORE]));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("hzm-job-scheduler must not reach hzm-job-store"), "{found:?}");
    }

    #[test]
    fn the_pure_core_may_not_reach_effects_through_others() {
        assert_eq!(rule(SCHEDULER).violations(&[], &owned(&["chrono", "tokio", "slog"])).len(), 2);
    }

    #[test]
    fn a_crate_below_may_use_what_the_crate_above_may_not_name() {
        let reached = owned(&[STORE, SCHEDULER, "diesel"]);
        assert!(rule(ACTORS).violations(&owned(&[STORE]), &reached).is_empty());
        assert_eq!(rule(ACTORS).violations(&owned(&["diesel"]), &reached).len(), 1);
    }

    #[test]
    fn every_crate_may_only_import_crates_that_stand_before_it() {
        for (place, rule) in RULES.iter().enumerate() {
            let before: Vec<&str> = RULES.iter().take(place).map(|rule| rule.package).collect();
            assert!(rule.ours.iter().all(|name| before.contains(name)), "{} imports upward", rule.package);
        }
    }
}
