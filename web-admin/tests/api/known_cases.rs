//! How others of this family were broken into, tried here: one test per root cause, with the cases it stands for. Every address by every
//! role is tried by `permissions`; here are the cases that made it necessary.

use crate::support::{Admin, Answer, Client, Node, PASSWORD, send};
use actix_web::http::Method;
use hzm_job_admin::first_user::FirstUser;
use hzm_job_protocol::hzm::TOKEN_HEADER;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;

const HOSTILE: &str = "\"><img src=x onerror=alert(1)><script>alert('x')</script>";

async fn as_executor(admin: &Admin, path: &str, token: Option<&str>, body: Value) -> Answer {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(token.map(|token| (TOKEN_HEADER, token)));
    send(Method::POST, &format!("{}{path}", admin.base()), &headers, Some(body.to_string().into_bytes())).await
}

/// xxl-job #2339, #3328, #3945, #3995 (an empty token lets everybody in); hzm-job (no secret configured, no check).
#[actix_web::test]
async fn no_token_and_an_empty_token_are_not_the_right_one() {
    let admin = Admin::start().await;
    admin.client().await.executor("billing", Some("s3cret")).await;
    for path in ["/api/admin/registry", "/api/registry", "/api/admin/offline", "/api/admin/callback"] {
        for token in [None, Some(""), Some(" "), Some("null"), Some("default_token"), Some("s3cre"), Some("s3cret2")] {
            let body =
                json!({ "appKey": "billing", "executorAddress": "http://127.0.0.1:1", "logId": 1, "handlerCode": 200 });
            let answer = as_executor(&admin, path, token, body).await;
            assert_eq!(answer.status, 401, "{path} {token:?}: {}", answer.text);
        }
    }
    assert_eq!(admin.client().await.get("/api/v1/executors/1/nodes").await.json()["items"], json!([]));
}

/// CVE-2025-11581, CVE-2023-29922, CVE-2023-29923, CVE-2023-29926, CVE-2023-36106, CVE-2026-75429, CVE-2026-75430; ratch-job's open `/api/v1`:
/// calls that somebody forgot to ask a login for.
#[actix_web::test]
async fn whoever_is_not_logged_in_runs_nothing_reads_nothing_and_makes_no_user() {
    let admin = Admin::start().await;
    let calls = [
        (Method::POST, "/api/v1/jobs/1/runs", json!({})),
        (Method::POST, "/api/v1/jobs", json!({ "executor": 1, "name": "mine" })),
        (Method::POST, "/api/v1/jobs/batch", json!({ "jobs": [] })),
        (Method::POST, "/api/v1/users", json!({ "name": "eve", "role": "administrator" })),
        (Method::POST, "/api/v1/executors", json!({ "name": "x", "app_key": "x" })),
        (Method::POST, "/api/v1/runs/clear", json!({ "rule": "all" })),
    ];
    for (method, path, body) in calls {
        admin.stranger(method, path, Some(body)).await.problem(401);
    }
    for path in ["/api/v1/jobs", "/api/v1/runs", "/api/v1/users", "/api/v1/operations/export", "/api/v1/openapi.json"] {
        admin.stranger(Method::GET, path, None).await.problem(401);
    }
    // Nor do the ways of others lead anywhere.
    for path in
        ["/run", "/openApi/runJob", "/jobinfo/trigger", "/user/list", "/friend/process", "/worker/deployContainer"]
    {
        assert!([303, 401, 404].contains(&admin.stranger(Method::GET, path, None).await.status), "{path}");
        assert!([401, 404, 405].contains(&admin.stranger(Method::POST, path, None).await.status), "{path}");
    }
}

