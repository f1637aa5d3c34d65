//! Logging in and out, and who gets in at all.

use crate::support::{Admin, PASSWORD, free_port, send};
use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_actors::{Clock, SystemClock};
use hzm_job_admin::{first_user, routes};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[actix_web::test]
async fn whoever_knows_the_password_gets_a_session_and_its_token() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let me = client.get("/api/v1/session").await.json();
    assert_eq!(me["name"], "admin");
    assert_eq!(me["csrf"].as_str().unwrap().len(), 64);
}

#[actix_web::test]
async fn an_unknown_user_and_a_wrong_password_look_alike() {
    let admin = Admin::start().await;
    let wrong = admin.login("admin", "not the password").await;
    let unknown = admin.login("nobody", PASSWORD).await;
    wrong.problem(401);
    assert_eq!((wrong.status, wrong.text), (unknown.status, unknown.text));
}

#[actix_web::test]
async fn after_ten_failures_even_the_right_password_has_to_wait() {
    let admin = Admin::start().await;
    for _ in 0..10 {
        assert_eq!(admin.login("admin", "wrong").await.status, 401);
    }
    admin.login("admin", PASSWORD).await.problem(429);
    assert_eq!(admin.login("somebody else", "wrong").await.status, 401, "others are not locked out");
}

#[actix_web::test]
async fn a_password_that_was_made_anew_on_the_command_line_is_let_in_after_ten_failures_at_the_old_one() {
    let admin = Admin::start().await;
    for _ in 0..10 {
        assert_eq!(admin.login("admin", "wrong").await.status, 401);
    }
    admin.login("admin", PASSWORD).await.problem(429);
    let renewed = first_user::reset(&admin.running.app().store, "admin", SystemClock.now()).await.unwrap();
    assert_eq!(admin.login("admin", PASSWORD).await.status, 401, "looked at again");
    assert_eq!(admin.login("admin", &renewed).await.status, 200);
    for _ in 0..10 {
        assert_eq!(admin.login("admin", "wrong").await.status, 401);
    }
    admin.login("admin", &renewed).await.problem(429);
}

#[actix_web::test]
async fn whoever_logs_in_all_the_time_keeps_nobody_else_out() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    admin.user(&root, "viewer", "viewer", json!(null)).await;
    let flood = futures_util::future::join_all((0..75).map(|_| admin.login("viewer", PASSWORD)));
    let others = futures_util::future::join_all((0..8).map(|_| admin.login("admin", PASSWORD)));
    let (flood, others) = futures_util::join!(flood, others);
    assert!(others.iter().all(|answer| answer.status == 200), "{others:?}");
    assert!(flood.iter().all(|answer| [200, 429].contains(&answer.status)), "{flood:?}");
    let mut refused = None;
    for _ in 0..31 {
        let answer = admin.login("viewer", PASSWORD).await;
        if answer.status != 200 {
            refused = Some(answer);
        }
    }
    let problem = refused.expect("thirty a minute").problem(429);
    assert!(problem["detail"].as_str().unwrap().contains("use the session"), "{problem}");
    let logins = root.get("/api/v1/operations?size=500").await.json();
    let of_viewer = |entry: &&serde_json::Value| entry["user"] == "viewer" && entry["action"] == "login";
    assert!(logins["items"].as_array().unwrap().iter().filter(of_viewer).count() <= 31, "each wrote an entry");
}

#[actix_web::test]
async fn a_session_that_was_ended_lets_nobody_in() {
    let admin = Admin::start().await;
    let (client, other) = (admin.client().await, admin.client().await);
    assert_eq!(client.delete("/api/v1/session").await.status, 204);
    client.get("/api/v1/session").await.problem(401);
    assert_eq!(other.get("/api/v1/session").await.status, 200, "other sessions go on");
}

#[actix_web::test]
async fn no_call_of_the_api_is_answered_without_a_session() {
    let admin = Admin::start().await;
    for endpoint in routes::api() {
        let path = format!("/api/v1{}", endpoint.path.replace("{id}", "1").replace("{name:.*}", "job/1"));
        if (endpoint.method.as_str(), path.as_str()) == ("POST", "/api/v1/session") {
            continue;
        }
        let answer = admin.stranger(endpoint.method.clone(), &path, None).await;
        assert_eq!(answer.status, 401, "{} {path}", endpoint.method);
        answer.problem(401);
    }
    for path in ["/api/v1/openapi.json", "/api/v1/docs/swagger-ui.css", "/api/v1/nothing"] {
        assert_eq!(admin.stranger(Method::GET, path, None).await.status, 401, "{path}");
    }
    for path in ["/api/v1/docs", "/api/v1/docs/"] {
        assert_eq!(
            admin.stranger(Method::GET, path, None).await.status,
            303,
            "{path} is a page: it leads to the login"
        );
    }
}

