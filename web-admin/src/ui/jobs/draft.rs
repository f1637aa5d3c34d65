//! Between a [`JobDraft`] and the fields of its form. Field names are the paths that problems name, so that a problem finds
//! its field without a table.

use crate::ui::fields::Fields;
use crate::ui::pieces::Form;
use crate::ui::words::{Words, span};
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::describe::Language;
use hzm_job_scheduler::job::{FieldProblem, JobDraft, Problem};
use hzm_job_scheduler::retry::{RetryOn, RetryPolicy};
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::str::FromStr;

/// The fields in which one of several words is chosen, with their words in the API, in the order of the form.
pub(crate) const CHOICES: [(&str, &[&str]); 8] = [
    ("schedule.kind", &["cron", "fixed_rate", "fixed_delay", "once", "manual"]),
    ("schedule.gap", &["run_after", "skip"]),
    ("schedule.repeat", &["first", "both"]),
    ("misfire", &["fire_once", "skip", "fire_all"]),
    ("overlap", &["skip", "queue", "parallel", "replace"]),
    ("routing", &["round_robin", "random", "failover"]),
    ("retry.node", &["any", "other", "same"]),
    ("delivery", &["at_least_once", "at_most_once"]),
];

/// The outcomes that can be ticked for a retry, with their words in the API.
pub(crate) const RETRY_ON: [&str; 3] = ["failed", "timed_out", "lost"];

/// What a reader sees of a choice; a value that is none is shown as it is.
pub(crate) fn choice_word<'a>(field: &str, value: &'a str, w: &Words) -> &'a str {
    let f = &w.jf;
    match (field, value) {
        ("schedule.kind", "cron") => f.cron,
        ("schedule.kind", "fixed_rate") => f.fixed_rate,
        ("schedule.kind", "fixed_delay") => f.fixed_delay,
        ("schedule.kind", "once") => f.once,
        ("schedule.kind", "manual") => f.manual,
        ("schedule.gap", "run_after") => f.gap_run_after,
        ("schedule.gap", "skip") => f.gap_skip,
        ("schedule.repeat", "first") => f.repeat_first,
        ("schedule.repeat", "both") => f.repeat_both,
        ("misfire", "fire_once") => f.misfire_fire_once,
        ("misfire", "skip") => f.misfire_skip,
        ("misfire", "fire_all") => f.misfire_fire_all,
        ("overlap", "skip") => f.overlap_skip,
        ("overlap", "queue") => f.overlap_queue,
        ("overlap", "parallel") => f.overlap_parallel,
        ("overlap", "replace") => f.overlap_replace,
        ("routing", "round_robin") => f.routing_round_robin,
        ("routing", "random") => f.routing_random,
        ("routing", "failover") => f.routing_failover,
        ("retry.on", "failed") => f.retry_on_failed,
        ("retry.on", "timed_out") => f.retry_on_timed_out,
        ("retry.on", "lost") => f.retry_on_lost,
        ("retry.node", "any") => f.retry_node_any,
        ("retry.node", "other") => f.retry_node_other,
        ("retry.node", "same") => f.retry_node_same,
        ("delivery", "at_least_once") => f.at_least_once,
        ("delivery", "at_most_once") => f.at_most_once,
        (_, other) => other,
    }
}

/// The fields that show a draft.
pub(crate) fn fields_of(draft: &JobDraft) -> Fields {
    let mut fields = Fields::default();
    let retry = &draft.retry;
    let pairs = [
        ("name", draft.name.clone()),
        ("executor", if draft.executor.0 == 0 { String::new() } else { draft.executor.to_string() }),
        ("handler", draft.handler.clone()),
        ("owner", draft.owner.clone()),
        ("description", draft.description.clone()),
        ("parameters", draft.parameters.clone().unwrap_or_default()),
        ("schedule.kind", key(&draft.schedule.kind)),
        ("schedule.expression", draft.schedule.expression.clone()),
        ("schedule.zone", draft.schedule.zone.clone()),
        ("schedule.gap", key(&draft.schedule.gap)),
        ("schedule.repeat", key(&draft.schedule.repeat)),
        ("misfire", key(&draft.misfire)),
        ("misfire_limit", draft.misfire_limit.to_string()),
        ("misfire_window_ms", unbounded(draft.misfire_window_ms)),
        ("overlap", key(&draft.overlap)),
        ("overlap_limit", draft.overlap_limit.to_string()),
        ("routing", key(&draft.routing)),
        ("timeout_ms", unbounded(draft.timeout_ms)),
        ("retry.retries", retry.retries.to_string()),
        ("retry.interval_ms", span::compact(retry.interval_ms)),
        ("retry.factor", retry.factor.to_string()),
        ("retry.max_interval_ms", span::compact(retry.max_interval_ms)),
        ("retry.jitter", retry.jitter.to_string()),
        ("retry.node", key(&retry.node)),
        ("delivery", key(&draft.delivery)),
    ];
    for (name, value) in pairs {
        fields.set(name, value);
    }
    // The empty one tells a form in which nothing is ticked from one that does not ask.
    fields.add("retry.on", "");
    retry.on.iter().for_each(|on| fields.add("retry.on", key(on)));
    fields
}

