//! What a user may write for a job or an executor, and what is said about what he may not.

use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use hzm_job_scheduler::job::{Delivery, JobDraft};
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::problem::FieldProblem;
use hzm_job_scheduler::retry::{RetryNode, RetryOn, RetryPolicy};
use hzm_job_scheduler::routing::RoutingStrategy;
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_scheduler::{ExecutorId, job};

fn draft() -> JobDraft {
    JobDraft::new(ExecutorId(7), "nightly report")
}

/// Field and code of every problem.
fn codes(problems: &[FieldProblem]) -> Vec<(&'static str, &'static str)> {
    problems.iter().map(|problem| (problem.field, problem.problem.code())).collect()
}

fn job_codes(change: impl FnOnce(&mut JobDraft)) -> Vec<(&'static str, &'static str)> {
    let mut draft = draft();
    change(&mut draft);
    draft.check().map_or_else(|problems| codes(&problems), |_| Vec::new())
}

#[test]
fn the_least_a_job_needs_is_an_executor_and_a_name() {
    let draft: JobDraft = serde_json::from_str(r#"{"executor": 7, "name": "nightly report"}"#).unwrap();
    assert_eq!(draft, self::draft());
    assert_eq!((draft.overlap_limit, draft.timeout_ms), (10, 0));
    assert_eq!((draft.misfire, draft.overlap), (MisfirePolicy::FireOnce, OverlapPolicy::Skip));
    assert_eq!((draft.misfire_limit, draft.misfire_window_ms), (100, 0));
    assert_eq!((draft.routing, draft.delivery), (RoutingStrategy::RoundRobin, Delivery::AtLeastOnce));
    let expected = RetryPolicy { retries: 0, interval_ms: 10_000, max_interval_ms: 600_000, ..RetryPolicy::default() };
    assert_eq!(draft.retry, expected);
    assert_eq!((draft.retry.factor, draft.retry.jitter, draft.retry.node), (2.0, 0.2, RetryNode::Any));
    assert_eq!(draft.retry.on, [RetryOn::Failed, RetryOn::TimedOut, RetryOn::Lost]);
}

#[test]
fn a_job_goes_through_json_and_back_unchanged() {
    let text = r#"{"executor":7,"name":"n","handler":"h","description":"d","owner":"o","parameters":"{\"a\":1}",
        "schedule":{"kind":"cron","expression":"0 9 * * MON-FRI","zone":"Asia/Shanghai","gap":"skip","repeat":"both"},
        "misfire":"fire_all","misfire_limit":50,"misfire_window_ms":3600000,"overlap":"parallel","overlap_limit":3,"routing":"failover",
        "retry":{"retries":2,"interval_ms":500,"factor":1.5,"max_interval_ms":9000,"jitter":0.0,
            "on":["failed","lost"],"node":"other"},
        "timeout_ms":60000,"delivery":"at_most_once"}"#;
    let draft: JobDraft = serde_json::from_str(text).unwrap();
    let spec = draft.clone().check().unwrap();
    assert_eq!(spec.draft(), &draft);
    let written = serde_json::to_value(&draft).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
}

#[test]
fn unknown_keys_and_missing_names_are_refused() {
    for text in [
        r#"{"executor":7,"name":"n","cron":"@daily"}"#,
        r#"{"executor":7,"name":"n","schedule":{"cron":"@daily"}}"#,
        r#"{"executor":7,"name":"n","retry":{"times":3}}"#,
        r#"{"executor":7}"#,
        r#"{"name":"n"}"#,
        r#"{"executor":7,"name":"n","misfire":"FireOnce"}"#,
        r#"{"executor":7,"name":"n","overlap_limit":70000}"#,
    ] {
        assert!(serde_json::from_str::<JobDraft>(text).is_err(), "{text}");
    }
}

#[test]
fn texts_are_trimmed_and_an_empty_handler_means_the_name() {
    let spec =
        JobDraft { name: "  report ".into(), handler: " ".into(), owner: " ann\n".into(), ..draft() }.check().unwrap();
    assert_eq!((spec.draft().name.as_str(), spec.handler(), spec.draft().owner.as_str()), ("report", "report", "ann"));
    let spec = JobDraft { handler: "reportJob".into(), ..draft() }.check().unwrap();
    assert_eq!(spec.handler(), "reportJob");
}