/// xxl-job #3842, #3938 (default account and token), CVE-2026-75431 (a key that follows from the database's address), SnailJob and
/// hzm-job (constants in the source).
#[actix_web::test]
async fn no_two_installations_have_anything_secret_in_common() {
    let started = async |folder: &tempfile::TempDir| {
        let mut config = crate::support::config(folder);
        config.admin.password = Default::default();
        let clock = Arc::new(hzm_job_actors::SystemClock);
        hzm_job_admin::server::start(config, clock, crate::support::quiet()).await.unwrap()
    };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, two) = (started(&folders[0]).await, started(&folders[1]).await);
    let password = |admin: &hzm_job_admin::server::Running| match admin.first_user() {
        FirstUser::Generated(password) => password.clone(),
        other => panic!("{other:?}"),
    };
    assert_ne!(password(&one), password(&two));
    let key = |folder: &tempfile::TempDir| std::fs::read_to_string(folder.path().join("data/hzm-job.key")).unwrap();
    assert_ne!(key(&folders[0]), key(&folders[1]));
    let login = async |base: String, password: &str| {
        let body = json!({ "name": "admin", "password": password }).to_string().into_bytes();
        let url = format!("{base}/api/v1/session");
        send(Method::POST, &url, &[("Content-Type", "application/json")], Some(body)).await
    };
    let (first, second) = (format!("http://{}", one.address()), format!("http://{}", two.address()));
    for guess in ["123456", "admin", "1", "password", "powerjob"] {
        login(first.clone(), guess).await.problem(401);
    }
    let cookie = login(first, &password(&one)).await.cookie.unwrap();
    let elsewhere = send(Method::GET, &format!("{second}/api/v1/session"), &[("Cookie", &cookie)], None).await;
    assert_eq!(elsewhere.status, 401, "a session of one is none of another");
}

/// CVE-2022-43183, CVE-2024-24113, xxl-job #3924, #3935, CVE-2026-82630: an address in the request, to which the token is sent.
#[actix_web::test]
async fn a_run_is_sent_to_nodes_of_its_executor_only_whatever_address_the_request_names() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("s3cret")).await;
    let _own = Node::register(&admin, "billing", "s3cret").await;
    root.executor("other", Some("t0ken")).await;
    let foreign = Node::register(&admin, "other", "t0ken").await;
    let job = root.job(executor).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let unknown = format!("http://{}", listener.local_addr().unwrap());
    for address in [unknown, foreign.address.clone(), "http://169.254.169.254".to_owned()] {
        let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({ "node": address })).await;
        assert!([409, 422].contains(&run.status), "{address}: {}", run.text);
    }
    assert!(listener.accept().is_err(), "nobody called there");
    assert!(foreign.secrets().is_empty());
}

/// CVE-2022-36157, CVE-2023-27087, CVE-2023-33779, CVE-2023-48087, CVE-2024-42681, CVE-2025-9264, GHSA-6rq7-m52p-8pqg, GHSA-87xj-ghmc-c3xq,
/// CVE-2021-41112: objects of others by their number, in lists, by a filter, through a child.
#[actix_web::test]
async fn what_belongs_to_others_is_not_reached_by_its_number_a_filter_or_a_detour() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let (mine, theirs) = (root.executor("mine", None).await, root.executor("theirs", None).await);
    let job = root.job(theirs).await;
    let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap();
    let ann = admin.user(&root, "ann", "editor", json!([mine])).await;
    for path in [
        format!("/api/v1/jobs/{job}"),
        format!("/api/v1/jobs/{job}/explain?at=2026-11-28T00:00:00Z"),
        format!("/api/v1/jobs/{job}/upcoming"),
        format!("/api/v1/runs/{run}"),
        format!("/api/v1/executors/{theirs}"),
        format!("/api/v1/executors/{theirs}/nodes"),
    ] {
        ann.get(&path).await.problem(404);
    }
    for list in ["jobs", "runs"] {
        let found = ann.get(&format!("/api/v1/{list}?executor={theirs}")).await.json();
        assert_eq!(found["items"], json!([]), "{list}");
    }
    ann.delete(&format!("/api/v1/jobs/{job}")).await.problem(404);
    ann.post(&format!("/api/v1/runs/{run}/cancel"), json!({})).await.problem(404);
    assert_eq!(ann.get("/api/v1/users").await.status, 403, "nor whom else there is");
    // A job of one's own is not moved onto what is not one's own.
    let own = ann.job(mine).await;
    let moved = json!({ "version": 1, "executor": theirs, "name": "work" });
    assert_eq!(ann.put(&format!("/api/v1/jobs/{own}"), moved).await.status, 422);
    assert_eq!(root.get(&format!("/api/v1/jobs/{job}")).await.status, 200, "it is still there");
}

