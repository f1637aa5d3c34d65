//! Percentiles by nearest rank, and medians of a few runs. Pure.

/// The smallest value that at least `share` (0 to 1) of the values do not exceed; `None` of nothing. `sorted` must ascend.
#[must_use]
pub fn of_sorted(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// The middle value, or the mean of the two in the middle; `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let lower = if sorted.len().is_multiple_of(2) { *sorted.get(middle - 1)? } else { upper };
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_of_a_percentile_is_rounded_up() {
        let hundred: Vec<i64> = (1..=100).collect();
        let at = |share| of_sorted(&hundred, share).unwrap();
        assert_eq!((at(0.0), at(0.5), at(0.99), at(0.999), at(1.0)), (1, 50, 99, 100, 100));
        assert_eq!((of_sorted(&[7], 0.5), of_sorted(&[7], 0.999), of_sorted(&[], 0.5)), (Some(7), Some(7), None));
    }

    #[test]
    fn the_median_of_two_is_their_mean() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[1.0, 2.0]), median(&[])), (Some(2.0), Some(1.5), None));
    }
}
