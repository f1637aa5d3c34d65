//! How a job stood at a moment: its present definition, with what people did to it since played backwards.

use crate::operation::Operation;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::explain::{Act, Definition, Then};
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::schedule::{Schedule, ScheduleDraft};
use serde_json::{Map, Value};

/// How a job stood at a moment.
pub(super) struct History {
    /// How it stood.
    pub(super) then: Then,
    /// The last change up to the moment.
    pub(super) before: Option<Act>,
    /// The first change after it.
    pub(super) after: Option<Act>,
    /// Whether all changes since the moment are known and could be taken back.
    pub(super) is_whole: bool,
}

/// The definition that is in force today.
pub(super) fn definition(job: &Job) -> Definition {
    Definition { schedule: job.spec.schedule().clone(), enabled: job.enabled, anchor: job.anchor }
}

/// The operation without its changes.
pub(super) fn act(done: &Operation) -> Act {
    Act { operation: done.id, at: done.at, user: done.user.clone(), action: done.action.clone() }
}

impl History {
    /// Plays a job's operations, given newest first, backwards until `at`.
    pub(super) fn of(job: &Job, deleted: bool, operations: &[Operation], at: DateTime<Utc>) -> History {
        let later: Vec<&Operation> = operations.iter().take_while(|done| done.at > at).collect();
        let earlier = operations.get(later.len()..).unwrap_or_default();
        let (before, after) = (earlier.first(), later.last().copied());
        let mut past = Past::of(job);
        later.iter().for_each(|done| past.undo(done));
        let schedule = past.schedule();
        // Of a job that was not there yet, no definition needs to be read.
        let is_whole = is(after, "create") || schedule.is_some() && !earlier.is_empty();
        let then = if is(after, "create") {
            Then::NotYet
        } else if is(before, "delete") || deleted && after.is_none() {
            Then::Deleted
        } else {
            Then::There(Definition {
                schedule: schedule.unwrap_or_else(|| job.spec.schedule().clone()),
                enabled: past.enabled,
                anchor: earlier.iter().find(|done| moves_anchor(done)).map_or(job.anchor.min(at), |done| done.at),
            })
        };
        History { then, before: before.map(act), after: after.map(act), is_whole }
    }
}

fn is(done: Option<&Operation>, action: &str) -> bool {
    done.is_some_and(|done| done.action == action)
}

/// Whether this change set the moment since which the schedule is in force, as `job_update` and `job_enable` do.
fn moves_anchor(done: &Operation) -> bool {
    match done.action.as_str() {
        "create" | "start" => true,
        "update" => done.changes.iter().any(|change| change.field.starts_with("schedule.")),
        _ => false,
    }
}

/// The part of a definition that is followed backwards.
struct Past {
    enabled: bool,
    schedule: Map<String, Value>,
}

impl Past {
    fn of(job: &Job) -> Past {
        let Ok(Value::Object(schedule)) = serde_json::to_value(&job.spec.draft().schedule) else {
            return Past { enabled: job.enabled, schedule: Map::new() };
        };
        Past { enabled: job.enabled, schedule }
    }

    fn undo(&mut self, done: &Operation) {
        for change in &done.changes {
            if change.field == "enabled" {
                self.enabled = change.before.as_bool().unwrap_or(false);
            } else if let Some(field) = change.field.strip_prefix("schedule.") {
                self.schedule.insert(field.to_owned(), change.before.clone());
            }
        }
    }

    /// `None`: what was noted down cannot be read by this version.
    fn schedule(&self) -> Option<Schedule> {
        let draft: ScheduleDraft = serde_json::from_value(Value::Object(self.schedule.clone())).ok()?;
        Schedule::parse(&draft).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::FieldChange;
    use hzm_job_scheduler::job::JobDraft;
    use hzm_job_scheduler::schedule::ScheduleKind;
    use hzm_job_scheduler::{ExecutorId, JobId};
    use serde_json::json;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    /// A started job that has fired every minute since second 300.
    fn job() -> Job {
        let mut draft = JobDraft::new(ExecutorId(1), "report");
        draft.schedule = ScheduleDraft { kind: ScheduleKind::Cron, expression: "0 * * * * ?".into(), ..draft.schedule };
        Job { id: JobId(1), spec: draft.check().unwrap(), enabled: true, anchor: at(300), version: 4 }
    }

    fn done(second: i64, action: &str, changes: &[(&str, Value, Value)]) -> Operation {
        let change = |(field, before, after): &(&str, Value, Value)| FieldChange {
            field: (*field).to_owned(),
            before: before.clone(),
            after: after.clone(),
        };
        Operation {
            address: None,
            link: None,
            id: second,
            at: at(second),
            user: "li".into(),
            action: action.into(),
            object_kind: "job".into(),
            object_id: 1,
            object_name: "report".into(),
            changes: changes.iter().map(change).collect(),
        }
    }

    /// Created at 100 with a daily schedule, started at 200, changed to every minute at 300; newest first.
    fn life() -> Vec<Operation> {
        vec![
            done(300, "update", &[("schedule.expression", json!("0 0 3 * * ?"), json!("0 * * * * ?"))]),
            done(200, "start", &[("enabled", json!(false), json!(true))]),
            done(100, "create", &[("enabled", Value::Null, json!(false)), ("name", Value::Null, json!("report"))]),
        ]
    }

    fn there(history: &History) -> &Definition {
        match &history.then {
            Then::There(definition) => definition,
            other => panic!("the job was there: {other:?}"),
        }
    }

    #[test]
    fn a_change_of_the_schedule_is_taken_back() {
        let history = History::of(&job(), false, &life(), at(250));
        let then = there(&history);
        assert!(then.enabled && history.is_whole);
        assert_eq!(then.anchor, at(200), "in force since it was started");
        let next = then.schedule.next_fire(at(250), at(250)).unwrap();
        assert_eq!(next.format("%H:%M").to_string(), "03:00", "the schedule of that time");
        assert_eq!(history.after.unwrap().action, "update");
    }

    #[test]
    fn before_its_start_a_job_was_stopped_and_before_its_creation_it_was_not() {
        let history = History::of(&job(), false, &life(), at(150));
        assert!(!there(&history).enabled);
        let history = History::of(&job(), false, &life(), at(50));
        assert!(matches!(history.then, Then::NotYet) && history.is_whole);
    }

    #[test]
    fn a_deleted_job_was_there_until_it_was_deleted() {
        let mut life = life();
        life.insert(0, done(400, "delete", &[("enabled", json!(true), Value::Null)]));
        let gone = Job { enabled: false, ..job() };
        assert!(there(&History::of(&gone, true, &life, at(350))).enabled);
        assert!(matches!(History::of(&gone, true, &life, at(400)).then, Then::Deleted));
    }

    #[test]
    fn a_history_that_begins_too_late_is_not_whole() {
        assert!(!History::of(&job(), false, &life()[..1], at(250)).is_whole);
        assert!(!History::of(&job(), false, &[], at(250)).is_whole);
    }
}
