//! `/runs/clear`: clearing by the nine rules, each with the number of runs it would remove; asked once more before it is done.

use crate::change::runs;
use crate::error::ApiError;
use crate::ui::fields::{Fields, link};
use crate::ui::flash::Flash;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::list::{Choice, executor_choices};
use crate::ui::pieces::Form;
use crate::ui::visit::{Answer, Visit, html, see_other};
use crate::ui::words::Words;
use actix_web::{HttpResponse, web};
use askama::Template;
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::run_clear::{ClearRule, ClearScope};

#[derive(Template)]
#[template(path = "runs/clear.html")]
struct ClearPage {
    f: Frame,
    w: &'static Words,
    executors: Vec<Choice>,
    job: String,
    rules: Vec<RuleRow>,
    /// The rule that is asked about: its number, its words, the sentence, the button, the way back.
    asked: Option<Asked>,
    executor: String,
    form: Form,
}

struct RuleRow {
    words: String,
    count: String,
    /// The address that asks about it; `None` when there is nothing to remove.
    ask: Option<String>,
}

struct Asked {
    number: usize,
    words: String,
    sentence: String,
    button: String,
    /// The address of the page without the question.
    cancel: String,
}

/// `GET /runs/clear`.
pub(crate) async fn ask(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

/// `POST /runs/clear`.
pub(crate) async fn clear(visit: Visit, body: web::Bytes) -> HttpResponse {
    visit.settle(cleared(&visit, &body).await)
}

async fn page(visit: &Visit) -> Answer {
    let (query, w) = (visit.query(), visit.w);
    let mut form = Form::of(query.clone());
    // A job is named by its number; whoever types something else is told so at the field, and nothing is counted.
    let scope = scope(query, w).inspect_err(|_| form.blame("job", w.jf.not_a_number)).ok();
    let executor = query.number("executor", w)?;
    // Whoever sees some executors only begins by choosing one of them.
    let is_open = scope.as_ref().is_some_and(|scope| (scope.executor, scope.job) == (None, None));
    let scope = scope.filter(|_| visit.operator.rights.sees_all() || !is_open);
    let counted = match scope {
        Some(scope) => counted(visit, scope).await,
        None => Ok((Vec::new(), None)),
    };
    let (rules, asked) = match counted {
        Err(ApiError::NotFound(_)) => {
            form.blame("job", w.r.clear_unknown);
            (Vec::new(), None)
        }
        counted => counted?,
    };
    let page = ClearPage {
        f: visit.frame(Place::Runs, w.r.clear_title),
        w,
        executors: executor_choices(visit, executor.map(ExecutorId)).await?,
        rules,
        asked,
        executor: query.get("executor").to_owned(),
        job: query.get("job").to_owned(),
        form,
    };
    html(&page)
}

/// The rules with what each would remove, and the one that is asked about.
async fn counted(visit: &Visit, scope: ClearScope) -> Result<(Vec<RuleRow>, Option<Asked>), ApiError> {
    let (query, w) = (visit.query(), visit.w);
    let narrowed = ["executor", "job"].map(|name| (name, query.get(name)));
    let (mut rules, mut asked) = (Vec::new(), None);
    let wanted = query.number("rule", w)?;
    for (number, rule) in ClearRule::NINE.into_iter().enumerate() {
        let count = runs::clear_count(&visit.app, rule, scope.clone(), &visit.operator).await?;
        let (words, text) = (w.clear_rule(rule), number.to_string());
        if i64::try_from(number).ok() == wanted && count > 0 {
            let (sentence, button) = (w.clear_asks(count), w.clear_button(count));
            let cancel = link("/runs/clear", narrowed);
            asked = Some(Asked { number, words: words.clone(), sentence, button, cancel });
        }
        let ask = link("/runs/clear", narrowed.into_iter().chain([("rule", text.as_str())]));
        rules.push(RuleRow { words, count: w.run_count(count), ask: (count > 0).then_some(ask) });
    }
    Ok((rules, asked))
}

async fn cleared(visit: &Visit, body: &web::Bytes) -> Answer {
    let (fields, w) = (visit.form(body)?, visit.w);
    let done = runs::clear(&visit.app, rule(&fields, w)?, scope(&fields, w)?, &visit.operator).await?;
    let pairs = [("executor", fields.get("executor")), ("job", fields.get("job"))];
    see_other(&link("/runs/clear", pairs), Some(Flash::good(w.cleared(done.removed, done.left))))
}

fn rule(fields: &Fields, w: &Words) -> Result<ClearRule, ApiError> {
    let number = fields.number("rule", w)?.and_then(|number| usize::try_from(number).ok());
    number.and_then(|number| ClearRule::NINE.get(number).copied()).ok_or_else(|| fields.refuse("rule", w))
}

fn scope(fields: &Fields, w: &Words) -> Result<ClearScope, ApiError> {
    Ok(ClearScope {
        executor: fields.number("executor", w)?.map(ExecutorId),
        job: fields.number("job", w)?.map(JobId),
        within: None,
    })
}
