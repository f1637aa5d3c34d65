//! Under which conditions a report was measured: what tells its file and its column from others of the same scenario.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::options::{JobsBy, Options};

/// What was asked for besides scenario, database, wire, rate, jobs, time and nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Connections on which the load executor reports.
    pub connections: u16,
    /// How long a run works, in milliseconds.
    pub work_ms: u64,
    /// How long everything ran before it was measured, in seconds.
    pub warm_up: u32,
    /// Settings of the admin, in the order in which they were said.
    pub settings: Vec<(String, Value)>,
    /// Whether jobs were made through the API.
    pub jobs_by_api: bool,
    /// Minutes between two instants.
    pub minutes_between: u32,
    /// Instants that were measured.
    pub instants: u32,
    /// A command that ran meanwhile.
    pub during: Option<String>,
}

/// Scenarios in which no run ends at the load executor.
const WITHOUT_RUNS: [&str; 4] = ["floor", "idle", "dormant", "create"];

/// Whether runs end in this scenario, so that connections, work and wire mean something.
#[must_use]
pub fn has_runs(scenario: &str) -> bool {
    !WITHOUT_RUNS.contains(&scenario)
}

impl Conditions {
    /// Those of these options.
    #[must_use]
    pub fn of(options: &Options) -> Conditions {
        Conditions {
            connections: options.connections,
            work_ms: options.work_ms,
            warm_up: options.warm_up,
            settings: options.settings.clone(),
            jobs_by_api: options.jobs_by == JobsBy::Api,
            minutes_between: options.minutes_between,
            instants: options.instants,
            during: options.during.clone(),
        }
    }

    /// The settings as they were said.
    pub(crate) fn settings_text(&self) -> Vec<String> {
        self.settings.iter().map(|(key, value)| format!("{key}={}", bare(value))).collect()
    }

    /// What differs from the options' defaults, as parts of a file name.
    fn suffixes(&self, usual: &Conditions) -> Vec<String> {
        let differs = |is: bool, words: String| is.then_some(words);
        let parts = [
            differs(self.warm_up != usual.warm_up, format!("{}s-before", self.warm_up)),
            differs(self.connections != usual.connections, format!("{}-connections", self.connections)),
            differs(self.work_ms != usual.work_ms, format!("{}ms-work", self.work_ms)),
            differs(self.jobs_by_api, "by-api".to_owned()),
            differs(self.minutes_between != usual.minutes_between, format!("every-{}-minutes", self.minutes_between)),
            differs(self.instants != usual.instants, format!("{}-instants", self.instants)),
        ];
        let settings = self.settings_text().into_iter().map(|setting| format!("set-{}", word(&setting)));
        let during = self.during.iter().map(|command| format!("during-{:08x}", hash(command)));
        parts.into_iter().flatten().chain(settings).chain(during).collect()
    }
}

/// What differs from the options' defaults, as the end of a file name: other conditions, another file.
#[must_use]
pub fn suffix(asked: &Asked, conditions: Option<&Conditions>, usual: &Options) -> String {
    let own = [
        (asked.seconds != usual.seconds, format!("{}s", asked.seconds)),
        (asked.nodes != usual.nodes, format!("{}-nodes", asked.nodes)),
        (asked.runs != usual.runs, format!("{}-runs", asked.runs)),
    ];
    let own = own.into_iter().filter(|(differs, _)| *differs).map(|(_, words)| words);
    let more = conditions.into_iter().flat_map(|conditions| conditions.suffixes(&Conditions::of(usual)));
    own.chain(more).map(|part| format!("-{part}")).collect()
}

/// What a report says beside its conditions that tells its file from others.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Seconds that were measured.
    pub seconds: u32,
    /// Nodes of the load executor.
    pub nodes: u16,
    /// How often it was measured.
    pub runs: u32,
}

/// A value as it was said: text without quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text itself where a file name can hold it and nothing else is written alike, else a number made of it.
fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "=._".contains(letter);
    if text.len() <= 40 && text.chars().all(plain) { text.to_owned() } else { format!("{:08x}", hash(text)) }
}

/// FNV-1a in 32 bits: the same for ever, unlike the standard library's, and two commands of one folder rarely meet.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
