//! IANA zone names, and suggestions for those that are none.

use crate::schedule_problem::ScheduleProblem;
use chrono_tz::{TZ_VARIANTS, Tz};

/// How many names an unknown one is answered with.
const SUGGESTIONS: usize = 3;

/// The zone of a name; letters may be of either case.
///
/// # Errors
/// An unknown name, with the names nearest to it.
pub(super) fn parse(name: &str) -> Result<Tz, ScheduleProblem> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ScheduleProblem::UnknownZone { name: String::new(), nearest: vec!["UTC".to_owned()] });
    }
    let unknown = || ScheduleProblem::UnknownZone {
        name: name.chars().take(64).collect(),
        nearest: nearest_zones(name).into_iter().map(str::to_owned).collect(),
    };
    let in_any_case = || TZ_VARIANTS.iter().copied().find(|zone| zone.name().eq_ignore_ascii_case(name));
    name.parse::<Tz>().ok().or_else(in_any_case).ok_or_else(unknown)
}

/// The zone names most like `name`, the likest first; empty when nothing is like it.
#[must_use]
pub fn nearest_zones(name: &str) -> Vec<&'static str> {
    // Longer than any zone name; the comparison is quadratic and must stay small for hostile input.
    if name.len() > 64 {
        return Vec::new();
    }
    let wanted = name.to_lowercase().replace(' ', "_");
    let mut ranked: Vec<(usize, &'static str)> =
        TZ_VARIANTS.iter().filter_map(|zone| Some((distance_to(&wanted, zone.name())?, zone.name()))).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

/// How unlike a zone name is; `None` when there is no likeness worth showing. A city alone is compared with the city.
fn distance_to(wanted: &str, zone: &str) -> Option<usize> {
    let zone = zone.to_lowercase();
    let city = zone.rsplit('/').next().unwrap_or(&zone);
    let wanted_city = wanted.rsplit('/').next().unwrap_or(wanted);
    let whole = edit_distance(wanted, &zone);
    let by_city = edit_distance(wanted_city, city) + usize::from(wanted != wanted_city);
    let distance = whole.min(by_city);
    (distance * 3 <= wanted.len().max(3)).then_some(distance)
}

/// Levenshtein's distance in bytes: the fewest insertions, deletions and replacements between two texts.
fn edit_distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, have) in from.bytes().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, want) in row.iter_mut().skip(1).zip(to.bytes()) {
            let replaced = diagonal + usize::from(have != want);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(from.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case() {
        assert_eq!(parse("Asia/Shanghai"), Ok(Tz::Asia__Shanghai));
        assert_eq!(parse(" asia/shanghai "), Ok(Tz::Asia__Shanghai));
        assert_eq!(parse("UTC"), Ok(Tz::UTC));
    }

    #[test]
    fn an_unknown_name_is_answered_with_its_neighbours() {
        assert_eq!(nearest_zones("Asia/Shangai").first(), Some(&"Asia/Shanghai"));
        assert_eq!(nearest_zones("Beijing/Shanghai").first(), Some(&"Asia/Shanghai"));
        assert_eq!(nearest_zones("new york").first(), Some(&"America/New_York"));
        assert_eq!(nearest_zones("Europe/Berlim").first(), Some(&"Europe/Berlin"));
    }

    #[test]
    fn nonsense_is_refused_without_suggestions() {
        assert_eq!(
            parse("qqqqqqqqqq"),
            Err(ScheduleProblem::UnknownZone { name: "qqqqqqqqqq".into(), nearest: vec![] })
        );
        assert!(nearest_zones(&"x".repeat(10_000)).is_empty());
        assert_eq!(parse("").unwrap_err().code(), "unknown_zone");
    }

    #[test]
    fn the_distance_counts_single_changes() {
        for (from, to, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(edit_distance(from, to), expected, "{from} {to}");
        }
    }
}
