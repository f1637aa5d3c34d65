//! The text of a note of taken runs.

use crate::columns::millis;
use crate::error::StoreError;
use crate::ledger::TakenRun;

/// A run's id, when its trigger left and when its node accepted it, in milliseconds since 1970.
pub(crate) type Taken = (i64, i64, i64);

/// The text of a note: `[[run, sent, accepted], ...]`.
pub(crate) fn taken_text(runs: &[TakenRun]) -> String {
    let taken = |run: &TakenRun| format!("[{},{},{}]", run.run.0, millis(run.sent_at), millis(run.accepted_at));
    format!("[{}]", runs.iter().map(taken).collect::<Vec<_>>().join(","))
}

/// What a note names, of which the id is told where its text is none of ours.
pub(crate) fn read((id, text): (i64, String)) -> Result<Vec<Taken>, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt {
        table: "run_taken",
        id,
        reason: format!("its text is no list of runs: {error}"),
    };
    serde_json::from_str(&text).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::moment;
    use hzm_job_scheduler::RunId;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let run = |run, at| TakenRun { run: RunId(run), sent_at: moment(at), accepted_at: moment(at + 2) };
        let text = taken_text(&[run(7, 1_000), run(9, 1_003)]);
        assert_eq!(text, "[[7,1000,1002],[9,1003,1005]]");
        assert_eq!(read((1, text)).unwrap(), [(7, 1000, 1002), (9, 1003, 1005)]);
        assert_eq!(read((1, taken_text(&[]))).unwrap(), []);
        assert!(read((4, "[[7]]".into())).unwrap_err().to_string().contains("run_taken"));
    }
}