#[test]
fn outcomes_to_be_tried_again_are_kept_once_each_and_none_may_be_named() {
    let on = |on: Vec<RetryOn>| {
        let draft = JobDraft { retry: RetryPolicy { on, ..RetryPolicy::default() }, ..draft() };
        draft.check().unwrap().draft().retry.on.clone()
    };
    assert_eq!(on(vec![RetryOn::Lost, RetryOn::Failed, RetryOn::Lost]), [RetryOn::Failed, RetryOn::Lost]);
    assert_eq!(on(Vec::new()), []);
}

#[test]
fn a_timeout_of_zero_is_none() {
    assert_eq!(draft().check().unwrap().timeout(), None);
    let spec = JobDraft { timeout_ms: 1_500, ..draft() }.check().unwrap();
    assert_eq!(spec.timeout().map(|timeout| timeout.num_milliseconds()), Some(1_500));
}

#[test]
fn all_problems_are_told_at_once() {
    let problems = JobDraft {
        name: String::new(),
        handler: "a\tb".into(),
        parameters: Some("x".repeat(65_537)),
        schedule: ScheduleDraft {
            kind: ScheduleKind::Cron,
            expression: "61 * * * *".into(),
            ..ScheduleDraft::default()
        },
        overlap_limit: 0,
        misfire_limit: 10_001,
        misfire_window_ms: 2_592_000_001,
        timeout_ms: 2_592_000_001,
        ..draft()
    }
    .check()
    .unwrap_err();
    let expected = [
        ("name", "required"),
        ("handler", "control_character"),
        ("parameters", "too_long"),
        ("overlap_limit", "out_of_range"),
        ("misfire_limit", "out_of_range"),
        ("misfire_window_ms", "out_of_range"),
        ("timeout_ms", "out_of_range"),
        ("schedule.expression", "cron_item"),
    ];
    assert_eq!(codes(&problems), expected);
    assert_eq!(problems[1].to_string(), "handler: has a control character at position 2; remove it");
    assert_eq!(problems[3].zh(), "overlap_limit：值为 0，允许范围是 1 到 1000");
}

#[test]
fn each_text_of_a_job_has_its_limit_in_characters() {
    assert_eq!(job_codes(|job| job.name = "报".repeat(128)), []);
    assert_eq!(job_codes(|job| job.name = "报".repeat(129)), [("name", "too_long")]);
    assert_eq!(job_codes(|job| job.handler = "h".repeat(129)), [("handler", "too_long")]);
    assert_eq!(job_codes(|job| job.description = "d".repeat(512)), []);
    assert_eq!(job_codes(|job| job.description = "d".repeat(513)), [("description", "too_long")]);
    assert_eq!(job_codes(|job| job.owner = "o".repeat(129)), [("owner", "too_long")]);
    assert_eq!(job_codes(|job| job.parameters = Some("x".repeat(65_536))), []);
}

#[test]
fn each_number_of_a_job_has_its_bounds() {
    let retry = |retry: RetryPolicy| job_codes(move |job| job.retry = retry);
    let fine = RetryPolicy {
        retries: 100,
        interval_ms: 86_400_000,
        factor: 10.0,
        max_interval_ms: 86_400_000,
        jitter: 1.0,
        ..RetryPolicy::default()
    };
    assert_eq!(retry(fine.clone()), []);
    assert_eq!(retry(RetryPolicy { retries: 101, ..fine.clone() }), [("retry.retries", "out_of_range")]);
    assert_eq!(retry(RetryPolicy { factor: 0.99, ..fine.clone() }), [("retry.factor", "out_of_range")]);
    assert_eq!(retry(RetryPolicy { factor: f64::NAN, ..fine.clone() }), [("retry.factor", "out_of_range")]);
    assert_eq!(retry(RetryPolicy { jitter: -0.1, ..fine.clone() }), [("retry.jitter", "out_of_range")]);
    assert_eq!(
        retry(RetryPolicy { max_interval_ms: 86_399_999, ..fine.clone() }),
        [("retry.max_interval_ms", "out_of_range")]
    );
    let endless = RetryPolicy { interval_ms: u64::MAX, max_interval_ms: u64::MAX, ..fine.clone() };
    assert_eq!(retry(endless), [("retry.interval_ms", "out_of_range"), ("retry.max_interval_ms", "out_of_range")]);
    assert_eq!(job_codes(|job| job.overlap_limit = 1_000), []);
    assert_eq!(job_codes(|job| job.overlap_limit = 1_001), [("overlap_limit", "out_of_range")]);
    assert_eq!(job_codes(|job| job.timeout_ms = 2_592_000_000), []);
}

