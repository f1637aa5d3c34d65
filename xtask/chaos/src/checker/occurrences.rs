//! Every moment of every schedule has exactly one first row; no row stands for a moment that is none; every row has an
//! outcome.

use std::collections::{BTreeMap, HashSet};

use super::evidence::{Attempts, Index};
use super::{Flaw, Verdict};
use crate::job::{JobFacts, Pace};

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    for job in &index.evidence.jobs {
        let fires = index.fires(job.id).cloned().unwrap_or_default();
        check_moments(job, &fires, verdict);
    }
    for row in index.evidence.rows.iter().filter(|row| !row.has_ended()) {
        verdict.found(Flaw::Open, row.job, row.scheduled_at, format!("{} has no outcome", row.words()));
    }
    for row in index.evidence.rows.iter().filter(|row| index.job(row.job).is_none()) {
        verdict.found(Flaw::Invented, row.job, row.scheduled_at, format!("{} belongs to no job of ours", row.words()));
    }
}

/// No moment has two rows with the same number of attempt.
pub(super) fn check_doubles(job: &JobFacts, fires: &BTreeMap<i64, Attempts<'_>>, verdict: &mut Verdict) {
    for (moment, attempts) in fires {
        for same in attempts.values().filter(|same| same.len() > 1) {
            let rows: Vec<String> = same.iter().map(|row| row.words()).collect();
            verdict.found(Flaw::Double, job.id, *moment, rows.join(" and "));
        }
    }
}

fn check_moments(job: &JobFacts, fires: &BTreeMap<i64, Attempts<'_>>, verdict: &mut Verdict) {
    check_doubles(job, fires, verdict);
    if let Pace::Delay(_) | Pace::ByHand = job.plan.pace {
        return;
    }
    let due = job.plan.pace.moments(job.anchor, job.may_until);
    for moment in due.iter().copied().filter(|moment| *moment <= job.must_until) {
        verdict.expected += 1;
        if !fires.contains_key(&moment) && !is_covered(moment, fires) {
            verdict.found(Flaw::Missing, job.id, moment, neighbours(moment, fires));
        }
    }
    let due: HashSet<i64> = due.into_iter().collect();
    for (moment, attempts) in fires.iter().filter(|(moment, _)| !due.contains(moment)) {
        let rows: Vec<String> =
            attempts.values().flatten().filter(|row| row.reason != "misfire_many").map(|row| row.words()).collect();
        if !rows.is_empty() {
            verdict.found(Flaw::Invented, job.id, *moment, rows.join(" and "));
        }
    }
}

/// Whether the next row after a moment says that it stands for many.
pub(super) fn is_covered(moment: i64, fires: &BTreeMap<i64, Attempts<'_>>) -> bool {
    let next = fires.range(moment..).next();
    next.is_some_and(|(_, attempts)| attempts.values().flatten().any(|row| row.reason == "misfire_many"))
}

/// The rows around a moment that has none, for findings.
pub(super) fn neighbours(moment: i64, fires: &BTreeMap<i64, Attempts<'_>>) -> String {
    let words = |fire: Option<(&i64, &Attempts<'_>)>| {
        let first = fire.and_then(|(at, attempts)| Some((at, attempts.values().flatten().next()?)));
        first.map_or("nothing".to_owned(), |(at, row)| format!("{} at {at}", row.words()))
    };
    format!(
        "no row; before it {}, after it {}",
        words(fires.range(..moment).next_back()),
        words(fires.range(moment..).next())
    )
}
