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
        Ok(Answered { status: 200, body }) => match lines_of(body.as_deref()) {
            Some(lines) => Sent::Judged(by_line(&triggers, lines)),
            None => all_alike(&triggers, verdict::judge_without_lines(body.as_deref())),
        },
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

/// What the lines of an answer say of each run; `None`: it cannot be read.
fn lines_of(body: Option<&[u8]>) -> Option<HashMap<i64, Delivered>> {
    let answers = serde_json::from_slice::<Answers>(body?).ok()?.answers;
    let mut lines = HashMap::with_capacity(answers.len());
    for line in answers {
        let (run, said) = (line.log_id, verdict::judge_line(line));
        let said = match lines.remove(&run) {
            Some(before) => verdict::agreed(before, said),
            None => said,
        };
        lines.insert(run, said);
    }
    Some(lines)
}

fn by_line(triggers: &[JobHandle], mut lines: HashMap<i64, Delivered>) -> Vec<Delivered> {
    let unspoken = || Delivered::Unknown("the answer to the batch does not speak of this run".into());
    triggers.iter().map(|trigger| lines.remove(&trigger.log_id).unwrap_or_else(unspoken)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(log_id: i64, params: &str) -> JobHandle {
        JobHandle { log_id, job_id: 1, job_name: "report".into(), job_params: Some(params.into()) }
    }

    fn judged(triggers: &[JobHandle], body: &str) -> Vec<Delivered> {
        by_line(triggers, lines_of(Some(body.as_bytes())).unwrap())
    }

    #[test]
    fn each_trigger_is_judged_by_its_own_line_whatever_the_order() {
        let triggers = [trigger(1, ""), trigger(2, ""), trigger(3, ""), trigger(4, "")];
        let body =
            r#"{"answers":[{"logId":3,"status":503,"msg":"full"},{"logId":1,"status":200},{"logId":2,"status":500}]}"#;
        let judged = judged(&triggers, body);
        assert_eq!(judged[0], Delivered::Accepted);
        assert!(matches!(&judged[1], Delivered::Unknown(why) if why.contains("500")));
        assert_eq!(judged[2], Delivered::NotTaken("full".into()));
        assert!(matches!(&judged[3], Delivered::Unknown(why) if why.contains("does not speak of this run")));
    }

    #[test]
    fn lines_that_contradict_each_other_prove_nothing_in_whatever_order_and_those_that_agree_do() {
        let triggers = [trigger(1, ""), trigger(2, "")];
        let (taken, refused) = (r#"{"logId":1,"status":200}"#, r#"{"logId":1,"status":503,"msg":"full"}"#);
        for lines in [[taken, refused, refused], [refused, taken, refused], [refused, refused, taken]] {
            let judged = judged(&triggers, &format!(r#"{{"answers":[{}]}}"#, lines.join(",")));
            assert!(matches!(&judged[0], Delivered::Unknown(why) if why.contains("both")), "{lines:?}: {judged:?}");
        }
        let judged = judged(
            &triggers,
            &format!(r#"{{"answers":[{taken},{taken},{{"logId":2,"status":401}},{{"logId":2,"status":401}}]}}"#),
        );
        assert_eq!(judged[0], Delivered::Accepted);
        assert!(matches!(&judged[1], Delivered::NotTaken(_)), "{judged:?}");
    }

    #[test]
    fn an_answer_that_is_cut_or_foreign_says_nothing_about_any_trigger() {
        for body in [None, Some(&br#"{"answers":[{"logId":1,"status":200}"#[..]), Some(&b"<html>"[..]), Some(&b""[..])]
        {
            assert!(lines_of(body).is_none());
            assert!(matches!(verdict::judge_without_lines(body), Delivered::Unknown(_)), "{body:?}");
        }
    }

    #[test]
    fn a_whole_batch_that_the_executor_refuses_in_its_own_words_was_not_taken_and_a_yes_without_lines_says_nothing() {
        let envelope =
            |success: bool| format!(r#"{{"code":-1,"msg":"full","data":null,"success":{success},"count":null}}"#);
        let (no, yes) = (envelope(false), envelope(true));
        assert!(lines_of(Some(no.as_bytes())).is_none() && lines_of(Some(yes.as_bytes())).is_none());
        assert_eq!(verdict::judge_without_lines(Some(no.as_bytes())), Delivered::NotTaken("full".into()));
        assert!(matches!(verdict::judge_without_lines(Some(yes.as_bytes())), Delivered::Unknown(_)));
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
