//! What a node's answer to a trigger proves. Pure.
//!
//! "Surely not taken" sends the run to another node, so it is said only of an answer that shows that nothing was begun:
//! the executor's own refusal, or a status by which servers and gateways turn a request away before anybody works on it.
//! Everything else (a server error, a timeout of some gateway, an answer that is cut, empty or of another program) may hide
//! a run that goes on, and is "unknown". The table in `docs/guarantees.md` says the same for people.

use crate::messages::Delivered;
use hzm_job_protocol::batch::Answer;
use hzm_job_protocol::hzm::Envelope;
use serde::de::IgnoredAny;

/// How much of a refusal's text is kept.
const EXCERPT: usize = 300;

/// What an answer means for the run; `None`: its body could not be read to the end.
pub(crate) fn judge(status: u16, body: Option<&[u8]>) -> Delivered {
    // The Go executor says text/plain: parse whatever the content type claims.
    let envelope = body.and_then(|body| serde_json::from_slice::<Envelope<IgnoredAny>>(body).ok());
    match envelope {
        Some(envelope) if !is_executors(status) => Delivered::Unknown(format!("HTTP {status}: {:?}", envelope.msg)),
        Some(envelope) if !envelope.success => {
            Delivered::NotTaken(envelope.msg.unwrap_or_else(|| format!("refused with code {}", envelope.code)))
        }
        Some(_) if is_success(status) => Delivered::Accepted,
        _ if turns_away(status) => Delivered::NotTaken(format!("HTTP {status}: {}", said(body))),
        _ if is_success(status) => {
            Delivered::Unknown(format!("the answer is not the expected JSON, the run may go on: {}", said(body)))
        }
        _ => Delivered::Unknown(format!("HTTP {status}, which does not say whether the run began: {}", said(body))),
    }
}

/// What the line of one call in a batch's answer means: what the same answer would have meant alone. Its text is what the envelope of
/// a refusal is there: the executor's own words. Without a text only the status speaks, as it does without an envelope.
pub(crate) fn judge_line(line: Answer) -> Delivered {
    let Answer { status, msg, .. } = line;
    match msg.filter(|words| !words.trim().is_empty()) {
        _ if is_success(status) => Delivered::Accepted,
        Some(words) if is_executors(status) => Delivered::NotTaken(words),
        None if turns_away(status) => Delivered::NotTaken(format!("refused with status {status}")),
        words => {
            let words = words.unwrap_or_else(|| "(no text)".into());
            Delivered::Unknown(format!("status {status}, which does not say whether the run began: {words}"))
        }
    }
}

/// What several lines of one answer mean for the same run: what they agree in. Two that contradict each other prove nothing.
pub(crate) fn agreed(one: Delivered, other: Delivered) -> Delivered {
    match (one, other) {
        (Delivered::Accepted, Delivered::Accepted) => Delivered::Accepted,
        (Delivered::NotTaken(why), Delivered::NotTaken(_)) => Delivered::NotTaken(why),
        (Delivered::Unknown(why), _) | (_, Delivered::Unknown(why)) => Delivered::Unknown(why),
        (Delivered::Accepted, Delivered::NotTaken(why)) | (Delivered::NotTaken(why), Delivered::Accepted) => {
            Delivered::Unknown(format!(
                "the answer to the batch says both that this run was taken and that it was not: {why}"
            ))
        }
    }
}

/// What an answer of status 200 to a batch means that has no lines: of an envelope only the executor's no is clear, a yes does not
/// say which runs it took.
pub(crate) fn judge_without_lines(body: Option<&[u8]>) -> Delivered {
    match judge(200, body) {
        no @ Delivered::NotTaken(_) => no,
        Delivered::Accepted | Delivered::Unknown(_) => {
            Delivered::Unknown("the answer to the batch cannot be read, the run may go on".into())
        }
    }
}