#[test]
fn a_wrong_zone_is_reported_at_the_zone() {
    let wrong = |job: &mut JobDraft| job.schedule.zone = "Asia/Peking".into();
    assert_eq!(job_codes(wrong), [("schedule.zone", "unknown_zone")]);
}

#[test]
fn a_problem_of_a_schedule_keeps_its_own_words() {
    let mut draft = draft();
    draft.schedule =
        ScheduleDraft { kind: ScheduleKind::FixedRate, expression: "10ms".into(), ..ScheduleDraft::default() };
    let problems = draft.check().unwrap_err();
    assert!(matches!(&problems[..], [FieldProblem { problem: job::Problem::Schedule(_), .. }]));
    assert_eq!(problems[0].to_string(), "schedule.expression: \"10ms\" is too short; the shortest rate or delay is 1s");
}

fn executor() -> ExecutorDraft {
    serde_json::from_str(r#"{"name": "Billing", "app_key": "billing"}"#).expect("a minimal executor")
}

fn manual(addresses: &[&str]) -> ExecutorDraft {
    let addresses = addresses.iter().map(ToString::to_string).collect();
    ExecutorDraft { registration: Registration::Manual, addresses, ..executor() }
}

fn executor_codes(draft: ExecutorDraft) -> Vec<(&'static str, &'static str)> {
    draft.check().map_or_else(|problems| codes(&problems), |_| Vec::new())
}

#[test]
fn an_executor_registers_automatically_and_without_a_secret_unless_told_otherwise() {
    let spec = executor().check().unwrap();
    assert_eq!(spec.draft().registration, Registration::Automatic);
    assert_eq!(spec.draft().app_secret, None);
    let empty = ExecutorDraft { app_secret: Some(String::new()), ..executor() }.check().unwrap();
    assert_eq!(empty.draft().app_secret, None, "an empty secret is none");
    assert!(serde_json::from_str::<ExecutorDraft>(r#"{"name":"n","app_key":"k","secret":"s"}"#).is_err());
}

#[test]
fn addresses_are_kept_in_one_spelling() {
    let spec = manual(&[
        " HTTP://Node-1.Example.COM:7777/ ",
        "https://10.0.0.7",
        "http://[::1]:0080",
        "http://job_worker:9999",
    ]);
    assert_eq!(
        spec.check().unwrap().draft().addresses,
        ["http://node-1.example.com:7777", "https://10.0.0.7", "http://[::1]:80", "http://job_worker:9999"]
    );
}

#[test]
fn what_is_no_node_address_is_refused() {
    for address in [
        "",
        "10.0.0.7:7777",
        "ftp://host",
        "http://",
        "http://:80",
        "http://host:",
        "http://host:0",
        "http://host:65536",
        "http://host:+80",
        "http://host:80:90",
        "http://user:secret@host",
        "http://host/path",
        "http://host?x=1",
        "http://host#x",
        "http://ho st",
        "http://-host",
        "http://host..com",
        "http://[::1",
        "http://[::1]x",
        "http://[zz]",
        "http://主机",
        "http://a\tb",
    ] {
        assert_eq!(executor_codes(manual(&[address])), [("addresses", "bad_address")], "{address:?}");
    }
    let long = format!("http://{}", "a.".repeat(130));
    assert_eq!(executor_codes(manual(&[&long])), [("addresses", "bad_address")]);
}

#[test]
fn the_list_of_addresses_fits_the_registration() {
    assert_eq!(executor_codes(manual(&[])), [("addresses", "addresses_missing")]);
    let automatic = ExecutorDraft { registration: Registration::Automatic, ..manual(&["http://a"]) };
    assert_eq!(executor_codes(automatic), [("addresses", "addresses_not_wanted")]);
    assert_eq!(executor_codes(manual(&["http://a", "HTTP://A/"])), [("addresses", "duplicate_address")]);
    let many: Vec<String> = (0..1_001).map(|index| format!("http://n{index}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(executor_codes(manual(&many)), [("addresses", "too_many_addresses")]);
    assert_eq!(executor_codes(manual(&many[1..])), []);
}

#[test]
fn keys_and_secrets_have_their_alphabets() {
    let key = |key: &str| executor_codes(ExecutorDraft { app_key: key.into(), ..executor() });
    assert_eq!(key("A-z.0_9"), []);
    assert_eq!(key(&"k".repeat(128)), []);
    assert_eq!(key(&"k".repeat(129)), [("app_key", "too_long")]);
    assert_eq!(key(" "), [("app_key", "required")]);
    for foreign in ["a b", "a/b", "键", "a\u{7f}b"] {
        let expected = if foreign.contains('\u{7f}') { "control_character" } else { "foreign_character" };
        assert_eq!(key(foreign), [("app_key", expected)], "{foreign:?}");
    }
    let secret = |secret: String| executor_codes(ExecutorDraft { app_secret: Some(secret), ..executor() });
    assert_eq!(secret("!~aZ09".into()), []);
    assert_eq!(secret("s".repeat(256)), []);
    assert_eq!(secret("s".repeat(257)), [("app_secret", "too_long")]);
    for foreign in [" padded", "line\nbreak", "密码"] {
        assert_eq!(secret(foreign.into()), [("app_secret", "foreign_character")], "{foreign:?}");
    }
}

#[test]
fn no_secret_and_no_password_appears_in_messages_or_debug_output() {
    let draft = ExecutorDraft {
        app_secret: Some("geheim geheim".into()),
        ..manual(&["http://admin:geheim@geheim@10.0.0.7:7777"])
    };
    assert!(!format!("{draft:?}").contains("geheim"));
    let problems = draft.check().unwrap_err();
    assert_eq!(codes(&problems), [("app_secret", "foreign_character"), ("addresses", "bad_address")]);
    for problem in &problems {
        assert!(!format!("{problem} {} {problem:?}", problem.zh()).contains("geheim"), "{problem}");
    }
}

fn start_refusal(kind: ScheduleKind, expression: &str, now: &str) -> Option<FieldProblem> {
    let schedule =
        ScheduleDraft { kind, expression: expression.into(), zone: "Asia/Shanghai".into(), ..draft().schedule };
    // Also under the policy that makes up for everything: what lies before the start was never missed.
    let draft = JobDraft { schedule, misfire: MisfirePolicy::FireAll, ..draft() };
    let (spec, now) = (draft.check().expect("a valid draft"), now.parse().expect("a moment"));
    spec.check_start(now).err().map(|mut problems| problems.remove(0))
}

#[test]
fn a_job_that_would_never_fire_cannot_be_started() {
    let once = |now| start_refusal(ScheduleKind::Once, "2026-11-22T08:00:00", now);
    assert_eq!(once("2026-11-21T23:59:59.999Z"), None, "a millisecond before");
    let refusal = once("2026-11-22T00:00:00Z").unwrap();
    assert_eq!((refusal.field, refusal.problem.code()), ("schedule.expression", "moment_passed"));
    let (en, zh) = (refusal.problem.to_string(), refusal.problem.zh());
    assert!(en.starts_with("2026-11-22 08:00:00 (Asia/Shanghai) has passed"), "{en}");
    assert!(zh.starts_with("2026-11-22 08:00:00（Asia/Shanghai）已经过去"), "{zh}");
    let cron = |now| start_refusal(ScheduleKind::Cron, "0 0 8 * * ? 2027", now);
    assert_eq!(cron("2027-12-30T23:59:59Z"), None);
    assert_eq!(cron("2027-12-31T00:00:00Z").unwrap().problem.code(), "cron_never_again");
    for (kind, expression) in
        [(ScheduleKind::Manual, ""), (ScheduleKind::FixedRate, "5s"), (ScheduleKind::FixedDelay, "5s")]
    {
        assert_eq!(start_refusal(kind, expression, "2050-01-01T00:00:00Z"), None, "{kind:?}");
    }
}

#[test]
fn a_foreign_character_stands_in_the_quotation_marks_of_its_language() {
    let draft = ExecutorDraft {
        name: "billing".into(),
        app_key: "bill ing".into(),
        app_secret: None,
        registration: Registration::Automatic,
        addresses: Vec::new(),
    };
    let problem = draft.check().unwrap_err().remove(0).problem;
    assert_eq!(problem.zh(), "第 5 个字符“ ”不允许使用，只能使用 A-Z a-z 0-9 . _ -");
    assert!(problem.to_string().starts_with("has the character ' ' at position 5"), "{problem}");
}
