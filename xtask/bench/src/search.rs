//! The search for the highest rate that is sustained. Pure.

/// No rate above is tried.
const HIGHEST: u32 = 100_000;
/// The search ends when the gap is smaller than one part in so many.
const FINENESS: u32 = 20;

/// One try: a rate, and whether it was sustained.
pub type Try = (u32, bool);

/// The highest rate that was sustained, below the lowest one that was not.
#[must_use]
pub fn best(tries: &[Try]) -> Option<u32> {
    let broken = lowest_broken(tries).unwrap_or(u32::MAX);
    tries.iter().filter(|(rate, held)| *held && *rate < broken).map(|(rate, _)| *rate).max()
}

fn lowest_broken(tries: &[Try]) -> Option<u32> {
    tries.iter().filter(|(_, held)| !held).map(|(rate, _)| *rate).min()
}

/// The rate to be tried next, beginning with `start`; `None` when the search is over.
#[must_use]
pub fn next(start: u32, tries: &[Try]) -> Option<u32> {
    let next = match (best(tries), lowest_broken(tries)) {
        (None, None) => start,
        (Some(best), None) => best.saturating_mul(2).min(HIGHEST),
        (None, Some(broken)) => broken / 2,
        (Some(best), Some(broken)) if broken - best <= best / FINENESS + 1 => return None,
        (Some(best), Some(broken)) => rounded(best, u32::midpoint(best, broken)),
    };
    let is_new = next > 0 && tries.iter().all(|(rate, _)| *rate != next);
    is_new.then_some(next)
}

/// A rate that people can remember, if there is one above the lower end.
fn rounded(lower: u32, rate: u32) -> u32 {
    let step = if rate >= 2_000 { 100 } else { 10 };
    let round = rate / step * step;
    if round > lower { round } else { rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All tries of a search on a machine that sustains up to `limit`.
    fn search(start: u32, limit: u32) -> Vec<Try> {
        let mut tries = Vec::new();
        while let Some(rate) = next(start, &tries) {
            tries.push((rate, rate <= limit));
            assert!(tries.len() < 40, "{tries:?}");
        }
        tries
    }

    #[test]
    fn the_limit_is_found_within_a_twentieth_from_below_and_from_above() {
        for (start, limit) in [(1_000, 12_345), (16_000, 900), (3, 7), (5_000, 5_000), (1, 1)] {
            let best = best(&search(start, limit)).unwrap();
            assert!(best <= limit && limit - best <= limit / FINENESS + 1, "{start} {limit} {best}");
        }
    }

    #[test]
    fn few_tries_are_made() {
        assert!(search(1_000, 12_000).len() <= 9);
    }

    #[test]
    fn a_machine_without_limits_or_without_strength_ends_the_search() {
        assert_eq!(best(&search(1_000, u32::MAX)), Some(HIGHEST));
        assert_eq!(best(&search(8, 0)), None);
    }

    #[test]
    fn a_rate_that_held_above_one_that_broke_does_not_count() {
        assert_eq!(best(&[(100, true), (200, false), (300, true)]), Some(100));
    }
}
