//! What processes have used, read from the kernel: processor time, memory, bytes written.

use std::fs;
use std::io;

use hzm_job_test_servers::family;

use crate::machine::field;

/// The kernel counts processor time in hundredths of a second for programs, on every Linux that matters.
const TICK_US: u64 = 10_000;

/// What a process, or a family of them, has used since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Processor time, in microseconds, in steps of 10,000.
    pub cpu_us: u64,
    /// Bytes that it caused to be written to disks.
    pub written: u64,
}

impl Used {
    /// What was used between an earlier look and this one.
    #[must_use]
    pub fn since(self, earlier: Used) -> Used {
        let cpu_us = self.cpu_us.saturating_sub(earlier.cpu_us);
        Used { cpu_us, written: self.written.saturating_sub(earlier.written) }
    }
}

/// Of one process; nothing when it is gone.
#[must_use]
pub fn used(process: u32) -> Used {
    let cpu = cpu_in(&read(process, "stat"));
    let written = field(&read(process, "io"), "write_bytes").and_then(|bytes| bytes.parse().ok());
    Used { cpu_us: cpu.map_or(0, |(own, _)| own), written: written.unwrap_or_default() }
}

/// Of a process and everything below it, those that have ended included.
///
/// # Errors
/// When the kernel's list of processes cannot be read.
pub fn used_by_family(ancestor: u32) -> io::Result<Used> {
    let ended = cpu_in(&read(ancestor, "stat")).map_or(0, |(_, ended)| ended);
    let mut all = Used { cpu_us: ended, written: 0 };
    for process in family(ancestor)? {
        let one = used(process);
        all = Used { cpu_us: all.cpu_us + one.cpu_us, written: all.written + one.written };
    }
    Ok(all)
}

/// The processor time that the whole machine has spent on anything but waiting, in microseconds.
#[must_use]
pub fn machine_busy_us() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    busy_in(text.lines().next().unwrap_or_default())
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now, in KiB.
    pub now_kib: u64,
    /// The most that ever was resident, in KiB.
    pub peak_kib: u64,
}

/// The memory of a process; nothing when it is gone.
#[must_use]
pub fn memory(process: u32) -> Memory {
    let status = read(process, "status");
    let kib = |name| field(&status, name).and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or_default();
    Memory { now_kib: kib("VmRSS"), peak_kib: kib("VmHWM") }
}

fn read(process: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default()
}

/// Own processor time, and that of children that ended and were waited for, of a line of `/proc/ID/stat`. The program's
/// name before may contain anything, even parentheses.
fn cpu_in(stat: &str) -> Option<(u64, u64)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<u64> =
        after_name.split_whitespace().skip(11).take(4).filter_map(|text| text.parse().ok()).collect();
    let [user, system, ended_user, ended_system] = fields[..] else { return None };
    Some(((user + system) * TICK_US, (ended_user + ended_system) * TICK_US))
}

/// Everything but idle time and waiting for disks; time given to guests is in the others already.
fn busy_in(cpu: &str) -> u64 {
    let numbers: Vec<u64> = cpu.split_whitespace().skip(1).take(8).filter_map(|text| text.parse().ok()).collect();
    numbers.iter().enumerate().filter(|(place, _)| ![3, 4].contains(place)).map(|(_, ticks)| ticks * TICK_US).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let line = "42 (a) b (c)) S 1 42 42 0 -1 4194560 500 0 0 0 7 5 2 1 20 0 9 0 100 200 300";
        assert_eq!(cpu_in(line), Some((120_000, 30_000)));
        assert_eq!(cpu_in("nonsense"), None);
    }

    #[test]
    fn idle_time_is_not_busy() {
        assert_eq!(busy_in("cpu  1 2 3 1000 500 4 5 6 7 8"), 21 * TICK_US);
    }

    #[test]
    fn this_process_uses_memory() {
        let memory = memory(std::process::id());
        assert!(memory.now_kib > 0 && memory.peak_kib >= memory.now_kib);
    }
}
