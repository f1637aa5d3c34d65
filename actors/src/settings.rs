//! What of the actors can be configured: `hzm.job.admin.scheduling` and `hzm.job.admin.supervision` of the YAML file.

use crate::supervision::{OnExhausted, RestartPolicy};
use chrono::TimeDelta;
use hzm_job_scheduler::egress::Egress;
use hzm_job_scheduler::liveness::LivenessRules;
use hzm_job_scheduler::misfire::MisfireRules;
use hzm_job_scheduler::networks::Networks;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// All settings of the actors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// How jobs are fired.
    pub scheduling: SchedulingSettings,
    /// What happens when an actor dies.
    pub supervision: SupervisionSettings,
    /// Where triggers may be sent.
    pub egress: EgressSettings,
    /// Scheduling threads; 0 = everything on the caller's thread (tests in virtual time).
    pub threads: usize,
}

/// Where triggers may be sent, and whom TLS believes there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct EgressSettings {
    /// Networks in which executors may be, such as `10.0.0.0/8, fd00::/8`; default: everywhere but in `deny`.
    pub allow: Networks,
    /// Networks in which they may not be, whatever `allow` says; default: link-local ones with the metadata services of clouds,
    /// multicast and reserved ones ([`hzm_job_scheduler::egress::DENIED`]).
    pub deny: Networks,
    /// A PEM file with the authorities that the certificates of nodes at `https://` addresses come from; default: those that
    /// browsers trust.
    pub tls_ca: PathBuf,
    /// A PEM file with the certificate that this admin shows to nodes that ask for one (mutual TLS); default: none.
    pub tls_cert: PathBuf,
    /// The PEM file with its key.
    pub tls_key: PathBuf,
}

impl Default for EgressSettings {
    fn default() -> Self {
        let Egress { allow, deny } = Egress::default();
        EgressSettings { allow, deny, tls_ca: PathBuf::new(), tls_cert: PathBuf::new(), tls_key: PathBuf::new() }
    }
}

impl EgressSettings {
    /// The rule of where triggers may be sent.
    #[must_use]
    pub fn egress(&self) -> Egress {
        Egress { allow: self.allow.clone(), deny: self.deny.clone() }
    }

    /// What is wrong with these values, as (key, what to do); `None` when they can be used. Files are read at the start.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        match (self.tls_cert.as_os_str().is_empty(), self.tls_key.as_os_str().is_empty()) {
            (false, true) => Some(("tlsKey", "the key of tlsCert is missing; name its PEM file".to_owned())),
            (true, false) => Some(("tlsCert", "the certificate of tlsKey is missing; name its PEM file".to_owned())),
            _ => None,
        }
    }
}

/// How jobs are fired. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SchedulingSettings {
    /// A fire later than this is missed and falls under its job's misfire policy. Default 5,000.
    pub misfire_threshold_ms: u32,
    /// The row of a fire is written so long ahead of its moment at most, where the job allows it (`at_least_once`, no fixed delay);
    /// 0: at its moment. Default 700.
    pub plan_ahead_ms: u32,
    /// A sleeping job is woken so long before its next fire. Default 2,000.
    pub wake_ahead_ms: u32,
    /// A job whose next fire is further away than this goes to sleep. Default 30,000.
    pub sleep_after_ms: u32,
    /// How often a node is asked whether it lives. Default 5,000.
    pub beat_every_ms: u32,
    /// After so many unanswered beats a node is offline and its runs are lost. Default 3.
    pub offline_after_beats: u32,
    /// An offline node is probed with a growing pause up to this. Default 60,000.
    pub slowest_probe_ms: u32,
    /// How long a node may take to answer a trigger, a cancellation or a beat. Default 5,000.
    pub answer_within_ms: u32,
    /// How long a cancelled run may take to report before it counts as cancelled anyway. Default 15,000.
    pub cancel_grace_ms: u32,
    /// A trigger whose fate is unknown is sent again to the same node so many times (`at_least_once`). Default 3.
    pub resend_times: u32,
    /// After a restart of the admin, a run on a node that cannot be asked (not our SDK) and that stays silent is lost: its
    /// callback fell into the time when nobody listened. Given up after three times the longest of the job's recent runs,
    /// at least 30 s; a job with fewer than five successful ones waits this long. Default 600,000.
    pub silent_after_restart_ms: u32,
    /// Connections to one node and thread at most. Default 16.
    pub connections_per_node: usize,
}

