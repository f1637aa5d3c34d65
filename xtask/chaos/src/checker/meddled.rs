//! Jobs that were started, stopped, edited and deleted meanwhile: what had to happen follows from the answers of the API.
//!
//! An answer 2xx tells since when a schedule is in force, so each of its moments until the next change was asked for must have
//! a row, whatever was broken at that time. Between a question without a clear answer and the next edit that was answered
//! nobody can tell, and both are right. After a jump of the admin's clock moments are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Attempts, Index};
use super::{Flaw, Verdict, occurrences, reasons};
use crate::ledger::Row;
use crate::meddling::{Answer, Meddled, What};

pub(super) fn check(index: &Index<'_>, verdict: &mut Verdict) {
    for meddled in &index.evidence.meddled {
        let fires = index.fires(meddled.job.id).cloned().unwrap_or_default();
        let answered = |wanted: fn(Answer) -> bool| meddled.deeds.iter().filter(|deed| wanted(deed.answer)).count();
        verdict.changes += answered(|answer| matches!(answer, Answer::Counts(_)));
        verdict.unclear_changes += answered(|answer| answer == Answer::Either);
        occurrences::check_doubles(&meddled.job, &fires, verdict);
        if !index.evidence.history.has_jumps() {
            check_moments(meddled, &fires, verdict);
        }
        check_outcomes(index, meddled, verdict);
    }
}

fn check_moments(meddled: &Meddled, fires: &BTreeMap<i64, Attempts<'_>>, verdict: &mut Verdict) {
    let job = meddled.job.id;
    let expected = expected(meddled);
    verdict.expected += expected.len();
    for moment in expected {
        if fires.contains_key(&moment) || occurrences::is_covered(moment, fires) {
            continue;
        }
        let text = occurrences::neighbours(moment, fires);
        verdict.found(Flaw::Missing, job, moment, format!("{text}; done to it: {}", near(meddled, moment)));
    }
    for (moment, attempts) in fires.iter().filter(|(moment, _)| !may_be_due(meddled, **moment)) {
        let rows = attempts.values().flatten().filter(|row| row.reason != "misfire_many");
        for row in rows {
            let text = format!("{}; done to it: {}", row.words(), near(meddled, *moment));
            verdict.found(Flaw::Invented, job, *moment, text);
        }
    }
}

/// The moments that must have their rows.
fn expected(meddled: &Meddled) -> BTreeSet<i64> {
    let mut expected = BTreeSet::new();
    let mut is_unsettled = false;
    for (place, deed) in meddled.deeds.iter().enumerate() {
        is_unsettled &= !deed.settles();
        match deed.answer {
            Answer::Counts(Some(standing)) if standing.enabled && !is_unsettled => {
                let change = meddled.deeds.iter().skip(place + 1).find(|later| later.may_change_moments());
                // What comes due after the question may meet the change.
                let until = change.map_or(i64::MAX, |change| change.asked - 1).min(meddled.job.must_until);
                expected.extend(standing.pace.moments(standing.anchor, until));
            }
            // It names no version: it may be done at any time from now on.
            Answer::Either if deed.what == What::Delete => break,
            Answer::Either => is_unsettled |= deed.may_change_moments(),
            Answer::Counts(_) | Answer::Refused => {}
        }
    }
    expected
}

/// Whether something that was asked for, and may have been done, makes this a moment.
fn may_be_due(meddled: &Meddled, moment: i64) -> bool {
    meddled.deeds.iter().enumerate().any(|(place, deed)| {
        let mut later = meddled.deeds.iter().skip(place + 1);
        match deed.answer {
            Answer::Counts(Some(standing)) if standing.enabled => {
                let end = later.find(|later| match later.answer {
                    Answer::Counts(None) => true,
                    Answer::Counts(Some(told)) => told != standing,
                    Answer::Either | Answer::Refused => false,
                });
                standing.pace.is_moment(standing.anchor, moment) && end.is_none_or(|end| moment <= end.answered)
            }
            Answer::Either if matches!(deed.what, What::Start | What::Schedule) => {
                let end = later.find(|later| later.settles());
                deed.asked < moment && end.is_none_or(|end| moment <= end.answered)
            }
            Answer::Counts(_) | Answer::Either | Answer::Refused => false,
        }
    })
}

fn check_outcomes(index: &Index<'_>, meddled: &Meddled, verdict: &mut Verdict) {
    let job = meddled.job.id;
    let mut rows: Vec<&Row> = index.evidence.rows.iter().filter(|row| row.job == job).collect();
    rows.sort_by_key(|row| row.created_at);
    for row in rows.iter().filter(|row| row.has_ended()) {
        if row.attempt > 0 {
            verdict.found(
                Flaw::Attempts,
                job,
                row.scheduled_at,
                format!("{}, and nothing is tried again", row.words()),
            );
        }
        if let Some(why) = objection(index, meddled, row, &rows) {
            let text = format!("{}: {why}; done to it: {}", row.words(), near(meddled, row.scheduled_at));
            verdict.found(Flaw::Reason, job, row.scheduled_at, text);
        }
    }
}

/// What speaks against an outcome, if anything.
fn objection(index: &Index<'_>, meddled: &Meddled, row: &Row, rows: &[&Row]) -> Option<&'static str> {
    let was_done = |may: &dyn Fn(What) -> bool, by: i64| {
        let mut deeds = meddled.deeds.iter().filter(|deed| deed.answer != Answer::Refused && may(deed.what));
        deeds.any(|deed| deed.asked <= by && (deed.answer == Answer::Either || row.scheduled_at <= deed.answered))
    };
    let jumped = index.evidence.history.has_jumps();
    let demand = |met: bool, why: &'static str| if met || jumped { None } else { Some(why) };
    let ended = row.finished_at.unwrap_or(row.created_at);
    match (row.state.as_str(), row.reason.as_str()) {
        ("skipped", "stopped" | "superseded") => {
            demand(was_done(&|what| what != What::Policy, ended), "nobody had stopped or changed the job")
        }
        ("cancelled", "deleted") => demand(was_done(&|what| what == What::Delete, ended), "nobody had deleted the job"),
        // Its misfire policy is changed at will; lateness is not.
        ("skipped", "misfire_limit" | "misfire_window") => {
            demand(row.created_at - row.scheduled_at > index.evidence.misfire_threshold, "it was not late")
        }
        _ => reasons::objection(index, &meddled.job, row, rows),
    }
}

/// What was done to a job around a moment, for findings.
fn near(meddled: &Meddled, moment: i64) -> String {
    let after = meddled.deeds.iter().position(|deed| deed.asked > moment).unwrap_or(meddled.deeds.len());
    let near = meddled.deeds.iter().skip(after.saturating_sub(3)).take(5);
    near.map(|deed| format!("{deed:?}")).collect::<Vec<_>>().join(", ")
}
