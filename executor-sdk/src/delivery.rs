//! One attempt to bring a parcel of results to an admin, and what became of each of them.
//!
//! An admin that takes batches gets one request; any other gets one for each result. Every result is judged as if it had
//! travelled alone: by the status in its own line, and where that leads to another admin, only those go there that have
//! to. No retries over time, and nothing on disk; both are the courier's.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::Bytes;
use awc::http::StatusCode;
use futures_util::{StreamExt, stream};
use hzm_job_protocol::batch::{self, Answer, Answers};
use hzm_job_protocol::hzm::paths;

use crate::outbound::{Admin, Admins, CallError};
use crate::parcel::Parcel;
use crate::report::Report;

/// Requests under way at a time to an admin that takes results one by one: its group commit is fed, and a slow one not
/// flooded.
pub(crate) const SINGLE_REQUESTS: usize = 8;

/// A result and what became of it.
pub(crate) type Attempt = (Arc<Report>, Result<(), CallError>);

/// Brings each result to the first admin that has an answer for it.
pub(crate) async fn deliver(admins: Admins, parcel: Parcel) -> Vec<Attempt> {
    let mut settled = Vec::with_capacity(parcel.calls().len());
    let mut left = parcel;
    let mut last = Vec::new();
    for admin in admins.all() {
        let results = to_one(&admins, admin, &left).await;
        let mut open = Vec::new();
        last = Vec::new();
        for (call, result) in left.into_calls().into_iter().zip(results) {
            match result {
                Err(problem) if problem.is_worth_another_admin() => {
                    open.push(Arc::clone(&call));
                    last.push((call, Err(problem)));
                }
                answered => settled.push((call, answered)),
            }
        }
        left = Parcel::of(open);
        if left.is_empty() {
            break;
        }
    }
    settled.append(&mut last);
    settled
}

/// What this admin says to each result, in their order.
async fn to_one(admins: &Admins, admin: &Admin, parcel: &Parcel) -> Vec<Result<(), CallError>> {
    if let Some(body) = parcel.body().filter(|_| admin.takes_batches())
        && let Some(results) = together(admins, admin, parcel, body).await
    {
        return results;
    }
    one_by_one(admins, admin, parcel).await
}

async fn one_by_one(admins: &Admins, admin: &Admin, parcel: &Parcel) -> Vec<Result<(), CallError>> {
    let [path, _] = paths::CALLBACK;
    let send = |call: Arc<Report>| async move { admins.call_one(admin, path, &call.written(true)).await.map(drop) };
    stream::iter(parcel.calls().iter().cloned()).map(send).buffered(SINGLE_REQUESTS).collect().await
}

/// `None` when this admin refuses batches as such: then it says nothing about the results themselves.
async fn together(admins: &Admins, admin: &Admin, parcel: &Parcel, body: Bytes) -> Option<Vec<Result<(), CallError>>> {
    let for_all = |problem: CallError| vec![Err(problem); parcel.calls().len()];
    let answer = match admins.exchange(admin, batch::paths::RESULTS, body).await {
        Ok(answer) if answer.status == StatusCode::OK => answer,
        Ok(answer) => {
            let refusal = answer.refusal(admin);
            // 404 and 405: it does not know the form. Any other final refusal is that of a request which no single result
            // is, so that none may be set aside for the company it was in.
            if answer.status == StatusCode::NOT_FOUND || refusal.is_final() {
                admin.forget_batches();
                return None;
            }
            return Some(for_all(refusal));
        }
        Err(lost) => return Some(for_all(lost)),
    };
    Some(match serde_json::from_slice::<Answers>(&answer.text) {
        Ok(answers) => judged(admin, parcel, answers),
        Err(problem) => {
            let reason = format!("its answer to a batch cannot be read: {problem}");
            for_all(CallError::Unreachable { admin: admin.address.clone(), reason })
        }
    })
}

fn judged(admin: &Admin, parcel: &Parcel, answers: Answers) -> Vec<Result<(), CallError>> {
    let mut lines = lines(answers);
    let nothing = |reason: &str| Err(CallError::Unreachable { admin: admin.address.clone(), reason: reason.into() });
    let judge = |call: &Arc<Report>| match lines.remove(&call.run_id) {
        Some(Some(Answer { status: 200, .. })) => Ok(()),
        Some(Some(Answer { status, msg, .. })) => {
            Err(CallError::Refused { admin: admin.address.clone(), status, reason: msg.unwrap_or_default() })
        }
        Some(None) => nothing("its answer to a batch has lines for this run that contradict each other"),
        None => nothing("its answer to a batch has no line for this run"),
    };
    parcel.calls().iter().map(judge).collect()
}

/// The line of each run; `None` where several contradict each other, which prove nothing.
fn lines(answers: Answers) -> HashMap<i64, Option<Answer>> {
    let mut lines: HashMap<i64, Option<Answer>> = HashMap::with_capacity(answers.answers.len());
    for line in answers.answers {
        let status = line.status;
        let said = lines.entry(line.log_id).or_insert(Some(line));
        if said.as_ref().is_some_and(|said| said.status != status) {
            *said = None;
        }
    }
    lines
}
