//! The small parts that pages are made of, each once: pill, moment, strip of runs, pager, field.
//!
//! They render themselves through their own template, which escapes, so pages put them in as they are.

use super::fields::{Fields, link};
use super::words::{Words, terms};
use crate::error::FieldError;
use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::page::{Cursor, Page};
use hzm_job_store::run::Run;
use std::collections::BTreeMap;

/// A state: a dot and its word, in the state's colour.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "pieces/pill.html")]
pub(crate) struct Pill {
    pub(crate) tone: &'static str,
    pub(crate) word: &'static str,
}
impl HtmlSafe for Pill {}

impl Pill {
    /// The pill of a run's state.
    pub(crate) fn run(state: RunState, w: &Words) -> Pill {
        Pill { tone: terms::tone(state), word: w.state(state) }
    }

    /// The pill of a node's state.
    pub(crate) fn node(state: NodeState, w: &Words) -> Pill {
        Pill { tone: terms::node_tone(state), word: w.node_state(state) }
    }

    /// The pill of a job: started or stopped.
    pub(crate) fn job(enabled: bool, w: &Words) -> Pill {
        if enabled { Pill { tone: "ok", word: w.j.started } } else { Pill { tone: "idle", word: w.j.stopped } }
    }
}

/// How a reader sees times: words, zone, and the present moment.
#[derive(Clone, Copy)]
pub(crate) struct Lens {
    pub(crate) w: &'static Words,
    pub(crate) zone: Tz,
    pub(crate) now: DateTime<Utc>,
}

/// A moment: in the reader's zone, relative to now below a day; the title has UTC and the job's zone.
#[derive(Debug, Clone, Template)]
#[template(path = "pieces/moment.html")]
pub(crate) struct Moment {
    /// RFC 3339, for the script.
    pub(crate) iso: String,
    /// In full, in the reader's zone.
    pub(crate) text: String,
    /// "3 min ago"; `None` from a day on.
    pub(crate) relative: Option<String>,
    pub(crate) title: String,
}
impl HtmlSafe for Moment {}

impl Lens {
    /// A moment in the reader's zone.
    pub(crate) fn moment(&self, at: DateTime<Utc>) -> Moment {
        self.moment_of(at, None)
    }

    /// A moment in the reader's zone whose title also tells it in the job's.
    pub(crate) fn moment_of(&self, at: DateTime<Utc>, job_zone: Option<Tz>) -> Moment {
        let mut title = format!("{} UTC", at.format("%Y-%m-%d %H:%M:%S%.3f"));
        if let Some(zone) = job_zone.filter(|zone| *zone != Tz::UTC) {
            title = format!("{title} · {} {zone}", at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S"));
        }
        Moment {
            iso: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            text: self.local(at),
            relative: self.w.relative(at.signed_duration_since(self.now).num_milliseconds()),
            title,
        }
    }

    /// A moment in full, to the second, in the reader's zone.
    pub(crate) fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// How long a run took, or has taken so far; `None` when it was never sent.
    pub(crate) fn duration(&self, run: &Run) -> Option<String> {
        let sent = run.sent_at?;
        if run.state == RunState::Skipped {
            return None;
        }
        let end = run.finished_at.unwrap_or(self.now);
        Some(self.w.duration(end.signed_duration_since(sent).max(TimeDelta::zero()).num_milliseconds()))
    }
}

/// The last runs of a job, oldest first, one bar each.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "pieces/strip.html")]
pub(crate) struct Strip {
    bars: Vec<Bar>,
}
impl HtmlSafe for Strip {}

#[derive(Debug, Clone)]
struct Bar {
    run: i64,
    tone: &'static str,
    title: String,
}

impl Strip {
    /// The strip of these runs, given newest first.
    pub(crate) fn of(runs: &[&Run], lens: &Lens) -> Strip {
        let bar = |run: &&Run| {
            let reason = lens.w.reason(run.reason);
            let title = format!("{} · {} {reason}", lens.local(run.scheduled_at), lens.w.state(run.state));
            Bar { run: run.id.0, tone: terms::tone(run.state), title: title.trim_end().to_owned() }
        };
        Strip { bars: runs.iter().rev().map(bar).collect() }
    }
}

/// The way to newer and older rows; filters and size are kept.
#[derive(Clone, Template)]
#[template(path = "pieces/pager.html")]
pub(crate) struct Pager {
    w: &'static Words,
    newer: Option<String>,
    older: Option<String>,
    sizes: Vec<(i64, String, bool)>,
}
impl HtmlSafe for Pager {}

/// Sizes of a page that a reader may choose.
const SIZES: [i64; 3] = [20, 50, 100];

/// Where a list begins and how long it is, as the address says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) cursor: Cursor,
    pub(crate) size: i64,
}

