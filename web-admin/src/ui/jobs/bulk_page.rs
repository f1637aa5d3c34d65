//! The two pages of a change of several jobs: the question before it, and what became of it where something went wrong.

use crate::error::ApiError;
use crate::ui::frame::{Frame, Place};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use askama::Template;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::Cursor;
use hzm_job_store::page::LARGEST_PAGE;
use hzm_job_store::run::RunFilter;

/// What is to be done with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    Start,
    Stop,
    Run,
    Delete,
}

/// What became of one job that nothing was wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// It was so already.
    Same,
}

/// What is asked about.
pub(super) struct Ask {
    pub(super) what: Bulk,
    pub(super) ids: Vec<JobId>,
    pub(super) names: Vec<String>,
    /// Under which the form may be sent twice.
    pub(super) request: String,
    pub(super) back: String,
}

/// What became of one job.
pub(super) struct Outcome {
    pub(super) id: JobId,
    pub(super) name: String,
    /// `Err`: the reason, for people.
    pub(super) fate: Result<Fate, String>,
}

#[derive(Template)]
#[template(path = "jobs/bulk_ask.html")]
struct AskPage {
    f: Frame,
    w: &'static Words,
    title: &'static str,
    sentence: String,
    word: &'static str,
    is_danger: bool,
    ask: Ask,
}

#[derive(Template)]
#[template(path = "jobs/bulk_result.html")]
struct ResultPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    outcomes: Vec<Outcome>,
    back: String,
}

/// Asks once, with what will happen in figures.
pub(super) async fn ask(visit: &Visit, ask: Ask) -> Answer {
    let w = visit.w;
    let is_danger = ask.what == Bulk::Delete;
    let (title, sentence, word) = if is_danger {
        (w.j.bulk_delete_title, w.bulk_delete_asks(ask.names.len(), open_runs(visit, &ask.ids).await?), "delete")
    } else {
        (w.j.bulk_run_title, w.bulk_run_asks(ask.names.len()), "run")
    };
    html(&AskPage { f: visit.frame(Place::Jobs, title), w, title, sentence, word, is_danger, ask })
}

/// Shows each job with what became of it, those that were not changed first.
pub(super) fn result(visit: &Visit, mut outcomes: Vec<Outcome>, back: String) -> Answer {
    let w = visit.w;
    outcomes.sort_by_key(|outcome| outcome.fate.is_ok());
    let count = |wanted: Fate| outcomes.iter().filter(|outcome| outcome.fate == Ok(wanted)).count();
    let failed = outcomes.iter().filter(|outcome| outcome.fate.is_err()).count();
    let facts = w.bulk_facts(count(Fate::Done), count(Fate::Same), failed);
    html(&ResultPage { f: visit.frame(Place::Jobs, w.j.bulk_result), w, facts, outcomes, back })
}

/// How many runs of these jobs have not ended; of each job at most as many as one page holds.
async fn open_runs(visit: &Visit, ids: &[JobId]) -> Result<usize, ApiError> {
    let states: Vec<RunState> = RunState::ALL.into_iter().filter(|state| !state.is_terminal()).collect();
    let mut open = 0;
    for id in ids {
        let filter = RunFilter { job: Some(*id), states: states.clone(), ..RunFilter::default() };
        open += visit.app.store.run_page(filter, Cursor::Newest, LARGEST_PAGE).await?.rows.len();
    }
    Ok(open)
}

impl ResultPage {
    /// The word of what became of a job, and its reason.
    fn fate(&self, outcome: &Outcome) -> (&'static str, String) {
        match &outcome.fate {
            Ok(Fate::Done) => (self.w.j.bulk_done_word, String::new()),
            Ok(Fate::Same) => (self.w.j.bulk_same_word, String::new()),
            Err(reason) => (self.w.j.bulk_failed_word, reason.clone()),
        }
    }
}
