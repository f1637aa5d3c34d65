use super::super::words;
use super::*;
use hzm_job_scheduler::explain::{Explanation, Moments, Then};
use hzm_job_scheduler::job::{Delivery, Job, JobDraft};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::retry::{RetryOn, RetryPolicy};
use hzm_job_scheduler::run::RunKind;
use hzm_job_scheduler::{ExecutorId, JobId, RunId};

fn second(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_366_800 + second, 0).unwrap()
}

fn run(id: i64, state: RunState, reason: Reason) -> Run {
    Run {
        id: RunId(id),
        job: JobId(7),
        executor: ExecutorId(1),
        kind: RunKind::Scheduled,
        scheduled_at: second(0),
        shard: 0,
        attempt: 0,
        state,
        reason,
        not_before: second(0),
        node: None,
        pinned: false,
        parameters: None,
        requested_by: None,
        created_at: second(0),
        sent_at: None,
        accepted_at: None,
        cancel_at: None,
        finished_at: None,
        code: None,
        message: None,
    }
}

fn answer(verdict: Verdict, runs: Vec<Run>, change: impl FnOnce(&mut JobDraft)) -> Answered {
    let mut draft = JobDraft::new(ExecutorId(1), "report");
    change(&mut draft);
    let spec = draft.check().unwrap();
    let moments = Moments { second: second(0), occurrence: Some(second(0)), previous: None, next: None };
    Answered {
        job: Job { id: JobId(7), spec, enabled: true, anchor: second(-60), version: 1 },
        deleted: false,
        explanation: Explanation { verdict, act: None, moments, late_ms: None },
        then: Then::NotYet,
        runs,
        around: Vec::new(),
        operations: Vec::new(),
        in_the_way: Vec::new(),
        silence: None,
        is_whole: true,
    }
}

/// What is told of it in English and in Chinese, a minute later.
fn told(answer: &Answered) -> (String, String) {
    let when = |at: DateTime<Utc>| at.format("%M:%S").to_string();
    let telling =
        Telling { answer, at: second(0), now: second(60), threshold_ms: 5_000, quarantine: None, when: &when };
    (words(Language::En).explanation(&telling), words(Language::Zh).explanation(&telling))
}

#[test]
fn what_was_in_the_way_is_told_as_it_stood_at_the_moment_and_never_later() {
    let skipped = run(9, RunState::Skipped, Reason::Overlap);
    let mut met = answer(Verdict::Skipped(Reason::Overlap), vec![skipped], |draft| draft.overlap = OverlapPolicy::Skip);
    let sent = |id, created, sent: Option<i64>| {
        let sent_at = sent.map(second);
        Run {
            created_at: second(created),
            scheduled_at: second(created),
            sent_at,
            ..run(id, RunState::Succeeded, Reason::None)
        }
    };
    met.in_the_way = vec![sent(3, -20, Some(-10)), sent(4, -20, Some(30)), sent(5, 2, Some(30))];
    let (en, zh) = told(&met);
    assert!(en.contains("Not ended then: run 3 (running since 59:50), run 4 (waiting since 59:40), run 5."), "{en}");
    assert!(zh.contains("当时未结束的有：运行 3（自 59:50 起执行中）、运行 4（自 59:40 起等待中）、运行 5。"), "{zh}");
}

#[test]
fn a_run_that_every_node_refused_is_told_with_its_attempts_and_the_last_answer() {
    let refused = |attempt| Run {
        attempt,
        message: Some("HTTP 500: no such job".into()),
        ..run(9 + i64::from(attempt), RunState::Failed, Reason::Refused)
    };
    let verdict = Verdict::NotSent(Reason::Refused);
    let twice = answer(verdict, vec![refused(0), refused(1)], |draft| {
        draft.retry = RetryPolicy { retries: 1, ..RetryPolicy::default() };
    });
    let (en, zh) = told(&twice);
    assert!(!en.contains("never sent") && en.contains("no node took it"), "{en}");
    assert!(en.contains("There were 2 attempts. The last answer was: HTTP 500: no such job"), "{en}");
    assert!(en.ends_with("There was no further attempt: all 1 retries are used up."), "{en}");
    assert!(zh.contains("没有节点接收") && zh.contains("共尝试 2 次。最后的应答：HTTP 500: no such job"), "{zh}");
}

#[test]
fn a_failure_is_told_with_why_nothing_was_tried_again() {
    let policy = |retries, on: &[RetryOn]| RetryPolicy { retries, on: on.to_vec(), ..RetryPolicy::default() };
    let cases = [
        (RunState::Failed, policy(0, &RetryOn::ALL), "the job has no retries"),
        (RunState::TimedOut, policy(3, &[RetryOn::Failed]), "the job's retries (retry.on) leave this outcome out"),
        (RunState::Lost, policy(3, &RetryOn::ALL), "it may have done its work"),
    ];
    for (state, retry, why) in cases {
        let ended = Run { sent_at: Some(second(0)), ..run(9, state, Reason::Reported) };
        let once = answer(Verdict::Ran, vec![ended], |draft| {
            (draft.retry, draft.delivery) = (retry, Delivery::AtMostOnce);
        });
        let (en, zh) = told(&once);
        assert!(en.contains(&format!("There was no further attempt: {why}")), "{en}");
        assert!(zh.contains("没有再次尝试："), "{zh}");
    }
    let failed = Run { sent_at: Some(second(0)), ..run(9, RunState::Failed, Reason::Reported) };
    let mut stopped = answer(Verdict::Ran, vec![failed], |draft| draft.retry = policy(3, &RetryOn::ALL));
    stopped.job.enabled = false;
    assert!(told(&stopped).0.contains("There was no further attempt: the job was stopped."));
    let good = Run { sent_at: Some(second(0)), ..run(9, RunState::Succeeded, Reason::None) };
    assert!(!told(&answer(Verdict::Ran, vec![good], |_| ())).0.contains("further attempt"));
}

#[test]
fn a_silence_names_the_database_and_says_what_is_known_only() {
    let mut missed =
        answer(Verdict::Skipped(Reason::Misfire), vec![run(9, RunState::Skipped, Reason::Misfire)], |_| ());
    missed.silence = Some((second(-30), second(20)));
    let (en, zh) = told(&missed);
    assert!(!en.contains("written down from"), "a row does not tell when it was written: {en}");
    assert!(en.contains("Nothing was decided for any job from 59:30 to 00:20") && en.contains("database"), "{en}");
    assert!(zh.contains("59:30 至 00:20") && zh.contains("数据库"), "{zh}");
}

#[test]
fn what_was_decided_on_in_time_and_left_late_may_have_waited_for_the_database() {
    let sent = Run { sent_at: Some(second(40)), ..run(9, RunState::Succeeded, Reason::None) };
    let mut late = answer(Verdict::Ran, vec![sent], |_| ());
    late.explanation.late_ms = Some(40_000);
    let (en, zh) = told(&late);
    assert!(en.contains("It was decided on in time; then it waited") && en.contains("the database"), "{en}");
    assert!(zh.contains("触发决定是按时作出的") && zh.contains("数据库"), "{zh}");
}