/// A span of which zero means "without bound", which a form shows as nothing.
fn unbounded(millis: u64) -> String {
    if millis == 0 { String::new() } else { span::compact(millis) }
}

/// The draft that a form describes. What cannot be read is blamed on its field and stands as its default in the draft,
/// so that the checks of the whole draft can still tell what else is wrong.
pub(crate) fn read(form: &mut Form, w: &Words) -> JobDraft {
    let executor = ExecutorId(form.value("executor").parse().unwrap_or(0));
    if executor.0 == 0 {
        form.blame("executor", w.jf.no_executor);
    }
    let fields = form.fields.clone();
    let text = |name: &str| fields.get(name).to_owned();
    // Browsers send line breaks as CR LF, whatever was typed.
    let parameters = text("parameters").replace("\r\n", "\n");
    JobDraft {
        handler: text("handler"),
        owner: text("owner"),
        description: text("description"),
        parameters: Some(parameters).filter(|parameters| !parameters.is_empty()),
        schedule: schedule(form, w),
        misfire: choice(form, "misfire", w),
        misfire_limit: number(form, "misfire_limit", 100, w),
        misfire_window_ms: duration(form, "misfire_window_ms", w),
        overlap: choice(form, "overlap", w),
        overlap_limit: number(form, "overlap_limit", 10, w),
        routing: choice(form, "routing", w),
        retry: retry(form, w),
        timeout_ms: duration(form, "timeout_ms", w),
        delivery: choice(form, "delivery", w),
        ..JobDraft::new(executor, text("name"))
    }
}

/// The schedule of a form. A manual job takes no expression, so one that is left over from another kind is dropped.
pub(crate) fn schedule(form: &mut Form, w: &Words) -> ScheduleDraft {
    let kind = choice(form, "schedule.kind", w);
    let expression = if kind == ScheduleKind::Manual { "" } else { form.value("schedule.expression") };
    ScheduleDraft {
        kind,
        expression: expression.trim().to_owned(),
        zone: form.value("schedule.zone").trim().to_owned(),
        gap: choice(form, "schedule.gap", w),
        repeat: choice(form, "schedule.repeat", w),
    }
}

fn retry(form: &mut Form, w: &Words) -> RetryPolicy {
    let usual = RetryPolicy::default();
    RetryPolicy {
        retries: number(form, "retry.retries", usual.retries, w),
        interval_ms: duration(form, "retry.interval_ms", w),
        factor: number(form, "retry.factor", usual.factor, w),
        max_interval_ms: duration(form, "retry.max_interval_ms", w),
        jitter: number(form, "retry.jitter", usual.jitter, w),
        on: retry_on(form, w),
        node: choice(form, "retry.node", w),
    }
}

/// The outcomes that are ticked; all of them in a form that does not ask.
fn retry_on(form: &mut Form, w: &Words) -> Vec<RetryOn> {
    if !form.fields.has("retry.on") {
        return RetryOn::ALL.to_vec();
    }
    let ticked: Vec<&str> = form.fields.all("retry.on").collect();
    if ticked.iter().any(|word| !RETRY_ON.contains(word)) {
        form.blame("retry.on", w.jf.not_a_choice);
        return RetryOn::ALL.to_vec();
    }
    RetryOn::ALL.into_iter().filter(|on| ticked.contains(&key(on).as_str())).collect()
}

/// Puts the problems of a draft to the fields they name.
pub(crate) fn blame(form: &mut Form, problems: &[FieldProblem], w: &Words) {
    for found in problems {
        let text = match &found.problem {
            // The draft counts in milliseconds; the form speaks of `1h30m`.
            Problem::OutOfRange { least, most, .. } if found.field.ends_with("_ms") => {
                let shown = |bound: &str| bound.parse().map_or_else(|_| bound.to_owned(), span::compact);
                w.span_range(&shown(least), &shown(most))
            }
            problem => match w.language {
                Language::En => problem.to_string(),
                Language::Zh => problem.zh(),
            },
        };
        form.blame(found.field, text);
    }
}

fn number<N: FromStr>(form: &mut Form, field: &str, usual: N, w: &Words) -> N {
    match form.value(field).trim() {
        "" => usual,
        text => match text.parse() {
            Ok(number) => number,
            Err(_) => {
                form.blame(field, w.jf.not_a_number);
                usual
            }
        },
    }
}

