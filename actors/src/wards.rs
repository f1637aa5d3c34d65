//! The deaths of a parent's children: who is being restarted, who is quarantined, and why.

use crate::messages::ActorReport;
use crate::supervision::{Deaths, OnExhausted, RestartPolicy, Verdict};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::hash::Hash;

/// What is known of children that died. A child that never died costs nothing.
pub(crate) struct Wards<I> {
    known: HashMap<I, Ward>,
}

#[derive(Default)]
struct Ward {
    deaths: Deaths,
    absent: Option<Absence>,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
}

/// Why a child is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It is started again after its pause.
    Restarting,
    /// It died too often; somebody must release it.
    Quarantined,
}

impl<I: Hash + Eq + Clone> Wards<I> {
    pub(crate) fn new() -> Wards<I> {
        Wards { known: HashMap::new() }
    }

    /// Notes a death and what is to be done about it.
    pub(crate) fn died(&mut self, who: &I, policy: &RestartPolicy, why: &str, now: DateTime<Utc>) -> Verdict {
        let ward = self.known.entry(who.clone()).or_default();
        ward.last_error = Some(why.to_owned());
        ward.last_error_at = Some(now);
        let verdict = ward.deaths.note(policy, now, rand::random());
        ward.absent = Some(match verdict {
            Verdict::Exhausted(OnExhausted::Quarantine) => Absence::Quarantined,
            _ => Absence::Restarting,
        });
        verdict
    }

    /// A child is there (again).
    pub(crate) fn started(&mut self, who: &I) {
        if let Some(ward) = self.known.get_mut(who) {
            ward.absent = None;
        }
    }

    /// Whether a child ever died.
    pub(crate) fn has_died(&self, who: &I) -> bool {
        self.known.get(who).is_some_and(|ward| ward.deaths.total > 0)
    }

    pub(crate) fn absence(&self, who: &I) -> Option<Absence> {
        self.known.get(who).and_then(|ward| ward.absent)
    }

    /// Ends a quarantine; `false`: there was none.
    pub(crate) fn release(&mut self, who: &I) -> bool {
        let Some(ward) = self.known.get_mut(who).filter(|ward| ward.absent == Some(Absence::Quarantined)) else {
            return false;
        };
        ward.deaths.forgive();
        ward.absent = Some(Absence::Restarting);
        true
    }

    /// Completes a living child's report with what is known of its deaths.
    pub(crate) fn complete(&self, who: &I, report: &mut ActorReport) {
        if let Some(ward) = self.known.get(who) {
            report.restarts = ward.deaths.total;
            report.last_error.clone_from(&ward.last_error);
            report.last_error_at = ward.last_error_at;
        }
    }

    /// Reports on the children that are not there.
    pub(crate) fn absent(
        &self,
        kind: &'static str,
        mailbox_limit: usize,
        name: impl Fn(&I) -> String,
    ) -> Vec<ActorReport> {
        let absent = self.known.iter().filter_map(|(who, ward)| Some((who, ward, ward.absent?)));
        absent
            .map(|(who, ward, absence)| ActorReport {
                name: name(who),
                kind,
                thread: crate::threads::thread_name(),
                waiting: 0,
                mailbox_limit,
                handled: 0,
                restarts: ward.deaths.total,
                state: if absence == Absence::Quarantined { "quarantined" } else { "restarting" },
                last_error: ward.last_error.clone(),
                last_error_at: ward.last_error_at,
            })
            .collect()
    }
}