impl Window {
    /// Reads `before`, `after` and `size`.
    ///
    /// # Errors
    /// 400 for what is no number.
    pub(crate) fn of(query: &Fields, w: &Words) -> Result<Window, crate::error::ApiError> {
        let cursor = match (query.number("before", w)?, query.number("after", w)?) {
            (Some(id), _) => Cursor::Before(id),
            (None, Some(id)) => Cursor::After(id),
            (None, None) => Cursor::Newest,
        };
        let wanted = query.number("size", w)?;
        Ok(Window { cursor, size: wanted.filter(|size| SIZES.contains(size)).unwrap_or(20) })
    }
}

impl Pager {
    /// The pager below `page`, whose filters are `kept`.
    pub(crate) fn of<T>(page: &Page<T>, window: Window, path: &str, kept: &[(&str, &str)], w: &'static Words) -> Pager {
        let size_text = |size: i64| if size == 20 { String::new() } else { size.to_string() };
        let to = |cursor: Cursor, size: i64| {
            let (name, id) = match cursor {
                Cursor::Newest => ("before", String::new()),
                Cursor::Before(id) => ("before", id.to_string()),
                Cursor::After(id) => ("after", id.to_string()),
            };
            let size = size_text(size);
            link(path, kept.iter().copied().chain([(name, id.as_str()), ("size", size.as_str())]))
        };
        Pager {
            w,
            newer: page.newer.map(|cursor| to(cursor, window.size)),
            older: page.older.map(|cursor| to(cursor, window.size)),
            sizes: SIZES.map(|size| (size, to(Cursor::Newest, size), size == window.size)).to_vec(),
        }
    }
}

/// A form as its reader sees it: what was typed, and what is wrong with it, by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    pub(crate) fields: Fields,
    pub(crate) problems: BTreeMap<String, String>,
}

/// What is wrong with a field; nothing when nothing is.
#[derive(Debug, Clone, Template)]
#[template(path = "pieces/problem.html")]
pub(crate) struct ProblemNote<'a> {
    field: &'a str,
    text: Option<&'a str>,
}
impl HtmlSafe for ProblemNote<'_> {}

/// The attributes that tie a field to its problem for those who cannot see it.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% if wrong %} aria-invalid="true" aria-describedby="{{ field }}-problem"{% endif %}"#,
    ext = "html"
)]
pub(crate) struct ProblemMark<'a> {
    field: &'a str,
    wrong: bool,
}
impl HtmlSafe for ProblemMark<'_> {}

impl Form {
    /// A form that shows these fields, nothing being wrong yet.
    pub(crate) fn of(fields: Fields) -> Form {
        Form { fields, problems: BTreeMap::new() }
    }

    /// Notes a problem; the first one of a field stays.
    pub(crate) fn blame(&mut self, field: &str, text: impl Into<String>) {
        self.problems.entry(field.to_owned()).or_insert_with(|| text.into());
    }

    /// Notes problems that a change met with, each at its field.
    pub(crate) fn blame_all(&mut self, errors: &[FieldError], w: &Words) {
        for error in errors {
            let text = w.pick(error.detail.as_str(), error.detail_zh.as_str());
            self.blame(&error.field, text);
        }
    }

    pub(crate) fn value(&self, field: &str) -> &str {
        self.fields.get(field)
    }

    pub(crate) fn is(&self, field: &str, value: &str) -> bool {
        self.fields.get(field) == value
    }

    pub(crate) fn problem<'a>(&'a self, field: &'a str) -> ProblemNote<'a> {
        ProblemNote { field, text: self.problems.get(field).map(String::as_str) }
    }

    pub(crate) fn mark<'a>(&self, field: &'a str) -> ProblemMark<'a> {
        ProblemMark { field, wrong: self.problems.contains_key(field) }
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }
}