fn duration(form: &mut Form, field: &str, w: &Words) -> u64 {
    match span::parse(form.value(field)) {
        Some(millis) => millis,
        None => {
            form.blame(field, w.jf.not_a_span);
            0
        }
    }
}

fn choice<C: Default + DeserializeOwned>(form: &mut Form, field: &str, w: &Words) -> C {
    let text = form.value(field);
    if text.is_empty() {
        return C::default();
    }
    serde_json::from_value(Value::from(text)).unwrap_or_else(|_| {
        form.blame(field, w.jf.not_a_choice);
        C::default()
    })
}

/// The word by which the API knows a value.
pub(crate) fn key(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|json| json.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::words;
    use hzm_job_scheduler::job::Delivery;
    use hzm_job_scheduler::misfire::MisfirePolicy;
    use hzm_job_scheduler::overlap::OverlapPolicy;
    use hzm_job_scheduler::retry::RetryNode;
    use hzm_job_scheduler::routing::RoutingStrategy;
    use hzm_job_scheduler::schedule::{GapPolicy, RepeatPolicy};

    fn draft() -> JobDraft {
        JobDraft {
            parameters: Some("{\"a\": \"<b>\"}\nline two".into()),
            schedule: ScheduleDraft {
                kind: ScheduleKind::Once,
                expression: "2026-12-24T08:00:00".into(),
                zone: "Asia/Shanghai".into(),
                gap: GapPolicy::Skip,
                repeat: RepeatPolicy::Both,
            },
            misfire: MisfirePolicy::FireAll,
            misfire_limit: 7,
            misfire_window_ms: 7_200_000,
            overlap: OverlapPolicy::Replace,
            overlap_limit: 3,
            routing: RoutingStrategy::Failover,
            retry: RetryPolicy {
                retries: 3,
                interval_ms: 1_500,
                factor: 1.5,
                max_interval_ms: 60_000,
                jitter: 0.25,
                on: vec![RetryOn::Failed, RetryOn::Lost],
                node: RetryNode::Other,
            },
            timeout_ms: 90_000,
            delivery: Delivery::AtMostOnce,
            handler: "h".into(),
            owner: "me".into(),
            description: "d".into(),
            ..JobDraft::new(ExecutorId(7), "报表 <script>")
        }
    }

    #[test]
    fn a_draft_that_goes_through_its_form_comes_back_the_same() {
        let mut form = Form::of(fields_of(&draft()));
        assert_eq!(read(&mut form, words(Language::En)), draft());
        assert!(!form.has_problems());
    }

    #[test]
    fn nothing_ticked_means_no_retry_and_nothing_asked_means_the_usual() {
        let mut form = Form::of(Fields::parse(b"executor=1&name=x&retry.on="));
        assert_eq!(read(&mut form, words(Language::En)).retry.on, Vec::new());
        let mut form = Form::of(Fields::parse(b"executor=1&name=x"));
        assert_eq!(read(&mut form, words(Language::En)).retry.on, RetryOn::ALL);
        let mut form = Form::of(Fields::parse(b"executor=1&name=x&retry.on=luck"));
        read(&mut form, words(Language::En));
        assert!(form.problems.contains_key("retry.on"));
    }

    #[test]
    fn what_cannot_be_read_is_blamed_on_its_field_and_stays_as_typed() {
        let mut form = Form::of(fields_of(&draft()));
        for (field, value) in
            [("retry.retries", "many"), ("timeout_ms", "soon"), ("overlap", "sometimes"), ("executor", "")]
        {
            form.fields.set(field, value);
        }
        read(&mut form, words(Language::Zh));
        let blamed: Vec<&str> = form.problems.keys().map(String::as_str).collect();
        assert_eq!(blamed, ["executor", "overlap", "retry.retries", "timeout_ms"]);
        assert_eq!(form.value("retry.retries"), "many");
    }

    #[test]
    fn bounds_of_durations_are_told_in_the_units_of_the_form() {
        let mut form = Form::of(fields_of(&JobDraft { timeout_ms: u64::MAX, ..draft() }));
        let problems = read(&mut form, words(Language::En)).check().unwrap_err();
        blame(&mut form, &problems, words(Language::En));
        assert_eq!(form.problems.get("timeout_ms").map(String::as_str), Some("use a duration from 0 to 30d"));
    }

    #[test]
    fn every_choice_has_a_word_in_both_languages_and_is_one_the_api_knows() {
        let mut form = Form::default();
        for (field, values) in CHOICES {
            for value in values {
                form.fields.set(field, *value);
                for language in [Language::En, Language::Zh] {
                    assert_ne!(choice_word(field, value, words(language)), *value, "{field}={value}");
                }
                read(&mut form, words(Language::En));
                assert!(!form.problems.contains_key(field), "{field}={value}");
            }
        }
    }
}