/// Whether an answer to a batch says that the node does not know this form: then nothing in it was taken.
pub(crate) fn knows_no_batches(status: u16) -> bool {
    matches!(status, 404 | 405)
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Statuses under which words can be the executor's own: final ones of HTTP, but those of gateways.
fn is_executors(status: u16) -> bool {
    (200..600).contains(&status) && !is_gateways(status)
}

/// Statuses that only somebody between us and the node gives, because it lost the node or its answer; whatever body it
/// gives with them is not the executor's.
fn is_gateways(status: u16) -> bool {
    matches!(status, 502 | 504 | 520..=527)
}

/// Statuses given before anybody works on a request: what it asks for, who asks, or how it is written is not accepted, or
/// it is one too many. Not among them: 408 and 499 (somebody lost patience), 409 (there may be a run), 500 (a handler that
/// broke half way), 503 without the executor's own words (some gateways say so after they sent the request on).
fn turns_away(status: u16) -> bool {
    matches!(
        status,
        300..=399
            | 400
            | 401
            | 403
            | 404
            | 405
            | 406
            | 407
            | 411
            | 413
            | 414
            | 415
            | 417
            | 421
            | 426
            | 429
            | 431
            | 501
            | 505
    )
}

fn said(body: Option<&[u8]>) -> String {
    body.map_or_else(|| "(its text broke off or is too long)".into(), excerpt)
}

/// As much of an answer's text as is kept.
pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const YES: &[u8] = br#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#;
    const NO: &[u8] = br#"{"code":-1,"msg":"full","data":null,"success":false,"count":null}"#;

    fn is_unknown(status: u16, body: Option<&[u8]>) -> bool {
        matches!(judge(status, body), Delivered::Unknown(_))
    }

    #[test]
    fn the_recorded_answer_of_the_go_executor_means_taken() {
        assert_eq!(judge(200, Some(&[YES, b"\n"].concat())), Delivered::Accepted);
    }

    #[test]
    fn the_executors_own_no_means_not_taken_under_whatever_status() {
        for status in [200, 400, 401, 429, 500, 503] {
            assert_eq!(judge(status, Some(NO)), Delivered::NotTaken("full".into()), "{status}");
        }
    }

    #[test]
    fn a_status_that_turns_a_request_away_means_not_taken_also_with_a_text_that_cannot_be_read() {
        assert_eq!(judge(401, Some(b"Unauthorized\n")), Delivered::NotTaken("HTTP 401: Unauthorized".into()));
        for status in [302, 400, 401, 403, 404, 405, 413, 415, 429, 501] {
            assert!(matches!(judge(status, None), Delivered::NotTaken(_)), "{status}");
        }
    }

    #[test]
    fn a_status_that_may_follow_a_begun_run_is_unknown_with_or_without_a_text() {
        for status in [408, 409, 499, 500, 502, 503, 504, 520, 522, 524, 599] {
            assert!(is_unknown(status, None) && is_unknown(status, Some(b"<html>sorry</html>")), "{status}");
        }
    }

    #[test]
    fn an_answer_that_a_gateway_gave_is_not_the_executors_word() {
        for status in [502, 504, 524] {
            assert!(is_unknown(status, Some(YES)) && is_unknown(status, Some(NO)), "{status}");
        }
    }

    #[test]
    fn a_yes_that_is_cut_or_empty_or_of_another_program_is_unknown() {
        assert!(is_unknown(200, None));
        for body in [b"".as_slice(), b"{\"code\":200", b"<html>", b"null", b"ok"] {
            assert!(is_unknown(200, Some(body)), "{}", excerpt(body));
        }
    }

    #[test]
    fn any_kind_of_success_with_a_yes_means_taken() {
        assert_eq!(judge(202, Some(YES)), Delivered::Accepted);
        assert!(is_unknown(204, Some(b"")));
    }

    fn line(status: u16, msg: Option<&str>) -> Delivered {
        judge_line(Answer { log_id: 7, status, msg: msg.map(str::to_owned) })
    }

    #[test]
    fn a_line_of_a_batch_proves_what_the_same_answer_would_have_proved_alone() {
        for status in (0..=1_000).filter(|status| !is_success(*status)) {
            let (with_words, alone) = (line(status, Some("full")), judge(status, Some(NO)));
            assert_eq!(std::mem::discriminant(&with_words), std::mem::discriminant(&alone), "{status} with words");
            let (without, alone) = (line(status, None), judge(status, Some(b"")));
            assert_eq!(std::mem::discriminant(&without), std::mem::discriminant(&alone), "{status} without words");
        }
        assert_eq!((line(200, None), line(202, Some("soon"))), (Delivered::Accepted, Delivered::Accepted));
        assert_eq!(line(500, Some("full")), Delivered::NotTaken("full".into()));
        assert_eq!(line(401, None), Delivered::NotTaken("refused with status 401".into()));
    }

    #[test]
    fn a_line_whose_status_proves_nothing_sends_no_run_to_another_node() {
        for status in [0, 100, 199, 600, 999, u16::MAX] {
            for words in [None, Some(""), Some("full")] {
                assert!(matches!(line(status, words), Delivered::Unknown(_)), "{status} {words:?}");
            }
        }
        for status in [408, 409, 499, 500, 503, 599] {
            assert!(matches!(line(status, None), Delivered::Unknown(_)), "{status}");
            assert!(matches!(line(status, Some(" ")), Delivered::Unknown(_)), "{status} with a text that says nothing");
        }
        for status in [502, 504, 520, 527] {
            assert!(matches!(line(status, Some("full")), Delivered::Unknown(_)), "{status}");
        }
    }
}