/// CVE-2020-26238, CVE-2021-41269 (cron-utils: the text of an expression was evaluated by way of its error message).
#[actix_web::test]
async fn an_expression_is_told_of_as_text_and_evaluated_by_nobody() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    for text in ["${7*7}", "#{7*7}", "{{7*7}}", "%24%7b7*7%7d", "`id`", "$(id)", HOSTILE] {
        let asked = json!({ "schedule": { "kind": "cron", "expression": text, "zone": "UTC" } });
        let told = root.post("/api/v1/schedules/preview", asked).await;
        assert!([200, 422].contains(&told.status), "{}", told.text);
        assert!(!told.text.contains("49") && !told.text.contains("uid="), "{}", told.text);
    }
}

/// CVE-2026-58255 (fields that a form does not have are set all the same), CVE-2023-37754.
#[actix_web::test]
async fn fields_that_nobody_offered_are_refused_not_taken_over() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", None).await;
    let job = json!({ "executor": executor, "name": "work", "owner_uid": 0 });
    root.post("/api/v1/jobs", job).await.problem(422);
    root.post("/api/v1/executors", json!({ "name": "x", "app_key": "x", "trusted": true })).await.problem(422);
    let ann = admin.user(&root, "ann", "viewer", Value::Null).await;
    let change = json!({ "old": PASSWORD, "new": "another password", "role": "administrator" });
    ann.put("/api/v1/session/password", change).await.problem(422);
    let login = json!({ "name": "ann", "password": PASSWORD, "role": "administrator" });
    admin.stranger(Method::POST, "/api/v1/session", Some(login)).await.problem(422);
    assert_eq!(ann.get("/api/v1/session").await.json()["role"], "viewer");
}

/// CVE-2020-23814, CVE-2023-26120, CVE-2023-48088, CVE-2022-29770, CVE-2026-94426, CVE-2026-106706, xxl-job #2669, #3964.
#[actix_web::test]
async fn what_an_executor_says_is_text_on_every_page() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("s3cret")).await;
    let node = Node::register(&admin, "billing", "s3cret").await;
    let named = json!({ "executor": executor, "name": HOSTILE, "handler": HOSTILE, "parameters": HOSTILE });
    let made = root.post("/api/v1/jobs", named).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let job = made.json()["id"].clone();
    let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap();
    node.triggers(1).await;
    assert_eq!(node.report(run, 500, HOSTILE).await.status, 200);
    for path in [
        format!("/runs/{run}"),
        "/runs".into(),
        format!("/jobs/{job}"),
        "/jobs".into(),
        "/".into(),
        "/operations".into(),
    ] {
        let page = root.get(&path).await;
        assert!(
            page.status == 200 && !page.text.contains("<img src=x") && !page.text.contains("<script>alert"),
            "{path}"
        );
    }
    let told = send(Method::GET, &format!("{}/login", admin.base()), &[], None).await;
    assert!(told.status == 200);
}

