//! Fuzzers of what strangers send (bodies of executors, cursors, headers, cookies, forms), and of the configuration.

use crate::auth;
use crate::config::Config;
use crate::executor_api::hzm::cut;
use crate::executor_api::tolerant;
use crate::extract::{cursor_of, cursor_text};
use crate::ui::fields::Fields;
use crate::ui::flash::Flash;
use crate::ui::language;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use hzm_job_protocol::batch::{Answers, Results, Triggers};
use hzm_job_protocol::hzm::{Callback, Envelope, JobCancel, JobHandle, Offline, Registry};
use hzm_job_test_fuzz::fuzz;
use serde::Serialize;
use serde::de::DeserializeOwned;

const BODIES: [&[u8]; 7] = [
    br#"{"appKey":"billing","executorAddress":"http://10.0.0.7:7777"}"#,
    br#"{"appKey":"billing","executorAddress":"http://10.0.0.7:7777","agent":"hzmjob/0.1.0 batch/1","instance":"0199"}"#,
    br#"{"appKey":"billing","logId":17,"handlerCode":200,"handlerMsg":"done"}"#,
    br#"{"appKey":"billing","logId":17,"handlerCode":3000000000,"handlerMsg":"cut here \ud83d"}"#,
    br#"{"appKey":"billing","results":[{"logId":1,"handlerCode":200},{"logId":2,"handlerCode":500,"handlerMsg":"no"}]}"#,
    br#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#,
    br#"{"logId":17,"jobId":3,"jobName":"report","jobParams":"{}"}"#,
];

/// What can be read can be written, and is read again as the same.
fn comes_back<T: DeserializeOwned + Serialize>(text: &[u8]) {
    if let Ok(body) = tolerant::read::<T>(text) {
        let written = serde_json::to_vec(&body).unwrap();
        let again: T = tolerant::read(&written).unwrap();
        assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    }
}

#[test]
fn fuzz_bodies_of_executors() {
    fuzz!(6_000, BODIES, |text: &[u8]| {
        comes_back::<Registry>(text);
        comes_back::<Offline>(text);
        comes_back::<Callback>(text);
        comes_back::<Envelope<bool>>(text);
        comes_back::<JobHandle>(text);
        comes_back::<JobCancel>(text);
        if let Ok(Callback { handler_msg: Some(message), .. }) = tolerant::read::<Callback>(text) {
            assert!(cut(message).len() <= 65_536);
        }
    });
}

#[test]
fn fuzz_batches_of_executors() {
    let seeds: [&[u8]; 3] = [
        BODIES[4],
        br#"{"triggers":[{"logId":17,"jobId":3,"jobName":"report","jobParams":"{}"}]}"#,
        br#"{"answers":[{"logId":3,"status":503,"msg":"full"},{"logId":1,"status":200}]}"#,
    ];
    fuzz!(6_000, seeds, |text: &[u8]| {
        comes_back::<Results>(text);
        comes_back::<Triggers>(text);
        comes_back::<Answers>(text);
    });
}

#[test]
fn fuzz_deep_bodies() {
    // Each of the first bytes opens one level or closes one.
    fuzz!(500, [b"{\"a\":[".as_slice()], |text: &[u8]| {
        let deep = text.repeat(1 + 200_000 / (text.len() + 1));
        assert!(tolerant::read::<Callback>(&deep).is_err());
        assert!(crate::extract::from_json::<serde_json::Value>(&deep).is_err() || deep.iter().all(u8::is_ascii));
    });
}

#[test]
fn fuzz_configurations() {
    let seeds: [&[u8]; 4] = [
        include_bytes!("../../hzm-job.example.yaml"),
        b"hzm:\n  job:\n    admin:\n      port: 8888\n      mysql:\n        host: db\n        password: s3cret\n",
        b"hzm: &a\n  job: *a\n",
        b"hzm: {job: {admin: {session: {idle: 12h}, tls: {cert: a, key: b}}}}",
    ];
    fuzz!(1_500, seeds, |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        if let Err(refusal) = Config::parse(&text, "hzm-job.yaml", std::iter::empty()) {
            assert!(!refusal.to_string().is_empty());
        }
    });
}

#[test]
fn fuzz_variables_of_the_environment() {
    let seeds: [&[u8]; 4] = [b"HTTP_KEEP_ALIVE=75s", b"PORT=8888", b"EGRESS_ALLOW=10.0.0.0/8", b"MYSQL_PASSWORD=x"];
    fuzz!(2_000, seeds, |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        let variable = (format!("HZM_JOB_ADMIN_{name}"), value.to_owned());
        drop(Config::from_environment(std::iter::once(variable)));
    });
}

#[test]
fn fuzz_cursors() {
    fuzz!(4_000, [b"bg".as_slice(), b"YjE3", b"YTE3"], |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        if let Ok(cursor) = cursor_of(Some(&text)) {
            assert_eq!(cursor_of(Some(&cursor_text(cursor))).unwrap(), cursor);
        }
    });
}

/// A request with this header, where it is one that a client can send at all.
fn with_header(name: &'static str, value: &[u8]) -> Option<actix_web::HttpRequest> {
    let value = HeaderValue::from_bytes(value).ok()?;
    Some(TestRequest::get().insert_header((HeaderName::from_static(name), value)).to_http_request())
}

#[test]
fn fuzz_cookies_and_headers() {
    let seeds: [&[u8]; 6] = [
        b"hzm_session=abc; hzm_language=zh; hzm_theme=dark; hzm_zone=Asia/Shanghai",
        b"hzm_flash=1.saved; a=b",
        b"Bearer hzm_0123456789",
        b"zh-CN,zh;q=0.9,en;q=0.8",
        b"203.0.113.9, 10.0.0.1",
        b"a=\"b; c=d\"; =; ;;",
    ];
    fuzz!(4_000, seeds, |text: &[u8]| {
        if let Some(request) = with_header("cookie", text) {
            drop((
                Flash::of(&request),
                language::language(&request),
                language::theme(&request),
                language::zone(&request),
            ));
            drop(request.cookie(auth::SESSION_COOKIE).map(|cookie| auth::sha256_hex(cookie.value())));
        }
        for name in ["accept-language", "authorization", "x-forwarded-for", "hx-current-url", "origin"] {
            if let Some(request) = with_header(name, text) {
                drop((
                    language::language(&request),
                    auth::bearer::of(&request).map(str::to_owned),
                    crate::edge::client::address(&request),
                ));
            }
        }
    });
}

#[test]
fn fuzz_forms() {
    fuzz!(4_000, [b"name=x&csrf=%41&name=y+z&overlap=86400".as_slice(), b"%E4%BD%A0=%F0%9F"], |text: &[u8]| {
        let fields = Fields::parse(text);
        assert!(fields.get("name").len() <= text.len() * 3);
        assert!(fields.all("name").count() <= text.len() + 1);
    });
}
