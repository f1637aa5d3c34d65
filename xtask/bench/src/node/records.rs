//! What a load executor remembers of each trigger, and the file of it: a line of text that names the form, then 40 bytes a
//! record, five little-endian numbers.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// The first bytes of a file of records, with the version of its form.
const HEAD: &[u8] = b"hzm-job-bench 1\n";
/// The length of one record, in bytes.
const LENGTH: usize = 40;
/// Records in one block of memory: a vector that grew by copying would hold up the triggers of that moment.
const BLOCK: usize = 16_384;

/// One trigger that came; moments are microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The run.
    pub run: i64,
    /// Its job.
    pub job: i64,
    /// The moment that the trigger tells, in milliseconds; 0 where it tells none.
    pub told_ms: i64,
    /// When its request was read.
    pub arrived_us: i64,
    /// When the admin had taken its result; 0 while it has not.
    pub taken_us: i64,
}

impl Record {
    fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let fields = [self.run, self.job, self.told_ms, self.arrived_us, self.taken_us];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Record {
        let mut fields = bytes.chunks_exact(8).map(|field| field.try_into().map_or(0, i64::from_le_bytes));
        let mut next = || fields.next().unwrap_or_default();
        Record { run: next(), job: next(), told_ms: next(), arrived_us: next(), taken_us: next() }
    }
}

/// Records in the order in which they came, up to a bound.
#[derive(Debug)]
pub struct Records {
    blocks: Vec<Vec<Record>>,
    capacity: usize,
}

impl Records {
    /// None yet, and at most so many.
    #[must_use]
    pub fn new(capacity: usize) -> Records {
        Records { blocks: Vec::new(), capacity }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let last = self.blocks.last().map_or(0, Vec::len);
        self.blocks.len().saturating_sub(1) * BLOCK + last
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Adds one; its place, or `None` when there is no room.
    pub fn push(&mut self, record: Record) -> Option<usize> {
        let place = self.len();
        if place >= self.capacity {
            return None;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks.last_mut()?.push(record);
        Some(place)
    }

    /// Notes when the result of the record at `place` was taken.
    pub fn taken(&mut self, place: usize, now_us: i64) {
        if let Some(record) = self.blocks.get_mut(place / BLOCK).and_then(|block| block.get_mut(place % BLOCK)) {
            record.taken_us = now_us;
        }
    }

    /// Writes all of them to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        file.write_all(HEAD)?;
        self.blocks.iter().flatten().try_for_each(|record| file.write_all(&record.bytes()))?;
        file.flush()
    }
}

/// Reads a file of records.
///
/// # Errors
/// When it cannot be read, or is no such file.
pub fn read(path: &Path) -> io::Result<Vec<Record>> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let records = bytes.strip_prefix(HEAD).filter(|rest| rest.len().is_multiple_of(LENGTH));
    let no_records = || io::Error::other(format!("{} is no file of records", path.display()));
    Ok(records.ok_or_else(no_records)?.chunks_exact(LENGTH).map(Record::from_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(run: i64) -> Record {
        Record { run, job: 2, told_ms: -3, arrived_us: 4, taken_us: 0 }
    }

    #[test]
    fn what_is_written_is_read_again_in_its_order() {
        let path = std::env::temp_dir().join(format!("hzm-job-bench-records-{}", std::process::id()));
        let mut records = Records::new(1_000_000);
        let many = i64::try_from(BLOCK).unwrap() + 5;
        let places: Vec<_> = (0..many).map(|run| records.push(record(run)).unwrap()).collect();
        records.taken(places[BLOCK + 1], 77);
        records.write(&path).unwrap();
        let read = read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((read.len(), records.len()), (BLOCK + 5, BLOCK + 5));
        assert_eq!(read[BLOCK + 1], Record { taken_us: 77, ..record(many - 4) });
    }

    #[test]
    fn a_full_memory_takes_nothing_more() {
        let mut records = Records::new(2);
        assert_eq!(
            (records.push(record(1)), records.push(record(2)), records.push(record(3))),
            (Some(0), Some(1), None)
        );
        assert_eq!(records.len(), 2);
    }

    #[test]
    fn another_file_is_refused() {
        let path = std::env::temp_dir().join(format!("hzm-job-bench-no-records-{}", std::process::id()));
        std::fs::write(&path, b"hzm-job-bench 1\nabc").unwrap();
        assert!(read(&path).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