#[actix_web::test]
async fn a_change_needs_the_sessions_token_or_the_browsers_word_for_its_origin() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let body = || Some(json!({ "name": "x", "app_key": "x" }).to_string().into_bytes());
    let json_type = ("Content-Type", "application/json");
    for headers in [
        vec![json_type],
        vec![json_type, ("X-CSRF-Token", "0000")],
        vec![json_type, ("Sec-Fetch-Site", "cross-site")],
        vec![json_type, ("Origin", "http://evil.example")],
    ] {
        let answer = client.call_with(Method::POST, "/api/v1/executors", body(), &headers).await;
        answer.problem(403);
    }
    assert_eq!(client.get("/api/v1/executors").await.json()["items"], json!([]), "nothing was created");
    let own = [json_type, ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(client.call_with(Method::POST, "/api/v1/executors", body(), &own).await.status, 201);
}

#[actix_web::test]
async fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let admin = Admin::start().await;
    let url = format!("{}/api/v1/session", admin.base());
    let body = json!({ "name": "admin", "password": PASSWORD });
    let answer = awc::Client::default().post(url).send_json(&body).await.unwrap();
    let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
    for part in ["hzm_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP by default");
}

#[actix_web::test]
async fn pages_send_strangers_to_the_login_page_and_back() {
    let admin = Admin::start().await;
    let answer = admin.stranger(Method::GET, "/jobs?text=a", None).await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/login?next=%2Fjobs%3Ftext%3Da")));
}

/// The operating system's clock, set forward by as many milliseconds as the test says.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::milliseconds(self.0.load(Ordering::Relaxed))
    }
}

impl Ahead {
    fn move_on(&self, span: TimeDelta) {
        self.0.fetch_add(span.num_milliseconds(), Ordering::Relaxed);
    }
}

#[actix_web::test]
async fn a_session_ends_when_it_is_idle_too_long_and_in_any_case_after_its_time() {
    let clock = Arc::new(Ahead::default());
    let admin = Admin::start_at(clock.clone(), |config| {
        config.admin.session.idle = TimeDelta::hours(1);
        config.admin.session.absolute = TimeDelta::hours(3);
    })
    .await;
    let (idle, used) = (admin.client().await, admin.client().await);
    clock.move_on(TimeDelta::minutes(50));
    assert_eq!(used.get("/api/v1/session").await.status, 200, "being used keeps it");
    clock.move_on(TimeDelta::minutes(15));
    idle.get("/api/v1/session").await.problem(401);
    for _ in 0..2 {
        assert_eq!(used.get("/api/v1/session").await.status, 200);
        clock.move_on(TimeDelta::minutes(55));
    }
    assert_eq!(used.get("/api/v1/session").await.status, 200, "in use, and not three hours old");
    clock.move_on(TimeDelta::minutes(10));
    used.get("/api/v1/session").await.problem(401);
}

/// An admin whose directory is down: whoever is told 503 would have had the password sent there.
async fn with_directory_down() -> Admin {
    Admin::start_with(|config| {
        config.admin.ldap.addr = format!("ldap://127.0.0.1:{}", free_port());
        config.admin.ldap.dc = "dc=example,dc=org".into();
        config.admin.ldap.within = chrono::TimeDelta::seconds(2);
    })
    .await
}

#[actix_web::test]
async fn no_spelling_of_a_local_name_brings_its_password_to_a_directory_nor_does_one_that_hides_something() {
    let admin = with_directory_down().await;
    admin.user(&admin.client().await, "Ärger", "viewer", Value::Null).await;
    assert_eq!(admin.login("a stranger", PASSWORD).await.status, 503);
    for name in ["ärger", "ÄRGER", "A\u{308}rger", "ａｄｍｉｎ", "Admin", "ad\u{ad}min", "ann\u{200b}e", "\u{2800}bob"]
    {
        assert_eq!(admin.login(name, PASSWORD).await.status, 401, "{name}");
    }
    assert_eq!(admin.login("Ärger", PASSWORD).await.status, 200);
}

