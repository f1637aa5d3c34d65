//! Which node of an executor gets a run.
//!
//! A strategy is one arm of [`choose`] and one test with its check values; more of them (first, last, consistent hash,
//! least used, busy over, broadcast) are added the same way. A node that was tried for this run is never chosen again,
//! whatever the strategy, so every strategy fails over; they differ in where they begin.

use serde::{Deserialize, Serialize};

/// How a job picks among the nodes of its executor. The original's numbers (0, 1, 2) stand beside the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutingStrategy {
    /// 0, "poll": each run begins one node further.
    #[default]
    RoundRobin,
    /// 1: each untried node is as likely as any other.
    Random,
    /// 2: the first node, in id order, that has not been tried.
    Failover,
}

impl RoutingStrategy {
    /// Every strategy, in the order of the original's numbers.
    pub const ALL: [RoutingStrategy; 3] =
        [RoutingStrategy::RoundRobin, RoutingStrategy::Random, RoutingStrategy::Failover];
}

/// What a strategy may look at.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Addresses of the executor's nodes, in id order, only those that may be sent to.
    pub nodes: &'a [&'a str],
    /// Addresses already tried for this run.
    pub tried: &'a [String],
    /// A number that the caller raises by one for each run of the executor; it may wrap.
    pub cursor: u64,
    /// A random number, any value.
    pub dice: u64,
}

/// The index in `selection.nodes` of the node to try next, or `None` when every node has been tried.
#[must_use]
pub fn choose(strategy: RoutingStrategy, selection: &Selection<'_>) -> Option<usize> {
    let untried: Vec<usize> = selection.untried().collect();
    match strategy {
        RoutingStrategy::RoundRobin => {
            let start = remainder(selection.cursor, selection.nodes.len())?;
            untried.iter().find(|index| **index >= start).or(untried.first()).copied()
        }
        RoutingStrategy::Random => untried.get(remainder(selection.dice, untried.len())?).copied(),
        RoutingStrategy::Failover => untried.first().copied(),
    }
}

impl Selection<'_> {
    /// Indices of the nodes that were not tried yet, ascending.
    fn untried(&self) -> impl Iterator<Item = usize> + '_ {
        let is_tried = |address: &str| self.tried.iter().any(|tried| tried == address);
        self.nodes.iter().enumerate().filter(move |(_, address)| !is_tried(address)).map(|(index, _)| index)
    }
}

/// `number` modulo `count`; `None` when there is nothing to count.
fn remainder(number: u64, count: usize) -> Option<usize> {
    let count = u64::try_from(count).ok()?;
    usize::try_from(number.checked_rem(count)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODES: [&str; 4] = ["http://a", "http://b", "http://c", "http://d"];

    fn pick(strategy: RoutingStrategy, tried: &[&str], number: u64) -> Option<usize> {
        let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
        choose(strategy, &Selection { nodes: &NODES, tried: &tried, cursor: number, dice: number })
    }

    #[test]
    fn round_robin_begins_one_node_further_each_time() {
        let picks: Vec<_> = (0..6).map(|cursor| pick(RoutingStrategy::RoundRobin, &[], cursor)).collect();
        assert_eq!(picks, [Some(0), Some(1), Some(2), Some(3), Some(0), Some(1)]);
        assert_eq!(pick(RoutingStrategy::RoundRobin, &[], u64::MAX), Some(3));
    }

    #[test]
    fn round_robin_goes_on_from_a_tried_node_and_wraps() {
        assert_eq!(pick(RoutingStrategy::RoundRobin, &["http://c"], 2), Some(3));
        assert_eq!(pick(RoutingStrategy::RoundRobin, &["http://c", "http://d"], 2), Some(0));
    }

    #[test]
    fn random_divides_the_dice_among_the_untried() {
        let picks: Vec<_> = (0..4).map(|dice| pick(RoutingStrategy::Random, &["http://b"], dice)).collect();
        assert_eq!(picks, [Some(0), Some(2), Some(3), Some(0)]);
    }

    #[test]
    fn failover_goes_through_the_nodes_in_id_order() {
        assert_eq!(pick(RoutingStrategy::Failover, &[], 9), Some(0));
        assert_eq!(pick(RoutingStrategy::Failover, &["http://a"], 9), Some(1));
        assert_eq!(pick(RoutingStrategy::Failover, &["http://a", "http://b", "http://c"], 9), Some(3));
    }

    #[test]
    fn without_nodes_nothing_is_chosen() {
        for strategy in RoutingStrategy::ALL {
            assert_eq!(choose(strategy, &Selection { nodes: &[], tried: &[], cursor: 1, dice: 1 }), None);
        }
    }

    proptest! {
        #[test]
        fn every_strategy_tries_each_node_once_and_then_stops(number in any::<u64>(), which in 0..3usize) {
            let strategy = RoutingStrategy::ALL[which];
            let mut tried: Vec<String> = Vec::new();
            for _ in NODES {
                let chosen = choose(strategy, &Selection { nodes: &NODES, tried: &tried, cursor: number, dice: number });
                let address = NODES[chosen.expect("an untried node is left")];
                prop_assert!(!tried.iter().any(|old| old == address));
                tried.push(address.to_string());
            }
            prop_assert_eq!(choose(strategy, &Selection { nodes: &NODES, tried: &tried, cursor: number, dice: number }), None);
        }
    }
}
