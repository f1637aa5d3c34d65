//! The shapes of definitions as the OpenAPI document shows them.
//!
//! The types that are read and written are those of the `scheduler` crate, which knows nothing of OpenAPI; these stand for
//! them in the document only. A test compares the fields of both.
#![expect(dead_code, reason = "only their schemas are used")]

use utoipa::ToSchema;

/// A job as a user describes it.
#[derive(ToSchema)]
pub struct JobDefinition {
    /// The number of the executor that does the work.
    executor: i64,
    /// The name shown to people, 1 to 128 characters.
    name: String,
    /// The name by which the executor knows the work (`jobName` on the wire); empty: the same as `name`.
    #[schema(default = "")]
    handler: Option<String>,
    /// What it is for, up to 512 characters.
    #[schema(default = "")]
    description: Option<String>,
    /// Whom to ask about it, up to 128 characters.
    #[schema(default = "")]
    owner: Option<String>,
    /// Handed to the executor as it stands, JSON or plain text, up to 65,536 bytes.
    parameters: Option<String>,
    /// When it is due; manual without it.
    schedule: Option<ScheduleDefinition>,
    /// What becomes of late occurrences: `skip`, `fire_once` (the default) or `fire_all`.
    misfire: Option<String>,
    /// Of the late occurrences `fire_all` executes at most so many, the newest, 1 to 10,000; default 100.
    misfire_limit: Option<u16>,
    /// Occurrences that are later than this are not executed, in milliseconds, up to 30 days; 0 (the default): no bound.
    misfire_window_ms: Option<u64>,
    /// What becomes of a fire that meets an unfinished run: `skip` (the default), `queue`, `parallel` or `replace`.
    overlap: Option<String>,
    /// Bound of the queue or of the runs side by side, 1 to 1,000; default 10.
    overlap_limit: Option<u16>,
    /// Which node gets a run: `round_robin` (the default), `random` or `failover`.
    routing: Option<String>,
    /// Whether a failed run is tried again.
    retry: Option<RetryDefinition>,
    /// The longest a run may take, in milliseconds, up to 30 days; 0: as long as it likes.
    timeout_ms: Option<u64>,
    /// When it is unknown whether a run was taken: `at_least_once` (the default) or `at_most_once`.
    delivery: Option<String>,
}

/// A job of a batch: its definition, and two fields more.
#[derive(ToSchema)]
pub struct JobItem {
    /// Whether it is started at once; stopped without it.
    start: Option<bool>,
    /// Any text of your own by which the item is known, 1 to 128 visible ASCII characters, unique among all jobs ever created: the
    /// same key with the same definition is answered with the job that it created the first time.
    key: Option<String>,
    /// The definition.
    #[serde(flatten)]
    #[schema(inline)]
    definition: JobDefinition,
}

/// A changed job: its definition and the version that was read.
#[derive(ToSchema)]
pub struct JobUpdate {
    /// The version that reading it answered.
    version: i64,
    /// The definition.
    #[serde(flatten)]
    #[schema(inline)]
    definition: JobDefinition,
}

/// A changed executor: its definition and the version that was read.
#[derive(ToSchema)]
pub struct ExecutorUpdate {
    /// The version that reading it answered.
    version: i64,
    /// The definition.
    #[serde(flatten)]
    #[schema(inline)]
    definition: ExecutorDefinition,
}

/// An executor as a user describes it.
#[derive(ToSchema)]
pub struct ExecutorDefinition {
    /// The name shown to people, 1 to 128 characters.
    name: String,
    /// The key by which its nodes name it: 1 to 128 characters of `A-Z a-z 0-9 . _ -`, unique.
    app_key: String,
    /// The secret both sides send. Left out: stays as it is; null or empty: none, so that whoever knows the app key may call in.
    #[schema(write_only)]
    secret: Option<String>,
    /// For so many seconds a secret that is replaced stays good: 0 (default, not at all) to 2,592,000 (30 days).
    #[schema(minimum = 0, maximum = 2592000)]
    former_secret_good_for_s: Option<u32>,
    /// `automatic` (nodes call in by themselves, the default) or `manual`.
    registration: Option<String>,
    /// The addresses of its nodes; only with manual registration.
    addresses: Option<Vec<String>>,
}

/// When a job is due.
#[derive(ToSchema)]
pub struct ScheduleDefinition {
    /// `cron`, `fixed_rate`, `fixed_delay`, `once` or `manual` (the default).
    kind: Option<String>,
    /// Cron: 5, 6 or 7 fields, or `@daily` and the like. Fixed rate and delay: a duration such as `1h30m`. Once: a moment
    /// such as `2026-11-22T08:00:00`. Manual: empty.
    expression: Option<String>,
    /// The IANA zone in which wall-clock times are meant; default `UTC`.
    zone: Option<String>,
    /// What becomes of times that a daylight saving change skips: `run_after` (the default) or `skip`.
    gap: Option<String>,
    /// What becomes of times that a daylight saving change repeats: `first` (the default) or `both`.
    repeat: Option<String>,
}

/// How often and how soon a failed run is tried again.
#[derive(ToSchema)]
pub struct RetryDefinition {
    /// Attempts after the first one, 0 (the default) to 100.
    retries: Option<u16>,
    /// The wait before the first of them, in milliseconds, up to a day; default 10,000.
    interval_ms: Option<u64>,
    /// What each further wait is multiplied by, 1 to 10; default 2.
    factor: Option<f64>,
    /// The longest wait, in milliseconds; default 600,000.
    max_interval_ms: Option<u64>,
    /// The share of a wait that chance may take away, 0 to 1; default 0.2.
    jitter: Option<f64>,
    /// The outcomes that are tried again: `failed`, `timed_out`, `lost`; default all, empty: none. A lost run is tried
    /// again only with `at_least_once`.
    on: Option<Vec<String>>,
    /// Which node gets a further attempt: `any` (the default), `other` or `same`.
    node: Option<String>,
}

/// The live figures.
#[derive(ToSchema)]
pub struct Figures {
    /// Jobs that exist.
    jobs: i64,
    /// Jobs that are started.
    jobs_enabled: i64,
    /// Jobs whose actor is in quarantine: nothing of them is fired until somebody releases it.
    jobs_quarantined: i64,
    /// Runs that have not ended.
    runs_open: i64,
    /// Executors that exist.
    executors: i64,
    /// Executors without any node that can be sent to.
    executors_offline: i64,
    /// Nodes that are known.
    nodes: i64,
    /// Nodes that do not answer.
    nodes_offline: i64,
    /// Fires of the last minute.
    fired_last_minute: u64,
    /// Runs that succeeded within the last minute.
    succeeded_last_minute: u64,
    /// Runs that ended otherwise within the last minute.
    failed_last_minute: u64,
    /// By how many milliseconds the latest fires were late.
    lag_ms: i64,
}

/// What a user may do from now on, with the version that was read.
#[derive(ToSchema)]
pub struct UserChange {
    /// The version that was read.
    version: i64,
    /// The name; it does not change.
    name: Option<String>,
    /// `viewer`, `operator`, `editor` or `administrator`.
    role: String,
    /// The executors it may see and work on; null: all of them. Must be there.
    #[schema(required = true)]
    executors: Option<Vec<i64>>,
    /// Whether it may not log in.
    disabled: bool,
}
