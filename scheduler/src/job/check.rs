//! All checks of a job's draft. They run to the end, so that a form can mark every wrong field at once.

use super::{JobDraft, JobSpec, text};
use crate::problem::{FieldProblem, Problem};
use crate::retry::{RetryOn, RetryPolicy};
use crate::schedule::{Schedule, ScheduleDraft, ScheduleKind, ScheduleProblem, Timing};
use crate::wall_time;
use chrono::{DateTime, Utc};
use std::fmt::Display;
use std::ops::RangeInclusive;

const LONGEST_DESCRIPTION: usize = 512;
const LONGEST_OWNER: usize = 128;
const LONGEST_PARAMETERS: usize = 65_536;
const DAY_MS: u64 = 86_400_000;
const LONGEST_TIMEOUT_MS: u64 = 30 * DAY_MS;
const LONGEST_WINDOW_MS: u64 = 30 * DAY_MS;

impl JobDraft {
    /// Checks and normalises the whole draft.
    ///
    /// # Errors
    /// Every problem of every field, not only the first one.
    pub fn check(mut self) -> Result<JobSpec, Vec<FieldProblem>> {
        for text in [&mut self.name, &mut self.handler, &mut self.description, &mut self.owner] {
            text::trim(text);
        }
        self.retry.on = RetryOn::ALL.into_iter().filter(|outcome| self.retry.on.contains(outcome)).collect();
        let mut problems = Vec::new();
        check_texts(&self, &mut problems);
        check_numbers(&self, &mut problems);
        check_retry(&self.retry, &mut problems);
        match Schedule::parse(&self.schedule) {
            Ok(schedule) if problems.is_empty() => return Ok(JobSpec { draft: self, schedule }),
            Ok(_) => {}
            Err(problem) => problems.extend(schedule_problems(&self.schedule, problem)),
        }
        Err(problems)
    }
}

impl JobSpec {
    /// Whether a job like this would ever fire when it is started at `now`. Nothing that lies before its start is due, under no
    /// misfire policy, so a moment that has passed is a mistake.
    ///
    /// # Errors
    /// The problem of the schedule: [`ScheduleProblem::Passed`] or [`ScheduleProblem::NeverAgain`].
    pub fn check_start(&self, now: DateTime<Utc>) -> Result<(), Vec<FieldProblem>> {
        let schedule = &self.schedule;
        if schedule.kind() == ScheduleKind::Manual || schedule.next_fire(now, now).is_some() {
            return Ok(());
        }
        let expression = self.draft.schedule.expression.clone();
        let problem = match schedule.timing() {
            Timing::Once(moment) => {
                let shown = wall_time::local(schedule.zone(), *moment).format("%Y-%m-%d %H:%M:%S").to_string();
                ScheduleProblem::Passed { moment: shown, zone: schedule.zone().name().to_owned() }
            }
            _ => ScheduleProblem::NeverAgain { expression },
        };
        Err(vec![FieldProblem { field: schedule_field(&problem), problem: problem.into() }])
    }
}

/// What is wrong with a schedule. A zone that does not exist hides what else is: that is looked for in another one.
fn schedule_problems(schedule: &ScheduleDraft, first: ScheduleProblem) -> Vec<FieldProblem> {
    let elsewhere = || Schedule::parse(&ScheduleDraft { zone: "UTC".to_owned(), ..schedule.clone() }).err();
    let second = if first.is_about_zone() { elsewhere().filter(|problem| !problem.is_about_zone()) } else { None };
    let told = |problem: ScheduleProblem| FieldProblem { field: schedule_field(&problem), problem: problem.into() };
    [Some(first), second].into_iter().flatten().map(told).collect()
}

fn schedule_field(problem: &ScheduleProblem) -> &'static str {
    if problem.is_about_zone() { "schedule.zone" } else { "schedule.expression" }
}

fn check_texts(draft: &JobDraft, problems: &mut Vec<FieldProblem>) {
    text::check_name("name", &draft.name, problems);
    text::check_text("handler", &draft.handler, text::LONGEST_NAME, problems);
    text::check_text("description", &draft.description, LONGEST_DESCRIPTION, problems);
    text::check_text("owner", &draft.owner, LONGEST_OWNER, problems);
    let found = draft.parameters.as_ref().map_or(0, String::len);
    if found > LONGEST_PARAMETERS {
        let problem = Problem::TooManyBytes { found, most: LONGEST_PARAMETERS };
        problems.push(FieldProblem { field: "parameters", problem });
    }
}

fn check_numbers(draft: &JobDraft, problems: &mut Vec<FieldProblem>) {
    check_range("overlap_limit", draft.overlap_limit, 1..=1_000, problems);
    check_range("misfire_limit", draft.misfire_limit, 1..=10_000, problems);
    check_range("misfire_window_ms", draft.misfire_window_ms, 0..=LONGEST_WINDOW_MS, problems);
    check_range("timeout_ms", draft.timeout_ms, 0..=LONGEST_TIMEOUT_MS, problems);
}

fn check_retry(retry: &RetryPolicy, problems: &mut Vec<FieldProblem>) {
    check_range("retry.retries", retry.retries, 0..=100, problems);
    check_range("retry.interval_ms", retry.interval_ms, 0..=DAY_MS, problems);
    check_range("retry.max_interval_ms", retry.max_interval_ms, retry.interval_ms.min(DAY_MS)..=DAY_MS, problems);
    check_range("retry.factor", retry.factor, 1.0..=10.0, problems);
    check_range("retry.jitter", retry.jitter, 0.0..=1.0, problems);
}

/// Reports a number outside `range`; a NaN is outside of every range.
fn check_range<N: PartialOrd + Display>(
    field: &'static str,
    found: N,
    range: RangeInclusive<N>,
    problems: &mut Vec<FieldProblem>,
) {
    if !range.contains(&found) {
        let (least, most) = (range.start().to_string(), range.end().to_string());
        problems.push(FieldProblem { field, problem: Problem::OutOfRange { found: found.to_string(), least, most } });
    }
}
