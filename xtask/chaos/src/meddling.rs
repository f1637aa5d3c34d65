//! What somebody did to jobs while other things were broken, and what the admin answered: 2xx counts, a refusal does not, and
//! after a 503 or no answer at all it may have been done or not.

use serde_json::Value;

use crate::job::{JobFacts, Pace};
use crate::ledger::millis;

/// The schedules that are given to such a job.
pub const PACES: [Pace; 4] = [Pace::Rate(1_000), Pace::Cron(1), Pace::Rate(1_500), Pace::Cron(2)];

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It was started.
    Start,
    /// It was stopped.
    Stop,
    /// It got another schedule.
    Schedule,
    /// It got another misfire policy, and kept its schedule.
    Policy,
    /// It was deleted.
    Delete,
}

/// How a job stands by an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether its schedule is in force.
    pub enabled: bool,
    /// Since when; moments count strictly after it.
    pub anchor: i64,
    /// The schedule.
    pub pace: Pace,
}

impl Standing {
    /// What the admin tells of a job.
    ///
    /// # Errors
    /// What of it cannot be understood.
    pub fn told(job: &Value) -> Result<Standing, String> {
        let field = |name: &str| job.get(name).ok_or_else(|| format!("a job without {name}: {job}"));
        let schedule = field("schedule")?;
        let is_told = |pace: &Pace| {
            let known = pace.json();
            ["kind", "expression"].iter().all(|name| schedule.get(name) == known.get(name))
        };
        Ok(Standing {
            enabled: field("enabled")?.as_bool().unwrap_or_default(),
            anchor: millis(field("anchor")?.as_str().unwrap_or_default())?,
            pace: PACES.into_iter().find(is_told).ok_or_else(|| format!("a schedule of nobody: {schedule}"))?,
        })
    }
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 2xx: it was done, and the job stands so; a deleted one does not stand any more.
    Counts(Option<Standing>),
    /// 503, or none: it was done or not, or is still going to be.
    Either,
    /// It was not done and never will be.
    Refused,
}

/// One thing that was done, with the moments before the question and after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What.
    pub what: What,
    /// Before it was asked for.
    pub asked: i64,
    /// After it was answered, or nobody waited any more.
    pub answered: i64,
    /// What was answered.
    pub answer: Answer,
}

impl Deed {
    /// Whether the moments of the job may be others after it.
    #[must_use]
    pub fn may_change_moments(&self) -> bool {
        self.answer != Answer::Refused && self.what != What::Policy
    }

    /// Whether it was done, and nothing that was asked for before can still be done: a change names the version it changes,
    /// and every edit makes a new one.
    #[must_use]
    pub fn settles(&self) -> bool {
        matches!((self.what, self.answer), (What::Schedule | What::Policy | What::Delete, Answer::Counts(_)))
    }
}

/// A job to which things were done.
#[derive(Clone, Debug, PartialEq)]
pub struct Meddled {
    /// What never changes of it. Moments until `must_until` have their rows if they must have any.
    pub job: JobFacts,
    /// What was done, in order, one after the other.
    pub deeds: Vec<Deed>,
}

impl Meddled {
    /// Whether something that was asked for may still be done.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        let since = self.deeds.iter().rposition(Deed::settles).map_or(0, |place| place + 1);
        self.deeds.iter().skip(since).any(|deed| deed.answer == Answer::Either)
    }

    /// Whether it is deleted, or may be.
    #[must_use]
    pub fn may_be_gone(&self) -> bool {
        self.deeds.iter().any(|deed| deed.what == What::Delete && deed.answer != Answer::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_is_understood_as_the_admin_tells_it() {
        let mut job = json!({
            "id": 7, "enabled": true, "anchor": "1970-01-01T00:00:10.250Z",
            "schedule": { "kind": "fixed_rate", "expression": "1500ms", "zone": "UTC" },
        });
        let standing = Standing { enabled: true, anchor: 10_250, pace: Pace::Rate(1_500) };
        assert_eq!(Standing::told(&job), Ok(standing));
        job["schedule"]["expression"] = json!("2s");
        assert!(Standing::told(&job).unwrap_err().contains("2s"));
    }
}
