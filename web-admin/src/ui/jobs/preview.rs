//! `GET /jobs/preview`: what a schedule means, answered while it is typed: its sentence, its next fires, what is wrong.

use super::draft;
use crate::ui::fields::Fields;
use crate::ui::pieces::{Form, Lens};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::describe::{Language, describe};
use hzm_job_scheduler::schedule::{Schedule, ScheduleKind};

/// Fires shown.
const FIRES: usize = 5;

/// What a schedule means.
#[derive(Template)]
#[template(path = "jobs/preview.html")]
pub(crate) struct Preview {
    w: &'static Words,
    sentence: Option<String>,
    /// Each fire in the job's zone, and how far away it is.
    fires: Vec<(String, Option<String>)>,
    zone: String,
    warnings: Vec<String>,
    problem: Option<String>,
    /// What to say when there is neither a fire nor a problem.
    hint: &'static str,
}
impl askama::filters::HtmlSafe for Preview {}

/// `GET /jobs/preview`.
pub(crate) async fn show(visit: Visit) -> HttpResponse {
    visit.settle(fragment(&visit))
}

fn fragment(visit: &Visit) -> Answer {
    html(&Preview::of(visit.query(), &visit.lens()))
}

impl Preview {
    /// The preview of the schedule of a form's fields.
    pub(crate) fn of(fields: &Fields, lens: &Lens) -> Preview {
        let w = lens.w;
        let mut form = Form::of(fields.clone());
        let draft = draft::schedule(&mut form, w);
        let empty = Preview {
            w,
            sentence: None,
            fires: Vec::new(),
            zone: String::new(),
            warnings: Vec::new(),
            problem: None,
            hint: if draft.kind == ScheduleKind::Manual { w.jf.preview_manual } else { w.jf.preview_wait },
        };
        if draft.expression.is_empty() {
            return empty;
        }
        match Schedule::parse(&draft) {
            Ok(schedule) => empty.with(&schedule, lens),
            Err(problem) => Preview { problem: Some(in_words(&problem, problem.zh(), w)), ..empty },
        }
    }

    fn with(self, schedule: &Schedule, lens: &Lens) -> Preview {
        let zone = schedule.zone();
        let fires = schedule.upcoming(lens.now, lens.now, FIRES);
        Preview {
            sentence: Some(describe(schedule, lens.w.language)),
            fires: fires.iter().map(|at| fire(*at, zone, lens)).collect(),
            zone: zone.name().to_owned(),
            warnings: schedule
                .warnings()
                .iter()
                .map(|warning| in_words(warning, warning.zh().to_owned(), lens.w))
                .collect(),
            hint: lens.w.j.no_next,
            ..self
        }
    }
}

fn fire(at: DateTime<Utc>, zone: Tz, lens: &Lens) -> (String, Option<String>) {
    let text = at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z").to_string();
    (text, lens.w.relative(at.signed_duration_since(lens.now).num_milliseconds()))
}

fn in_words(en: &impl ToString, zh: String, w: &Words) -> String {
    match w.language {
        Language::En => en.to_string(),
        Language::Zh => zh,
    }
}
