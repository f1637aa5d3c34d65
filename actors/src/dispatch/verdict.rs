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
        Some(envelope) if is_gateways(status) => Delivered::Unknown(format!("HTTP {status}: {:?}", envelope.msg)),
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

/// What the line of one call in a batch's answer means: what its status would have meant alone. It is the executor's own word,
/// so a refusal in it is one under whatever status, save those that only a gateway gives.
pub(crate) fn judge_line(line: Answer) -> Delivered {
    let Answer { status, msg, .. } = line;
    let said = || msg.clone().unwrap_or_else(|| format!("refused with status {status}"));
    match status {
        _ if is_success(status) => Delivered::Accepted,
        _ if is_gateways(status) => Delivered::Unknown(format!("status {status}: {:?}", msg)),
        500 | 408 | 409 | 499 => Delivered::Unknown(said()),
        _ => Delivered::NotTaken(said()),
    }
}

/// Whether an answer to a batch says that the node does not know this form: then nothing in it was taken.
pub(crate) fn knows_no_batches(status: u16) -> bool {
    matches!(status, 404 | 405)
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
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
}
