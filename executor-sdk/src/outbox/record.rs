//! The lines of which the outbox's log consists, and what is left of them after a crash.
//!
//! Pure: bytes in, records out. A record is one line: the CRC-32 of its content in hexadecimal, a space, the content. The
//! content is a callback's JSON, or `-` and the run whose callback is settled. JSON has no raw line break within, so a line
//! ends where its record does; one that a crash cut short has no end, or a checksum that does not fit, and is no record.

use std::io::{self, Write};

use hzm_job_protocol::hzm::Callback;

use crate::report::Report;

/// Between the checksum and the content.
const CHECKSUM_LENGTH: usize = 8;

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// How a run ended.
    Result(Callback),
    /// The result of this run needs to be sent no more.
    Settled(i64),
}

/// What a piece of log consists of.
#[derive(Debug, Default)]
pub(crate) struct Content<'a> {
    pub(crate) records: Vec<Record>,
    /// Whole lines that are no records: not the work of a crash.
    pub(crate) broken: Vec<&'a [u8]>,
    /// How many bytes at the end are a line that was never finished.
    pub(crate) unfinished: usize,
}

/// Appends the line of a result.
///
/// # Errors
///
/// None in practice: memory takes every text.
pub(crate) fn write_result(log: &mut Vec<u8>, report: &Report) -> io::Result<()> {
    line(log, |content| Ok(serde_json::to_writer(content, &report.written(true))?))
}

/// Appends the line of a run whose result is settled.
///
/// # Errors
///
/// None in practice: memory takes every number.
pub(crate) fn write_settled(log: &mut Vec<u8>, run_id: i64) -> io::Result<()> {
    line(log, |content| write!(content, "-{run_id}"))
}

fn line(log: &mut Vec<u8>, write_content: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let begin = log.len();
    log.extend_from_slice(b"00000000 ");
    write_content(log)?;
    let (head, content) = log.split_at_mut(begin + CHECKSUM_LENGTH + 1);
    let checksum = crc32fast::hash(content);
    if let Some(mut place) = head.get_mut(begin..) {
        write!(place, "{checksum:08x}")?;
    }
    log.push(b'\n');
    Ok(())
}

/// Reads a piece of log from its beginning.
pub(crate) fn read(log: &[u8]) -> Content<'_> {
    let mut content = Content::default();
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            None => content.unfinished = line.len(),
            Some(whole) => match record(whole) {
                Some(record) => content.records.push(record),
                None => content.broken.push(line),
            },
        }
    }
    content
}

fn record(line: &[u8]) -> Option<Record> {
    let (checksum, content) = line.split_at_checked(CHECKSUM_LENGTH)?;
    let content = content.strip_prefix(b" ")?;
    // As it is written, not as a number may be written: a changed byte must not pass for another spelling.
    if checksum != format!("{:08x}", crc32fast::hash(content)).as_bytes() {
        return None;
    }
    match content.strip_prefix(b"-") {
        Some(run_id) => Some(Record::Settled(std::str::from_utf8(run_id).ok()?.parse().ok()?)),
        None => Some(Record::Result(serde_json::from_slice(content).ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A result or a settlement of any run with any text.
    fn any_record() -> impl Strategy<Value = Record> {
        let result = (any::<i64>(), any::<i32>(), proptest::option::of(any::<String>()), any::<String>());
        prop_oneof![
            result.prop_map(|(log_id, handler_code, handler_msg, app_key)| {
                Record::Result(Callback { log_id, app_key, handler_code, handler_msg })
            }),
            any::<i64>().prop_map(Record::Settled),
        ]
    }

    /// The log, and where in it each record ends.
    fn written(records: &[Record]) -> (Vec<u8>, Vec<usize>) {
        let (mut log, mut ends) = (Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Result(callback) => write_result(&mut log, &Report::from(callback.clone())).unwrap(),
                Record::Settled(run_id) => write_settled(&mut log, *run_id).unwrap(),
            }
            ends.push(log.len());
        }
        (log, ends)
    }

    #[test]
    fn the_lines_can_be_read_by_people() {
        let callback = Callback { log_id: 7, app_key: "billing".into(), handler_code: 200, handler_msg: None };
        let (log, _) = written(&[Record::Result(callback), Record::Settled(7)]);
        let expected = "bf9f8ae9 {\"logId\":7,\"appKey\":\"billing\",\"handlerCode\":200}\n";
        let text = String::from_utf8(log).unwrap();
        assert_eq!(text.lines().map(|line| &line[9..]).collect::<Vec<_>>(), [&expected[9..expected.len() - 1], "-7"]);
    }

    #[test]
    fn a_checksum_in_another_spelling_is_a_changed_one() {
        let (log, _) = written(&[Record::Settled(8)]);
        assert!(log[..CHECKSUM_LENGTH].iter().any(u8::is_ascii_lowercase), "{}", String::from_utf8_lossy(&log));
        assert!(read(&log.to_ascii_uppercase()).records.is_empty());
    }

    proptest! {
        #[test]
        fn wherever_a_log_is_cut_every_record_before_the_cut_is_read_and_nothing_else(
            records in proptest::collection::vec(any_record(), 0..12), share in 0.0..=1.0,
        ) {
            let (log, ends) = written(&records);
            let cut = (log.len() as f64 * share) as usize;
            let whole = ends.iter().filter(|end| **end <= cut).count();
            let content = read(&log[..cut]);
            prop_assert_eq!(&content.records[..], &records[..whole]);
            prop_assert!(content.broken.is_empty());
            prop_assert_eq!(content.unfinished, cut - if whole == 0 { 0 } else { ends[whole - 1] });
        }

        #[test]
        fn a_changed_byte_breaks_its_own_record_only(
            records in proptest::collection::vec(any_record(), 1..8), place in any::<prop::sample::Index>(),
            other in 1..=255_u8,
        ) {
            let (mut log, ends) = written(&records);
            let place = place.index(log.len());
            log[place] ^= other;
            let hit = ends.iter().filter(|end| **end <= place).count();
            // A line break in the midst makes two lines of one, a lost one makes one of two.
            let (from, to) = (hit, (hit + 2).min(records.len()));
            let content = read(&log);
            prop_assert!(content.records.starts_with(&records[..from]));
            prop_assert!(content.records.ends_with(&records[to..]));
            prop_assert!(content.records.len() < records.len());
        }

        #[test]
        fn no_garbage_is_taken_for_a_record(garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&garbage).records.is_empty());
        }
    }
}
