//! The ledger tells the same end as the executor.

use super::evidence::Index;
use super::{Flaw, Verdict};
use crate::ledger::Row;
use crate::trace::Ending;

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    for row in &index.evidence.rows {
        let reported: &[Ending] = match (row.state.as_str(), row.reason.as_str()) {
            ("succeeded", _) => &[Ending::Succeeded],
            ("failed", "reported") => &[Ending::Failed, Ending::Cancelled],
            _ => continue,
        };
        if !reported.iter().any(|ending| was_told(index, row, *ending)) {
            let text = format!(
                "{} says {:?}; the executors saw {:?}",
                row.words(),
                row.message.as_deref().unwrap_or_default(),
                index.executions(row.id)
            );
            verdict.found(Flaw::Result, row.job, row.scheduled_at, text);
        }
    }
}

/// Whether an execution ended so, and the row has its very words.
fn was_told(index: &Index<'_>, row: &Row, ending: Ending) -> bool {
    let ended =
        index.executions(row.id).iter().any(|execution| execution.ended.is_some_and(|(_, seen)| seen == ending));
    // What the SDK itself says of a cancelled run is not ours to know.
    let says = |message: &String| ending == Ending::Cancelled || *message == ending.message(row.id);
    ended && row.message.as_ref().is_some_and(says)
}
