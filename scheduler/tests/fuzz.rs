//! Fuzzers of what users type about jobs and executors: schedules, zones, definitions, addresses, networks.

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::describe::{Language, describe};
use hzm_job_scheduler::egress;
use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::networks::Networks;
use hzm_job_scheduler::schedule::{Schedule, ScheduleDraft, ScheduleKind, nearest_zones};
use hzm_job_test_fuzz::fuzz;

const CRONS: [&[u8]; 14] = [
    b"0 0 12 * * ?",
    b"*/10 * * * * ?",
    b"0 15 10 ? * 6L 2026-2030",
    b"0 0 3 LW * ?",
    b"0 0 0 ? * MON#2",
    b"0 0/5 14,18-20 1-15/3 JAN-MAR ?",
    b"15 10 * * 1-5",
    b"CRON_TZ=Asia/Shanghai 0 30 9 * * MON-FRI",
    b"TZ=America/New_York 0 30 2 * * *",
    b"@every 1h30m",
    b"@daily",
    b"0 0 0 29 2 ? 2096-2104",
    b"0 59 23 31W 12 ?",
    b"0 0 12 L-3 * ?",
];

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_366_800)
}

fn parsed(kind: ScheduleKind, expression: &str, zone: &str) {
    let draft = ScheduleDraft { kind, expression: expression.into(), zone: zone.into(), ..ScheduleDraft::default() };
    match Schedule::parse(&draft) {
        Err(problem) => assert!(!problem.to_string().is_empty()),
        Ok(schedule) => {
            for language in [Language::En, Language::Zh] {
                assert!(!describe(&schedule, language).is_empty());
            }
            let fires = schedule.upcoming(now(), now(), 4);
            assert!(fires.is_sorted_by(|earlier, later| earlier < later), "{expression}: {fires:?}");
            assert!(fires.iter().all(|fire| *fire > now()), "{expression}: {fires:?}");
            drop(schedule.warnings());
        }
    }
}

#[test]
fn fuzz_cron_expressions() {
    fuzz!(4_000, CRONS, |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        parsed(ScheduleKind::Cron, &text, "Europe/Berlin");
    });
}

#[test]
fn fuzz_zones() {
    let zones: [&[u8]; 6] =
        [b"Asia/Shanghai", b"UTC", b"Europe/Berlin", b"Etc/GMT+8", b"America/Argentina/Buenos_Aires", b"+08:00"];
    fuzz!(100, zones, |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        parsed(ScheduleKind::Cron, "0 30 2 * * ?", &text);
        parsed(ScheduleKind::Cron, &format!("CRON_TZ={text} 0 30 2 * * *"), "UTC");
        assert!(nearest_zones(&text).len() <= 10);
    });
}

#[test]
fn fuzz_durations_and_moments() {
    let texts: [&[u8]; 7] = [
        b"30s",
        b"1h30m",
        b"1.5h",
        b"1500ms",
        b"2026-11-22T08:00:00",
        b"2026-11-22T08:00:00+08:00",
        b"2026-03-29T02:30:00",
    ];
    fuzz!(4_000, texts, |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        for kind in [ScheduleKind::FixedRate, ScheduleKind::FixedDelay, ScheduleKind::Once, ScheduleKind::Manual] {
            parsed(kind, &text, "Europe/Berlin");
        }
    });
}

#[test]
fn fuzz_definitions_of_jobs() {
    let full = serde_json::to_vec(&JobDraft::new(ExecutorId(7), "nightly report")).unwrap();
    let seeds: [&[u8]; 3] = [
        &full,
        br#"{"executor":1,"name":"work","schedule":{"kind":"cron","expression":"*/10 * * * * ?","zone":"UTC"}}"#,
        br#"{"executor":1,"name":"work","retry":{"max":3},"timeout_ms":1000,"parameters":"{}","overlap":"queue"}"#,
    ];
    fuzz!(4_000, seeds, |text: &[u8]| {
        let Ok(draft) = serde_json::from_slice::<JobDraft>(text) else { return };
        let Ok(spec) = draft.check() else { return };
        let again: JobDraft = serde_json::from_value(serde_json::to_value(spec.draft()).unwrap()).unwrap();
        assert_eq!(again.check().unwrap().draft(), spec.draft(), "what is sound is written and read as it is");
    });
}

#[test]
fn fuzz_addresses_of_nodes() {
    let seeds: [&[u8]; 6] = [
        b"http://10.0.0.7:7777",
        b"HTTPS://Node-7.example:443/",
        b"http://[::ffff:169.254.169.254]:80",
        b"http://user:password@node",
        b"http://2852039166",
        b"http://node_1/",
    ];
    fuzz!(6_000, seeds, |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let draft = |address: &str| ExecutorDraft {
            name: "x".into(),
            app_key: "x".into(),
            app_secret: None,
            registration: Registration::Manual,
            addresses: vec![address.to_owned()],
        };
        let literal = egress::literal(&text);
        assert!(literal.is_none() || !text.is_empty());
        let Ok(spec) = draft(&text).check() else { return };
        let address = spec.draft().addresses[0].clone();
        let again = draft(&address).check().unwrap();
        assert_eq!(again.draft().addresses.first(), Some(&address), "one spelling");
        assert!(!address.contains('@'), "{address}");
        // What the guard reads as an address is what a client will connect to.
        let host = url::Url::parse(&address).ok().and_then(|url| url.host_str().map(str::to_owned));
        if let Some(literal) = egress::literal(&address) {
            let bare = host.unwrap_or_default().replace(['[', ']'], "");
            assert_eq!(bare.parse(), Ok(literal), "{address}");
        }
    });
}

#[test]
fn fuzz_networks() {
    fuzz!(4_000, [b"10.0.0.0/8, fd00::/8, 192.168.1.7".as_slice(), egress::DENIED.as_bytes()], |text: &[u8]| {
        let Ok(networks) = String::from_utf8_lossy(text).parse::<Networks>() else { return };
        assert_eq!(networks.to_string().parse::<Networks>(), Ok(networks));
    });
}
