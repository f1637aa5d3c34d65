//! Many triggers in one request, towards a node that takes them so (`docs/wire.md`).
//!
//! Each trigger is judged on its own: by its line in the answer, or, where the batch has no answer that can be read, as a
//! single trigger without one would be. Nothing waits here: what goes together is decided by the node's actor.

use super::hzm::{self, Answered};
use super::{Wire, verdict};
use crate::messages::Delivered;
use hzm_job_protocol::batch::{Answers, MOST, MOST_BYTES, Triggers, paths};
use hzm_job_protocol::hzm::JobHandle;
use std::collections::HashMap;

/// What a trigger takes in a body beside its texts, at most: names of fields, numbers, punctuation.
const FRAME: usize = 128;

/// How many bytes one character of a text may take in JSON (`\u001f`).
const LONGEST_ESCAPE: usize = 6;

/// What became of a batch.
pub(crate) enum Sent {
    /// What is known of each trigger, in the order in which they were given.
    Judged(Vec<Delivered>),
    /// The node does not know the form: nothing was taken, and they may go one by one.
    NotSpoken(Vec<JobHandle>),
}

/// Sends triggers in one request; they must fit, see [`fitting`].
pub(crate) async fn send(wire: &Wire, secret: Option<&str>, triggers: Vec<JobHandle>) -> Sent {
    let batch = Triggers { triggers };
    let answered = hzm::exchange(wire, paths::TRIGGERS, secret, &batch, MOST_BYTES).await;
    let Triggers { triggers } = batch;
    match answered {
        Ok(Answered { status, .. }) if verdict::knows_no_batches(status) => Sent::NotSpoken(triggers),
        Ok(Answered { status: 200, body }) => Sent::Judged(by_line(&triggers, body.as_deref())),
        Ok(Answered { status, body }) => all_alike(&triggers, verdict::judge(status, body.as_deref())),
        Err(without) => all_alike(&triggers, without),
    }
}

/// How many of these triggers fit into one request; at least one.
pub(crate) fn fitting<'t>(triggers: impl Iterator<Item = &'t JobHandle>) -> usize {
    let mut bytes = FRAME;
    let fits = triggers.take(MOST).take_while(|trigger| {
        bytes += FRAME + bytes_of(trigger);
        bytes <= MOST_BYTES
    });
    fits.count().max(1)
}

/// The bytes of a trigger's texts in JSON. Exact only as far as it must be: long texts are few.
fn bytes_of(trigger: &JobHandle) -> usize {
    let escaped = |text: &str| {
        let plain = text.bytes().filter(|byte| *byte >= b' ' && *byte != b'"' && *byte != b'\\').count();
        plain + (text.len() - plain) * LONGEST_ESCAPE
    };
    escaped(&trigger.job_name) + trigger.job_params.as_deref().map_or(0, escaped)
}

fn all_alike(triggers: &[JobHandle], verdict: Delivered) -> Sent {
    Sent::Judged(triggers.iter().map(|_| verdict.clone()).collect())
}

fn by_line(triggers: &[JobHandle], body: Option<&[u8]>) -> Vec<Delivered> {
    let read = body.and_then(|body| serde_json::from_slice::<Answers>(body).ok());
    let Some(answers) = read else {
        let unread = Delivered::Unknown("the answer to the batch cannot be read, the run may go on".into());
        return triggers.iter().map(|_| unread.clone()).collect();
    };
    let mut lines: HashMap<i64, _> = answers.answers.into_iter().map(|line| (line.log_id, line)).collect();
    let of = |trigger: &JobHandle| match lines.remove(&trigger.log_id) {
        Some(line) => verdict::judge_line(line),
        None => Delivered::Unknown("the answer to the batch does not speak of this run".into()),
    };
    triggers.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(log_id: i64, params: &str) -> JobHandle {
        JobHandle { log_id, job_id: 1, job_name: "report".into(), job_params: Some(params.into()) }
    }

    #[test]
    fn each_trigger_is_judged_by_its_own_line_whatever_the_order() {
        let triggers = [trigger(1, ""), trigger(2, ""), trigger(3, ""), trigger(4, "")];
        let body = br#"{"answers":[{"logId":3,"status":503,"msg":"full"},{"logId":1,"status":200},{"logId":2,"status":500,"msg":"oh"}]}"#;
        let judged = by_line(&triggers, Some(body));
        assert_eq!(judged[0], Delivered::Accepted);
        assert_eq!(judged[1], Delivered::Unknown("oh".into()));
        assert_eq!(judged[2], Delivered::NotTaken("full".into()));
        assert!(matches!(&judged[3], Delivered::Unknown(why) if why.contains("does not speak of this run")));
    }

    #[test]
    fn an_answer_that_is_cut_or_foreign_says_nothing_about_any_trigger() {
        let triggers = [trigger(1, ""), trigger(2, "")];
        for body in [None, Some(&br#"{"answers":[{"logId":1,"status":200}"#[..]), Some(&b"<html>"[..]), Some(&b""[..])]
        {
            let judged = by_line(&triggers, body);
            assert!(judged.iter().all(|verdict| matches!(verdict, Delivered::Unknown(_))), "{judged:?}");
        }
    }

    #[test]
    fn what_fits_by_our_count_fits_by_the_receivers() {
        let nasty = "\u{1}\"\\".repeat(10_000);
        let many: Vec<JobHandle> = (0..2_000).map(|id| trigger(id, if id % 7 == 0 { &nasty } else { "x" })).collect();
        let count = fitting(many.iter());
        assert!(count > 5 && count <= MOST);
        let body = serde_json::to_vec(&Triggers { triggers: many[..count].to_vec() }).unwrap();
        assert!(body.len() <= MOST_BYTES, "{}", body.len());
        assert_eq!(fitting([trigger(1, &"x".repeat(2 * MOST_BYTES))].iter()), 1, "one always goes");
        assert_eq!(fitting((0..5_000).map(|id| trigger(id, "")).collect::<Vec<_>>().iter()), MOST);
    }
}
