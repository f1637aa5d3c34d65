//! `GET /runs`: the list of runs, filtered by what the address says.

use super::row::{RunRow, rows};
use crate::error::ApiError;
use crate::ui::fields::{Fields, link};
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::list::{Choice, executor_choices};
use crate::ui::pieces::{Form, Pager, Window};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::Cursor;
use hzm_job_store::run::RunFilter;

/// The fields of the filter, in the order of the form.
const FILTER: [&str; 7] = ["job", "executor", "state", "kind", "node", "from", "until"];

/// The states of runs that have begun and not ended, and how an address writes them.
const OPEN: [RunState; 3] = [RunState::Waiting, RunState::Dispatched, RunState::Running];
const OPEN_WORDS: &str = "waiting,dispatched,running";

#[derive(Template)]
#[template(path = "runs/list.html")]
struct RunsPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    rows: Vec<RunRow>,
    form: Form,
    /// The name of the job the list is narrowed to.
    job: Option<String>,
    executors: Vec<Choice>,
    states: Vec<(&'static str, &'static str, bool)>,
    filtered: bool,
    /// The address that clears runs, narrowed to the same job and executor.
    clear: String,
    /// The newest rows are shown, so the list may renew itself.
    newest: bool,
    zone: String,
    pager: Pager,
}

/// `GET /runs`.
pub(crate) async fn list(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    let (query, w) = (visit.query(), visit.w);
    let mut form = Form::of(query.clone());
    let (filter, window) = (filter(&mut form, visit.lens().zone, w)?, Window::of(query, w)?);
    let seen = RunFilter { within: visit.within(), ..filter.clone() };
    let found = visit.app.store.run_page(seen, window.cursor, window.size).await?;
    let kept = FILTER.map(|name| (name, query.get(name)));
    let pager = Pager::of(&found, window, "/runs", &kept, w);
    let frame = visit.frame(Place::Runs, w.r.title);
    let page = RunsPage {
        facts: if frame.sees_all() { w.runs_facts(frame.figures.runs_open) } else { String::new() },
        f: frame,
        w,
        rows: rows(visit, found.rows).await?,
        job: job_name(visit, filter.job).await?,
        executors: executor_choices(visit, filter.executor).await?,
        states: state_choices(&filter.states, w),
        filtered: filter != RunFilter::default(),
        clear: link("/runs/clear", ["executor", "job"].map(|name| (name, query.get(name)))),
        newest: window.cursor == Cursor::Newest,
        zone: visit.lens().zone.name().to_owned(),
        form,
        pager,
    };
    html(&page)
}

async fn job_name(visit: &Visit, job: Option<JobId>) -> Result<Option<String>, ApiError> {
    let Some(id) = job else { return Ok(None) };
    // Of a job that the reader may not see not even the name is told.
    let executor = visit.app.store.job_executor(id).await?;
    if !executor.is_some_and(|executor| visit.operator.rights.sees(executor)) {
        return Ok(Some(id.to_string()));
    }
    let names = visit.app.store.job_names(vec![id]).await?;
    Ok(Some(names.into_iter().next().map_or_else(|| id.to_string(), |(_, name)| name)))
}

fn filter(form: &mut Form, zone: Tz, w: &Words) -> Result<RunFilter, ApiError> {
    let from = time(form, "from", zone, w);
    let until = time(form, "until", zone, w);
    let query = &form.fields;
    Ok(RunFilter {
        job: query.number("job", w)?.map(JobId),
        executor: query.number("executor", w)?.map(ExecutorId),
        states: states(query, w)?,
        kind: match query.text("kind") {
            None => None,
            Some("scheduled") => Some(RunKind::Scheduled),
            Some("manual") => Some(RunKind::Manual),
            Some(_) => return Err(query.refuse("kind", w)),
        },
        node: query.text("node").map(str::to_owned),
        from,
        until,
        within: None,
    })
}

/// What the list of states offers: those without an outcome all at once, as the overview's tile asks for them, and each one.
fn state_choices(chosen: &[RunState], w: &'static Words) -> Vec<(&'static str, &'static str, bool)> {
    let is_open = chosen == OPEN;
    let open = (OPEN_WORDS, w.c.open_states, is_open);
    let each = RunState::ALL.map(|state| (state.word(), w.state(state), !is_open && chosen.contains(&state)));
    std::iter::once(open).chain(each).collect()
}

/// The states of a filter: one word, or several with commas between, as links write them.
fn states(query: &Fields, w: &Words) -> Result<Vec<RunState>, ApiError> {
    let words = query.all("state").flat_map(|value| value.split(','));
    let known = |word: &str| RunState::ALL.into_iter().find(|state| state.word() == word);
    words.map(|word| known(word).ok_or_else(|| query.refuse("state", w))).collect()
}

/// A time as the browser's field writes it, in the reader's zone. A time that is none is blamed on its field.
fn time(form: &mut Form, field: &str, zone: Tz, w: &Words) -> Option<DateTime<Utc>> {
    let text = form.fields.text(field)?;
    let local =
        ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let found = local.and_then(|local| zone.from_local_datetime(&local).earliest()).map(|at| at.to_utc());
    if found.is_none() {
        form.blame(field, w.r.bad_time);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::words;
    use hzm_job_scheduler::describe::Language;

    fn of(query: &str) -> Result<RunFilter, ApiError> {
        filter(&mut Form::of(Fields::parse(query.as_bytes())), Tz::Asia__Shanghai, words(Language::En))
    }

    #[test]
    fn times_are_read_in_the_readers_zone() {
        let from = of("from=2026-11-22T08%3A00").unwrap().from.unwrap();
        assert_eq!(from.to_rfc3339(), "2026-11-22T00:00:00+00:00");
    }

    #[test]
    fn several_states_may_be_asked_for_and_an_unknown_one_is_named() {
        assert_eq!(of("state=failed,lost&state=").unwrap().states, [RunState::Failed, RunState::Lost]);
        assert!(of("state=dizzy").unwrap_err().to_string().contains("state=dizzy"));
    }

    #[test]
    fn runs_that_have_not_ended_are_one_choice_and_shown_as_chosen() {
        let chosen = of(&format!("state={OPEN_WORDS}")).unwrap().states;
        assert_eq!(chosen, OPEN);
        let shown = state_choices(&chosen, words(Language::En));
        let marked: Vec<&str> = shown.iter().filter(|(_, _, chosen)| *chosen).map(|(value, _, _)| *value).collect();
        assert_eq!(marked, [OPEN_WORDS]);
    }

    #[test]
    fn an_empty_query_filters_nothing() {
        assert_eq!(of("job=&executor=&state=&kind=&node=+&from=&until=").unwrap(), RunFilter::default());
    }
}
