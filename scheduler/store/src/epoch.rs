//! Whether a writer may still write: the epochs of the partitions against its own. Reads nothing itself.

use crate::error::StoreError;
use hzm_job_scheduler::partition::PARTITIONS;

/// What was read of the partitions' epochs: how many there are, the lowest and the highest.
pub(crate) type Epochs = (i64, Option<i64>, Option<i64>);

/// Whether all partitions are held under the epoch `ours`, given what was read.
///
/// Only another epoch that was really seen ends a writer. Fewer rows than there are partitions say nothing about who owns
/// them: the answer was not whole, or a claim is under way.
pub(crate) fn check((many, lowest, highest): Epochs, ours: i64) -> Result<(), StoreError> {
    if [lowest, highest].into_iter().flatten().any(|epoch| epoch != ours) {
        return Err(StoreError::Fenced { ours });
    }
    if many == PARTITIONS {
        return Ok(());
    }
    let reason = format!("it names the owners of {many} partitions instead of {PARTITIONS}");
    Err(StoreError::Away { what: "the database".into(), reason, brief: "its answer was not whole" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_epoch_that_was_seen_fences() {
        let whole = (64, Some(3), Some(3));
        assert!(check(whole, 3).is_ok());
        assert!(matches!(check(whole, 2), Err(StoreError::Fenced { ours: 2 })));
        assert!(matches!(check((64, Some(3), Some(4)), 3), Err(StoreError::Fenced { ours: 3 })));
        assert!(matches!(check((64, Some(3), Some(4)), 4), Err(StoreError::Fenced { ours: 4 })));
        assert!(matches!(check((1, Some(4), Some(4)), 3), Err(StoreError::Fenced { .. })), "a part is enough");
    }

    #[test]
    fn an_answer_that_is_not_whole_is_asked_for_again() {
        for epochs in [(0, None, None), (1, Some(3), Some(3)), (63, Some(3), Some(3))] {
            let error = check(epochs, 3).unwrap_err();
            assert!(error.is_away(), "{epochs:?}: {error:?}");
        }
    }
}
