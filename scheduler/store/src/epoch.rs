//! Whether a writer may still write: the epochs of the partitions against its own. Reads nothing itself.

use crate::error::StoreError;
use hzm_job_scheduler::partition::PARTITIONS;

/// Whether all partitions are held under the epoch `ours`, given the epochs that were read.
///
/// Only another epoch that was really seen ends a writer. Fewer rows than there are partitions say nothing about who owns
/// them: the answer was not whole, or a claim is under way.
pub(crate) fn check(epochs: &[i64], ours: i64) -> Result<(), StoreError> {
    if epochs.iter().any(|epoch| *epoch != ours) {
        return Err(StoreError::Fenced { ours });
    }
    if i64::try_from(epochs.len()) == Ok(PARTITIONS) {
        return Ok(());
    }
    let reason = format!("it names the owners of {} partitions instead of {PARTITIONS}", epochs.len());
    Err(StoreError::Away { what: "the database".into(), reason, brief: "its answer was not whole" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_epoch_that_was_seen_fences() {
        let whole = vec![3; 64];
        assert!(check(&whole, 3).is_ok());
        assert!(matches!(check(&whole, 2), Err(StoreError::Fenced { ours: 2 })));
        assert!(matches!(check(&[3, 3, 4], 3), Err(StoreError::Fenced { ours: 3 })), "part of an answer is enough");
    }

    #[test]
    fn an_answer_that_is_not_whole_is_asked_for_again() {
        for rows in [0, 1, 63] {
            let error = check(&vec![3; rows], 3).unwrap_err();
            assert!(error.is_away(), "{rows} rows: {error:?}");
        }
    }
}
