//! App keys that a rule of `hzm.job.admin.groups` names and no executor has: misspelt, or of one that is yet to be made. So no start
//! and no login is refused for one, but the log tells.

use crate::config::GroupRule;
use crate::error::Failure;
use crate::state::App;
use hzm_job_store::executor::Executor;
use std::collections::BTreeSet;

/// The most that are told of at a time.
const MOST_TOLD: usize = 20;

/// Tells of all of them, at the start.
pub(crate) async fn tell_of_all(app: &App) {
    if app.config.admin.groups.iter().all(|rule| rule.executors.is_none()) {
        return;
    }
    match app.store.executor_list().await {
        Ok(all) => tell(app, &all, |_| true),
        Err(error) => {
            slog::warn!(app.log, "whether the executors of hzm.job.admin.groups exist could not be looked up"; "error" => Failure::of(&error).chain);
        }
    }
}

/// Tells of those in the rules that somebody is concerned by.
pub(super) fn tell(app: &App, all: &[Executor], concerns: impl Fn(&GroupRule) -> bool) {
    let known = all.iter().map(|executor| executor.spec.draft().app_key.as_str()).collect();
    let absent = absent(&app.config.admin.groups, &known).filter(|(_, rule, _)| concerns(rule));
    for (place, rule, key) in absent.take(MOST_TOLD) {
        slog::warn!(app.log, "a rule names an executor that there is not, which gives nobody anything: mend its app key, unless it is yet to be made";
            "rule" => format!("hzm.job.admin.groups[{place}]"), "group" => &rule.group, "app_key" => key);
    }
}

/// Each of them with its rule and the rule's place.
fn absent<'a>(rules: &'a [GroupRule], known: &BTreeSet<&str>) -> impl Iterator<Item = (usize, &'a GroupRule, &'a str)> {
    let named = rules
        .iter()
        .enumerate()
        .flat_map(|(place, rule)| rule.executors.iter().flatten().map(move |key| (place, rule, key.as_str())));
    named.filter(|(_, _, key)| !known.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_executor_has_is_told_with_its_rule() {
        let rule = |group: &str, keys: Option<&[&str]>| GroupRule {
            group: group.into(),
            role: "viewer".into(),
            executors: keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
        };
        let rules = [rule("all", None), rule("ops", Some(&["hello", "helo"])), rule("dev", Some(&["Hello"]))];
        let found: Vec<(usize, &str)> =
            absent(&rules, &BTreeSet::from(["hello"])).map(|(place, _, key)| (place, key)).collect();
        assert_eq!(found, [(1, "helo"), (2, "Hello")]);
    }
}