/// CVE-2020-24922, CVE-2022-29002, GHSA-pv4m-h859-jwmq, CVE-2026-26718, CVE-2026-106708: another site in a user's browser; and by any method.
#[actix_web::test]
async fn another_site_changes_nothing_and_looking_changes_nothing() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let foreign = [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")];
    let form = [("Content-Type", "application/x-www-form-urlencoded"), foreign[0], foreign[1]];
    let json_form = [("Content-Type", "text/plain"), foreign[0], foreign[1]];
    let user = json!({ "name": "eve", "role": "administrator" }).to_string().into_bytes();
    for (path, headers, body) in [
        ("/api/v1/users", json_form, user.clone()),
        ("/users/new", form, b"name=eve&role=administrator".to_vec()),
        ("/account/password", form, b"old=x&new=y&again=y".to_vec()),
        ("/executors/new", form, b"name=x&app_key=x&secret=none".to_vec()),
        ("/api/v1/session/password", json_form, b"{}".to_vec()),
    ] {
        let answer = root.call_with(Method::POST, path, Some(body), &headers).await;
        assert!([403, 404, 405, 415].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
    }
    // Without a word about where it comes from a form still lacks its token.
    let plain = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer =
        root.call_with(Method::POST, "/users/new", Some(b"name=eve&role=administrator".to_vec()), &plain).await;
    assert!(answer.status == 403, "{} {}", answer.status, answer.text);
    for path in ["/api/v1/users", "/api/v1/jobs/1/runs", "/api/v1/jobs/1/start", "/api/v1/runs/clear", "/logout"] {
        let looked = root.get(&format!("{path}?name=eve&role=administrator")).await;
        assert!([400, 404, 405, 422].contains(&looked.status), "{path}: {}", looked.status);
    }
    assert_eq!(root.get("/api/v1/users").await.json()["items"].as_array().unwrap().len(), 1);
}

/// xxl-job #2670 (the cookie holds the hash of the password), CVE-2025-7789, CVE-2022-22733 (an answer holds what logs in), CVE-2023-50270 (a
/// session outlives the password).
#[actix_web::test]
async fn neither_cookie_nor_answer_holds_a_password_and_no_session_outlives_one() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let first = admin.login("admin", PASSWORD).await;
    let second = admin.login("admin", PASSWORD).await;
    assert_ne!(first.cookie, second.cookie, "nothing of it follows from the user");
    let stored = admin.running.app().store.user_by_name("admin".into()).await.unwrap().unwrap().password_hash;
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    for path in ["/api/v1/session", "/api/v1/users", "/api/v1/sessions", "/account", "/users"] {
        let text = root.get(path).await.text;
        assert!(!text.contains(PASSWORD) && !text.contains("argon2"), "{path}");
    }
    let other = admin.client().await;
    let chosen = json!({ "old": PASSWORD, "new": "another password" });
    assert_eq!(root.put("/api/v1/session/password", chosen).await.status, 204);
    other.get("/api/v1/session").await.problem(401);
}

/// A megabyte of blanks in a thousand bytes.
fn bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 64 << 20]).unwrap();
    packed.finish().unwrap()
}

/// CVE-2026-69702 (a size that a packed body claims), CVE-2024-3366, CVE-2023-45146 (objects of any class out of a body).
#[actix_web::test]
async fn a_packed_body_is_not_unpacked_and_a_deep_one_not_followed() {
    let admin = Admin::start().await;
    let packed = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
    for path in ["/api/v1/session", "/api/admin/callback"] {
        let answer = send(Method::POST, &format!("{}{path}", admin.base()), &packed, Some(bomb())).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
    }
    let deep = [b"[".repeat(500_000), b"]".repeat(500_000)].concat();
    let headers = [("Content-Type", "application/json")];
    for path in ["/api/v1/session", "/api/admin/callback"] {
        let answer = send(Method::POST, &format!("{}{path}", admin.base()), &headers, Some(deep.clone())).await;
        assert!([400, 422].contains(&answer.status), "{path}: {}", answer.text);
    }
    assert_eq!(admin.stranger(Method::GET, "/healthz", None).await.status, 200);
}

/// CVE-2026-84486: whoever is not logged in holds up those who are.
#[actix_web::test]
async fn strangers_at_every_door_hold_up_nobody() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("s3cret")).await;
    let node = Node::register(&admin, "billing", "s3cret").await;
    let job = root.job(executor).await;
    let knock = async |number: usize| {
        let body =
            json!({ "appKey": "billing", "executorAddress": "http://127.0.0.1:1", "logId": 1, "handlerCode": 200 });
        let name = format!("user-{number}");
        match number % 4 {
            0 => admin.login(&name, "wrong").await.status,
            1 => as_executor(&admin, "/api/admin/registry", Some("wrong"), body).await.status,
            2 => as_executor(&admin, "/api/admin/callback", None, body).await.status,
            _ => admin.stranger(Method::GET, "/readyz", None).await.status,
        }
    };
    let strangers = futures_util::future::join_all((0..80).map(knock));
    let (statuses, run) = futures_util::join!(strangers, run_once(&root, job, &node));
    assert!(statuses.iter().all(|status| [200, 401, 429].contains(status)), "{statuses:?}");
    assert_eq!(run["state"], "succeeded", "{run}");
}

async fn run_once(root: &Client, job: i64, node: &Node) -> Value {
    let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap();
    node.triggers(1).await;
    assert_eq!(node.report(run, 200, "").await.status, 200);
    root.get(&format!("/api/v1/runs/{run}")).await.json()
}