impl Default for SchedulingSettings {
    fn default() -> Self {
        SchedulingSettings {
            misfire_threshold_ms: 5_000,
            plan_ahead_ms: 700,
            wake_ahead_ms: 2_000,
            sleep_after_ms: 30_000,
            beat_every_ms: 5_000,
            offline_after_beats: 3,
            slowest_probe_ms: 60_000,
            answer_within_ms: 5_000,
            cancel_grace_ms: 15_000,
            resend_times: 3,
            silent_after_restart_ms: 600_000,
            connections_per_node: 16,
        }
    }
}

impl SchedulingSettings {
    /// What is wrong with these values, as (key, what to do); empty when they can be used.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut check = |key, value: u32, least: u32, most: u32| {
            if !(least..=most).contains(&value) {
                problems.push((key, format!("{value} is out of range; give a number from {least} to {most}")));
            }
        };
        check("misfireThresholdMs", self.misfire_threshold_ms, 100, 3_600_000);
        check("planAheadMs", self.plan_ahead_ms, 0, 1_000);
        check("wakeAheadMs", self.wake_ahead_ms, 100, 60_000);
        check("sleepAfterMs", self.sleep_after_ms, 1_000, 3_600_000);
        check("beatEveryMs", self.beat_every_ms, 100, 600_000);
        check("offlineAfterBeats", self.offline_after_beats, 1, 100);
        check("slowestProbeMs", self.slowest_probe_ms, self.beat_every_ms, 3_600_000);
        check("answerWithinMs", self.answer_within_ms, 100, 120_000);
        check("cancelGraceMs", self.cancel_grace_ms, 100, 3_600_000);
        check("resendTimes", self.resend_times, 0, 100);
        check("silentAfterRestartMs", self.silent_after_restart_ms, 1_000, 86_400_000);
        check("connectionsPerNode", u32::try_from(self.connections_per_node).unwrap_or(u32::MAX), 1, 256);
        problems
    }

    pub(crate) fn misfire(&self) -> MisfireRules {
        MisfireRules { threshold: TimeDelta::milliseconds(self.misfire_threshold_ms.into()) }
    }

    pub(crate) fn liveness(&self) -> LivenessRules {
        LivenessRules {
            beat_every: TimeDelta::milliseconds(self.beat_every_ms.into()),
            offline_after: self.offline_after_beats,
            slowest_probe: TimeDelta::milliseconds(self.slowest_probe_ms.into()),
        }
    }

    pub(crate) fn plan_ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.plan_ahead_ms.into())
    }

    pub(crate) fn wake_ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.wake_ahead_ms.into())
    }

    pub(crate) fn sleep_after(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.sleep_after_ms.into())
    }

    pub(crate) fn answer_within(&self) -> Duration {
        Duration::from_millis(self.answer_within_ms.into())
    }

    pub(crate) fn cancel_grace(&self) -> Duration {
        Duration::from_millis(self.cancel_grace_ms.into())
    }

    pub(crate) fn silent_after_restart(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.silent_after_restart_ms.into())
    }
}

/// What happens when an actor dies, per kind of actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SupervisionSettings {
    /// A job's actor. Default: 5 restarts within a minute, then quarantine.
    pub job: RestartPolicy,
    /// An executor's actor. Default: 10 restarts within a minute, then quarantine.
    pub executor: RestartPolicy,
    /// A node's actor. Default: 10 restarts within a minute, then quarantine.
    pub node: RestartPolicy,
    /// A shard, that is one thread's part of the jobs. Default: 5 restarts within a minute, then shutdown.
    pub shard: RestartPolicy,
    /// The journal. Default: 5 restarts within a minute, then shutdown: without it nothing may be fired.
    pub journal: RestartPolicy,
}

impl Default for SupervisionSettings {
    fn default() -> Self {
        let quarantine = |max_restarts| RestartPolicy { max_restarts, ..RestartPolicy::default() };
        let shutdown = RestartPolicy { on_exhausted: OnExhausted::Shutdown, ..RestartPolicy::default() };
        SupervisionSettings {
            job: quarantine(5),
            executor: quarantine(10),
            node: quarantine(10),
            shard: shutdown.clone(),
            journal: shutdown,
        }
    }
}

impl SupervisionSettings {
    /// What is wrong with these values, as (key, what to do); empty when they can be used.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let kinds = [
            ("job", &self.job),
            ("executor", &self.executor),
            ("node", &self.node),
            ("shard", &self.shard),
            ("journal", &self.journal),
        ];
        kinds
            .into_iter()
            .flat_map(|(kind, policy)| {
                policy.problems().into_iter().map(move |(key, text)| (format!("{kind}.{key}"), text))
            })
            .collect()
    }
}
