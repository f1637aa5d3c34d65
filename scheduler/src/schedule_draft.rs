//! A schedule as a user writes it: plain text and choices, nothing checked yet.

use serde::{Deserialize, Serialize};

/// How the moments of a job are laid down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// By a cron expression.
    Cron,
    /// Every so often, counted from the anchor, however long the runs take.
    FixedRate,
    /// So long after the end of the run before.
    FixedDelay,
    /// Once.
    Once,
    /// Never by itself.
    #[default]
    Manual,
}

/// What becomes of a wall-clock time that a daylight saving change skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapPolicy {
    /// There is no occurrence on that day.
    Skip,
    /// It is due the moment the gap ends; several skipped times become one occurrence.
    #[default]
    RunAfter,
}

/// What becomes of a wall-clock time that a daylight saving change repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatPolicy {
    /// It is due the first time only.
    #[default]
    First,
    /// It is due both times.
    Both,
}

/// A schedule as a user writes it; the default is [`ScheduleKind::Manual`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleDraft {
    /// How the moments are laid down.
    pub kind: ScheduleKind,
    /// Cron: the expression. Fixed rate and delay: a duration such as `30s`, `1h30m`, `1.5h`, `1500ms`. Once: RFC 3339
    /// or a local time such as `2026-11-22T08:00:00`. Manual: empty.
    pub expression: String,
    /// IANA name of the zone in which wall-clock times are meant; `CRON_TZ=` in a cron expression overrides it.
    pub zone: String,
    /// What becomes of wall-clock times that are skipped.
    pub gap: GapPolicy,
    /// What becomes of wall-clock times that come twice.
    pub repeat: RepeatPolicy,
}

impl Default for ScheduleDraft {
    fn default() -> Self {
        ScheduleDraft {
            kind: ScheduleKind::default(),
            expression: String::new(),
            zone: "UTC".to_owned(),
            gap: GapPolicy::default(),
            repeat: RepeatPolicy::default(),
        }
    }
}
