//! The actors in the order in which pages and API list them: who needs somebody first, then the tree from its root.
//!
//! The tree follows from what each actor reports: the registry is the parent of the journal, the shards and the executors;
//! a job
//! belongs to the shard on whose thread it lives, a node to the shard or the executor that its name begins with. A list is cut into pages by position: it changes from
//! one second to the next, so a position is as good as any other place to go on from.

use hzm_job_actors::ActorReport;
use hzm_job_store::page::{Cursor, Page};

/// Every kind of actor, in the order of the tree.
pub(crate) const KINDS: [&str; 6] = ["registry", "journal", "shard", "job", "node", "executor"];
/// Every state, the urgent ones first.
pub(crate) const STATES: [&str; 3] = ["quarantined", "restarting", "running"];

/// An actor in the tree.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) report: ActorReport,
    /// The name of its parent; `None` for the registry.
    pub(crate) parent: Option<String>,
    /// 0 for the registry, 1 for its children, 2 for theirs.
    pub(crate) depth: u8,
}

/// What a reader wants to see; `None` means all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ActorFilter<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
}

/// Puts the actors in order and keeps those that are wanted.
pub(crate) fn listed(reports: Vec<ActorReport>, filter: ActorFilter<'_>) -> Vec<Placed> {
    let shards: Vec<(String, String)> = reports
        .iter()
        .filter(|report| report.kind == "shard")
        .map(|shard| (shard.thread.clone(), shard.name.clone()))
        .collect();
    let mut placed: Vec<Placed> = reports.into_iter().map(|report| place(report, &shards)).collect();
    placed.sort_by_cached_key(|placed| (urgency(placed), branch(placed)));
    let is_wanted = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    placed.retain(|placed| is_wanted(filter.kind, placed.report.kind) && is_wanted(filter.state, placed.report.state));
    placed
}

fn place(report: ActorReport, shards: &[(String, String)]) -> Placed {
    let of_thread = || shards.iter().find(|(thread, _)| *thread == report.thread).map(|(_, name)| name.clone());
    let (parent, depth) = match report.kind {
        "registry" => (None, 0),
        // A node's actor is named after its parent: `shard/0/node/http://…` sends, `executor/3/node/http://…` asks.
        "node" => (report.name.split_once("/node/").map(|(parent, _)| parent.to_owned()), 2),
        "job" => (of_thread().or_else(|| Some("registry".to_owned())), 2),
        _ => (Some("registry".to_owned()), 1),
    };
    Placed { report, parent, depth }
}

fn urgency(placed: &Placed) -> usize {
    STATES.iter().position(|state| *state == placed.report.state).unwrap_or(STATES.len())
}

/// The place in the tree: the registry, the journal, each shard followed by what lives on it, the executors.
fn branch(placed: &Placed) -> (u8, String, i64, i64) {
    let report = &placed.report;
    let number = report.name.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or(0);
    match report.kind {
        "registry" => (0, String::new(), 0, 0),
        "journal" => (1, report.name.clone(), 0, 0),
        "shard" => (2, report.name.clone(), 0, 0),
        "job" => (2, placed.parent.clone().unwrap_or_default(), 1, number),
        "node" => match placed.parent.as_deref().and_then(|parent| parent.strip_prefix("executor/")) {
            Some(executor) => (3, String::new(), executor.parse().unwrap_or(0), 1),
            None => (2, placed.parent.clone().unwrap_or_default(), 2, 0),
        },
        _ => (3, String::new(), number, 0),
    }
}

/// A page of a list, by position.
pub(crate) fn page<T>(all: Vec<T>, cursor: Cursor, size: i64) -> Page<T> {
    let start = match cursor {
        Cursor::Before(position) => usize::try_from(position).unwrap_or(0),
        Cursor::Newest | Cursor::After(_) => 0,
    };
    let size = usize::try_from(size).unwrap_or(1).max(1);
    let at = |position: usize| i64::try_from(position).map_or(Cursor::Newest, Cursor::Before);
    let end = start.saturating_add(size);
    Page {
        newer: (start > 0).then(|| if start > size { at(start - size) } else { Cursor::Newest }),
        older: (end < all.len()).then(|| at(end)),
        rows: all.into_iter().skip(start).take(size).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, thread: &str, state: &'static str) -> ActorReport {
        let kind = KINDS.into_iter().find(|kind| name.split('/').next() == Some(kind)).unwrap();
        ActorReport {
            name: name.to_owned(),
            kind,
            thread: thread.to_owned(),
            waiting: 0,
            mailbox_limit: 16,
            handled: 0,
            restarts: 0,
            state,
            last_error: None,
            last_error_at: None,
        }
    }

    fn reports() -> Vec<ActorReport> {
        vec![
            report("executor/2", "main", "running"),
            report("job/9", "hzm-1", "running"),
            report("shard/1", "hzm-1", "running"),
            report("job/10", "hzm-0", "running"),
            report("job/7", "hzm-0", "quarantined"),
            report("job/8", "hzm-0", "running"),
            report("shard/0", "hzm-0", "running"),
            report("journal", "hzm-journal", "restarting"),
            report("registry", "main", "running"),
        ]
    }

    fn names(filter: ActorFilter<'_>) -> Vec<String> {
        listed(reports(), filter).into_iter().map(|placed| placed.report.name).collect()
    }

    #[test]
    fn who_needs_somebody_comes_first_and_then_the_tree_from_its_root() {
        let order = ["job/7", "journal", "registry", "shard/0", "job/8", "job/10", "shard/1", "job/9", "executor/2"];
        assert_eq!(names(ActorFilter::default()), order);
    }

    #[test]
    fn kinds_and_states_are_filtered() {
        assert_eq!(names(ActorFilter { kind: Some("shard"), state: None }), ["shard/0", "shard/1"]);
        assert_eq!(names(ActorFilter { kind: Some("job"), state: Some("quarantined") }), ["job/7"]);
    }

    #[test]
    fn a_job_belongs_to_the_shard_of_its_thread() {
        let placed = listed(reports(), ActorFilter { kind: Some("job"), state: None });
        let parents: Vec<_> = placed.iter().map(|placed| (placed.parent.as_deref().unwrap(), placed.depth)).collect();
        assert_eq!(parents, [("shard/0", 2), ("shard/0", 2), ("shard/0", 2), ("shard/1", 2)]);
    }

    #[test]
    fn pages_lead_both_ways() {
        let first = page((0..5).collect(), Cursor::Newest, 2);
        assert_eq!((first.rows, first.newer, first.older), (vec![0, 1], None, Some(Cursor::Before(2))));
        let middle = page((0..5).collect(), Cursor::Before(2), 2);
        assert_eq!(
            (middle.rows, middle.newer, middle.older),
            (vec![2, 3], Some(Cursor::Newest), Some(Cursor::Before(4)))
        );
        let last = page((0..5).collect(), Cursor::Before(4), 2);
        assert_eq!((last.rows, last.newer, last.older), (vec![4], Some(Cursor::Before(2)), None));
        assert!(page(vec![0; 5], Cursor::Before(99), 2).rows.is_empty());
    }
}