#[actix_web::test]
async fn attempts_at_one_name_are_counted_together_however_it_is_written() {
    let admin = with_directory_down().await;
    let spellings = ["ann b", "ＡＮＮ b", "ánn  b", "an\u{ad}n b", "an\u{200b}n\u{a0}b", "Ann\u{3000}B"];
    let mut told = Vec::new();
    for name in spellings.iter().cycle().take(12) {
        told.push(admin.login(name, "guess").await.status);
    }
    assert!(told[..10].iter().all(|status| [401, 503].contains(status)), "{told:?}");
    assert_eq!(told[10..], [429, 429]);
}

#[actix_web::test]
async fn no_spelling_of_an_address_takes_a_change_without_its_proof() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let body = || Some(json!({ "name": "eve", "role": "administrator" }).to_string().into_bytes());
    let headers = [("Content-Type", "application/json")];
    for path in ["/%61pi/v1/users", "/ap%69/v1/users", "/%61%70%69/%76%31/%75sers", "/api/v1/%75sers"] {
        client.call_with(Method::POST, path, body(), &headers).await.problem(403);
        let stranger = admin.stranger(Method::GET, path, None).await;
        assert_eq!((stranger.status, stranger.location), (401, None), "{path}: a program is led nowhere");
    }
    for path in
        ["//api/v1/users", "/api//v1/users", "/API/v1/users", "/api/V1/users", "/api/v1/users/", "/api%2Fv1/users"]
    {
        let answer = client.call_with(Method::POST, path, body(), &headers).await;
        assert!([403, 404].contains(&answer.status), "{path}: {}", answer.status);
    }
    assert_eq!(client.get("/api/v1/users").await.json()["items"].as_array().unwrap().len(), 1);
    let login = json!({ "name": "admin", "password": PASSWORD });
    assert_eq!(admin.stranger(Method::POST, "/%61pi/v1/session", Some(login)).await.status, 200, "one way in by any");
    assert_eq!(admin.stranger(Method::GET, "/%61pi/v1/docs", None).await.status, 303);
}

#[actix_web::test]
async fn another_site_logs_no_browser_in_and_sets_nothing_in_it() {
    let admin = Admin::start().await;
    let login = json!({ "name": "admin", "password": PASSWORD }).to_string();
    let form = format!("name=admin&password={}", PASSWORD.replace(' ', "+"));
    let (of_json, of_form) = ("application/json", "application/x-www-form-urlencoded");
    let own = format!("http://{}", admin.running.address());
    for (path, kind, body) in [
        ("/api/v1/session", of_json, login.as_str()),
        ("/login", of_form, form.as_str()),
        ("/preferences", of_form, "lang=en"),
    ] {
        let sent = async |told: &[(&str, &str)]| {
            let headers = [&[("Content-Type", kind)], told].concat();
            send(Method::POST, &format!("{}{path}", admin.base()), &headers, Some(body.as_bytes().to_vec())).await
        };
        for told in [
            &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] as &[_],
            &[("Sec-Fetch-Site", "same-site")],
            &[("Origin", "https://evil.example")],
            &[("Origin", "null")],
        ] {
            let refused = sent(told).await;
            let cookie = refused.cookie.as_deref().unwrap_or_default();
            assert!(refused.status == 403 && !cookie.contains("hzm_session"), "{path} {told:?}: {}", refused.text);
            assert!(refused.text.contains("nother site") || refused.text.contains("其他网站"), "{}", refused.text);
        }
        for told in [&[] as &[_], &[("Sec-Fetch-Site", "same-origin")], &[("Origin", own.as_str())]] {
            let taken = sent(told).await;
            assert!([200, 303].contains(&taken.status), "{path} {told:?}: {}", taken.text);
        }
    }
}

#[actix_web::test]
async fn attempts_at_a_user_are_its_own_whatever_users_there_are_with_names_like_its() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    for name in ["hana", "h\u{e1}na"] {
        admin.user(&root, name, "viewer", Value::Null).await;
    }
    for _ in 0..3 {
        for _ in 0..3 {
            assert_eq!(admin.login("hana", "guess").await.status, 401);
        }
        assert_eq!(admin.login("h\u{e1}na", PASSWORD).await.status, 200, "it has attempts of its own");
    }
    assert_eq!(admin.login("HANA", "guess").await.status, 401, "the tenth");
    assert_eq!(admin.login("hana", PASSWORD).await.status, 429, "what the other one knows forgives nothing");
    assert_eq!(admin.login("h\u{e1}na", PASSWORD).await.status, 200, "and it is not locked out");
}
