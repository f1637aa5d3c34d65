//! From a draft to a compiled schedule: the expression's outer form; the fields of a cron are read in [`crate::cron`].

use super::{Schedule, ScheduleDraft, ScheduleKind, ScheduleProblem, Timing, duration, moment, zone};
use crate::cron;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// The longest expression, in bytes.
const LONGEST: usize = 256;

impl Schedule {
    /// Compiles a draft.
    ///
    /// # Errors
    /// The first problem found in the expression or the zone, among them an expression that never fires.
    pub fn parse(draft: &ScheduleDraft) -> Result<Schedule, ScheduleProblem> {
        let expression = draft.expression.trim();
        if expression.len() > LONGEST {
            return Err(ScheduleProblem::TooLong { bytes: expression.len(), most: LONGEST });
        }
        let zone = zone::parse(&draft.zone)?;
        let schedule = |timing| Schedule { timing, zone, gap: draft.gap, repeat: draft.repeat };
        match draft.kind {
            ScheduleKind::Manual if expression.is_empty() => Ok(schedule(Timing::Manual)),
            ScheduleKind::Manual => Err(ScheduleProblem::NotWanted),
            _ if expression.is_empty() => Err(ScheduleProblem::Empty),
            ScheduleKind::Cron => parse_cron(expression, &schedule(Timing::Manual)),
            ScheduleKind::FixedRate => duration::parse(expression).map(|period| schedule(Timing::FixedRate(period))),
            ScheduleKind::FixedDelay => duration::parse(expression).map(|delay| schedule(Timing::FixedDelay(delay))),
            ScheduleKind::Once => {
                moment::parse(expression, zone, draft.gap).map(|moment| schedule(Timing::Once(moment)))
            }
        }
    }
}

/// A cron expression with its possible zone prefix, `@every` and the other descriptors.
fn parse_cron(expression: &str, outline: &Schedule) -> Result<Schedule, ScheduleProblem> {
    let (zone, expression) = split_zone(expression, outline.zone)?;
    let timing = match expression.strip_prefix("@every").and_then(|rest| rest.strip_prefix([' ', '\t'])) {
        Some(period) => Timing::FixedRate(duration::parse(period.trim())?),
        None => Timing::Cron(cron::parse(expression)?),
    };
    let schedule = Schedule { timing, zone, ..outline.clone() };
    let origin = first_moment();
    match schedule.next_fire(origin, origin) {
        Some(_) => Ok(schedule),
        None => Err(ScheduleProblem::NeverFires { expression: expression.to_owned() }),
    }
}

/// Nothing was scheduled before the first release, so an expression that fires only before 2026 never does.
fn first_moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default()
}

/// Takes off `CRON_TZ=Zone ` or `TZ=Zone `, which overrides the job's own zone.
fn split_zone(expression: &str, own: Tz) -> Result<(Tz, &str), ScheduleProblem> {
    let Some(rest) = expression.strip_prefix("CRON_TZ=").or_else(|| expression.strip_prefix("TZ=")) else {
        return Ok((own, expression));
    };
    let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim_start();
    if rest.is_empty() { Err(ScheduleProblem::Empty) } else { Ok((zone::parse(name)?, rest)) }
}
