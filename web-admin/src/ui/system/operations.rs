//! `GET /operations`: what people did, field by field.

use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Lens, Moment, Pager, Window};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use chrono::DateTime;
use hzm_job_store::operation::{FieldChange, Operation};
use serde_json::Value;

/// The longest value shown of a field, in characters.
const LONGEST_VALUE: usize = 200;

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage {
    f: Frame,
    w: &'static Words,
    rows: Vec<OperationRow>,
    pager: Pager,
    /// Entries in the chain, and the hash of the last one.
    chain: Option<(String, String)>,
    /// What looking through the chain found: nothing, or the fault.
    verified: Option<Option<String>>,
}

/// One operation of a list.
#[derive(Template)]
#[template(path = "pieces/operation.html")]
pub(crate) struct OperationRow {
    w: &'static Words,
    at: Moment,
    user: String,
    /// Its place in the chain.
    place: Option<String>,
    /// From where.
    address: Option<String>,
    action: String,
    kind: String,
    name: String,
    /// Where the object is shown.
    link: Option<String>,
    changes: Vec<Difference>,
}
impl askama::filters::HtmlSafe for OperationRow {}

struct Difference {
    field: String,
    /// The field in the reader's language, where that is another word.
    label: Option<&'static str>,
    /// It says why something was refused: nothing was changed.
    is_note: bool,
    before: Option<String>,
    after: Option<String>,
}

/// `GET /operations`.
pub(crate) async fn list(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    let (w, lens) = (visit.w, visit.lens());
    let window = Window::of(visit.query(), w)?;
    let found = visit.app.store.operation_page(window.cursor, window.size).await?;
    let pager = Pager::of(&found, window, "/operations", &[], w);
    let end = visit.app.store.chain_end().await?;
    let verified = match visit.query().get("verify") {
        "" => None,
        _ => Some(visit.app.store.operations_verify(None).await?.fault.map(|fault| w.chain_fault(fault))),
    };
    let page = OperationsPage {
        chain: Some((w.number(end.place), end.hash)).filter(|_| end.place > 0),
        verified,
        f: visit.frame(Place::Operations, w.s.operations_title),
        w,
        rows: found.rows.into_iter().map(|operation| operation_row(operation, &lens)).collect(),
        pager,
    };
    html(&page)
}

/// An operation as lists show it.
pub(crate) fn operation_row(operation: Operation, lens: &Lens) -> OperationRow {
    let w = lens.w;
    let there = link(&operation);
    OperationRow {
        link: there,
        w,
        at: lens.moment(operation.at),
        action: w.action(&operation.action).to_owned(),
        kind: w.object_kind(&operation.object_kind).to_owned(),
        name: operation.object_name,
        user: w.author(&operation.user).to_owned(),
        place: operation.link.map(|link| w.number(link.place)),
        address: operation.address,
        changes: operation.changes.iter().map(|change| difference(change, &operation.action, lens)).collect(),
    }
}

fn link(operation: &Operation) -> Option<String> {
    let place = match operation.object_kind.as_str() {
        // Of a deleted job it can still be asked why it ran.
        "job" if operation.action == "delete" => return Some(format!("/jobs/{}/explain", operation.object_id)),
        _ if operation.action == "delete" || operation.object_id == 0 => return None,
        "job" => "jobs",
        "executor" => "executors",
        "run" => "runs",
        _ => return None,
    };
    Some(format!("/{place}/{}", operation.object_id))
}

fn difference(change: &FieldChange, action: &str, lens: &Lens) -> Difference {
    let told = |value: &Value| match reach(change, value, action, lens.w) {
        Some(word) => Some(word.to_owned()),
        None => shown(value).map(|text| translated(&change.field, text, lens)),
    };
    Difference {
        label: lens.w.field(&change.field),
        is_note: matches!(action, "login_failed" | "refused"),
        before: told(&change.before),
        after: told(&change.after),
        field: change.field.clone(),
    }
}

/// On which executors somebody may work, where that is none or all of them: an empty place would say neither.
fn reach(change: &FieldChange, value: &Value, action: &str, w: &'static Words) -> Option<&'static str> {
    match value {
        Value::Array(ids) if ids.is_empty() && change.field == "executors" => Some(w.c.none),
        Value::Null if action == "update" && change.field == "executors" => Some(w.u.all),
        _ => None,
    }
}

/// A value in the reader's words and zone, where it is one of ours.
fn translated(field: &str, text: String, lens: &Lens) -> String {
    if let Some(word) = lens.w.value(field, &text) {
        return word.to_owned();
    }
    let is_moment = matches!(field, "expires_at" | "former_secret_until");
    match DateTime::parse_from_rfc3339(&text) {
        Ok(at) if is_moment => lens.local(at.to_utc()),
        _ => text,
    }
}

/// A value as text; nothing for what was not there or empty.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => return None,
        other => other.to_string(),
    };
    let mut short: String = text.chars().take(LONGEST_VALUE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    Some(short).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words;
    use chrono_tz::Tz;
    use hzm_job_scheduler::describe::Language;
    use serde_json::json;

    fn told(field: &str, before: Value, after: Value, action: &str) -> (Option<String>, Option<String>) {
        let (w, zone) = (words(Language::Zh), Tz::Asia__Shanghai);
        let lens = Lens { w, zone, now: DateTime::UNIX_EPOCH };
        let change = FieldChange { field: field.to_owned(), before, after };
        let difference = difference(&change, action, &lens);
        (difference.before, difference.after)
    }

    #[test]
    fn values_of_ours_are_told_in_the_readers_words_and_zone_also_where_they_were_recorded_in_english() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(told("role", json!("viewer"), json!("editor"), "update"), (some("只读"), some("编辑")));
        assert_eq!(told("executors", Value::Null, json!([]), "update"), (some("全部"), some("无")));
        assert_eq!(told("executors", Value::Null, json!([1]), "create"), (None, some("[1]")));
        let until = told("expires_at", Value::Null, json!("2026-11-22T00:00:00Z"), "create");
        assert_eq!(until, (None, some("2026-11-22 08:00:00")));
        let refused = told("reason", Value::Null, json!("wrong name or password"), "login_failed");
        assert_eq!(refused, (None, some("用户名或密码不正确")));
    }

    #[test]
    fn empty_values_are_not_shown_and_long_ones_are_cut() {
        assert_eq!((shown(&Value::Null), shown(&json!("")), shown(&json!([]))), (None, None, None));
        assert_eq!(shown(&json!(true)).as_deref(), Some("true"));
        assert_eq!(shown(&json!("长".repeat(300))).map(|text| text.chars().count()), Some(LONGEST_VALUE + 1));
    }
}
