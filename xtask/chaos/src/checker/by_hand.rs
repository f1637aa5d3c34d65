//! An order by hand leads to one run, however often it is given under the same key.

use std::collections::{HashMap, HashSet};

use super::evidence::Index;
use super::{Flaw, Ordered, Verdict};

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    let mut ordered: HashMap<i64, HashSet<i64>> = HashMap::new();
    let mut unanswered: HashMap<i64, usize> = HashMap::new();
    for order in &index.evidence.orders {
        check_order(index, order, verdict);
        ordered.entry(order.job).or_default().extend(&order.runs);
        *unanswered.entry(order.job).or_default() += usize::from(order.runs.is_empty());
    }
    for (job, runs) in ordered {
        let rows = index.evidence.rows.iter().filter(|row| row.job == job && !row.is_scheduled() && row.attempt == 0);
        let unasked: Vec<i64> = rows.map(|row| row.id).filter(|run| !runs.contains(run)).collect();
        if unasked.len() > unanswered.get(&job).copied().unwrap_or_default() {
            verdict.found(Flaw::Double, job, 0, format!("runs that nobody ordered, or ordered once: {unasked:?}"));
        }
    }
}

fn check_order(index: &Index<'_>, order: &Ordered, verdict: &mut Verdict) {
    let Ordered { job, key, runs } = order;
    let different: HashSet<&i64> = runs.iter().collect();
    if different.len() > 1 {
        verdict.found(Flaw::Double, *job, 0, format!("the order {key} led to the runs {runs:?}"));
    }
    for run in different {
        if index.row(*run).is_none_or(|row| row.job != *job || row.is_scheduled()) {
            verdict.found(
                Flaw::Missing,
                *job,
                0,
                format!("the order {key} was answered with run {run}, which has no row"),
            );
        }
    }
}
