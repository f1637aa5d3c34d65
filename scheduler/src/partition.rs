//! Which partition a job belongs to; partitions are what several admins divide among themselves.
//!
//! The mapping is part of the stored data: the same job must hash alike in every version, or two admins would both
//! believe to own it. The check values in the tests are that promise.

use crate::ids::JobId;

/// Number of partitions. More than any sensible number of admins, few enough to renew all leases in one statement.
pub const PARTITIONS: i64 = 64;

/// 2^64 divided by the golden ratio, made odd: consecutive ids land far apart (Knuth's multiplicative hash).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The partition of a job: the top six bits of its id times `GOLDEN`, 0 to 63.
#[must_use]
pub fn partition_of(job: JobId) -> i64 {
    let spread = job.0.cast_unsigned().wrapping_mul(GOLDEN);
    (spread >> (u64::BITS - PARTITIONS.trailing_zeros())).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_check_values_never_change() {
        // floor(frac(id × 0.6180339887…) × 64), computed by hand for the first ones.
        let known = [(0, 0), (1, 39), (2, 15), (3, 54), (4, 30), (5, 5), (1_000, 2), (1_000_000, 63)];
        for (id, partition) in known {
            assert_eq!(partition_of(JobId(id)), partition, "job {id}");
        }
    }

    #[test]
    fn every_id_has_a_partition_even_an_impossible_one() {
        for id in [i64::MIN, -1, i64::MAX, crate::ids::LARGEST_ID] {
            assert!((0..PARTITIONS).contains(&partition_of(JobId(id))));
        }
    }

    #[test]
    fn consecutive_ids_spread_evenly() {
        let mut counts = [0_u32; 64];
        for id in 1..=6_400 {
            counts[usize::try_from(partition_of(JobId(id))).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (90..=110).contains(count)), "{counts:?}");
    }
}
