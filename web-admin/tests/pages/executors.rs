//! Making and changing executors with forms; their secret above all.

use crate::support::{Stage, node};

#[actix_web::test]
async fn a_generated_secret_is_shown_once_and_on_no_page_afterwards() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let fields = [("name", "Billing"), ("app_key", "billing"), ("registration", "automatic"), ("secret", "generate")];
    let page = reader.submit("/executors/new", &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let secret = page.text.split("<code id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(secret.len(), 43);
    assert!(page.text.contains("appKey: ") && page.text.matches(secret.as_str()).count() == 2, "{}", page.text);
    for path in ["/executors", "/executors/1", "/executors/1/edit", "/operations", "/"] {
        assert!(!reader.get(path).await.text.contains(&secret), "{path} shows the secret");
    }
}

/// The address of the admin that the page of a new secret names, to somebody who claims another one.
async fn named_address(stage: &Stage) -> String {
    let reader = stage.reader("en").await;
    let csrf = reader.csrf().await;
    let fields = format!("csrf={csrf}&name=Billing&app_key=billing&registration=automatic&secret=generate");
    let request = awc::Client::default().post(format!("{}/executors/new", reader.base));
    let request = request.insert_header(("Cookie", reader.session.as_str()));
    let request = request.insert_header(("Content-Type", "application/x-www-form-urlencoded"));
    let request = request.insert_header(("X-Forwarded-Host", "mine.example, jobs.example"));
    let forwarded = request.insert_header(("Forwarded", "host=evil.example;proto=https"));
    let mut page = forwarded.insert_header(("X-Forwarded-Proto", "https")).send_body(fields).await.unwrap();
    let text = String::from_utf8(page.body().await.unwrap().to_vec()).unwrap();
    let named = text.split("adminAddress: ").nth(1).unwrap_or_else(|| panic!("{text}"));
    named.lines().next().unwrap().replace("&#34;", "").replace("&quot;", "").replace('"', "")
}

#[actix_web::test]
async fn a_snippet_names_what_a_proxy_says_of_the_admins_address_only_where_it_was_named() {
    let stage = Stage::start().await;
    assert_eq!(named_address(&stage).await, format!("http://{}", stage.running.address()));
    let behind = Stage::start_with(|config| {
        config.admin.http.trusted_proxies = "127.0.0.0/8".parse().unwrap();
    });
    assert_eq!(named_address(&behind.await).await, "https://jobs.example");
}

#[actix_web::test]
async fn an_edited_executor_keeps_its_secret_unless_told_otherwise() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    reader.executor("Billing", "billing", "s3cret").await;
    let edit = async |fields: &[(&str, &str)]| {
        let same = [("name", "Billing"), ("app_key", "billing"), ("registration", "automatic")];
        reader.submit("/executors/1/edit", &[&same, fields].concat()).await
    };
    let secret = async || stage.running.app().scheduler.executor_by_key("billing").unwrap().secret.clone();
    assert_eq!(edit(&[("secret", "keep")]).await.status, 303);
    assert_eq!(secret().await.as_deref(), Some("s3cret"));
    assert_eq!(edit(&[("secret", "generate")]).await.status, 200);
    assert!(secret().await.is_some_and(|secret| secret.len() == 43));
    assert_eq!(edit(&[("secret", "own"), ("app_secret", "")]).await.status, 422);
    assert_eq!(edit(&[("secret", "none")]).await.status, 303);
    assert_eq!(secret().await, None);
}

#[actix_web::test]
async fn a_taken_key_and_a_wrong_address_are_blamed_on_their_fields() {
    let stage = Stage::start().await;
    let reader = stage.reader("zh-CN").await;
    reader.executor("Billing", "billing", "s").await;
    let taken = reader.submit("/executors/new", &[("name", "x"), ("app_key", "billing"), ("secret", "none")]).await;
    assert!(taken.status == 422 && taken.text.contains("id=\"app_key-problem\""), "{}", taken.text);
    let fields =
        [("name", "x"), ("app_key", "y"), ("secret", "none"), ("registration", "manual"), ("addresses", "ftp://x")];
    let wrong = reader.submit("/executors/new", &fields).await;
    assert!(
        wrong.status == 422 && wrong.text.contains("id=\"addresses-problem\"") && wrong.text.contains("ftp://x"),
        "{}",
        wrong.text
    );
}

#[actix_web::test]
async fn an_executor_in_use_cannot_be_deleted_and_the_page_says_why() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let executor = reader.executor("Billing", "billing", "s").await;
    let job = reader.job(executor, "one").await;
    let ask = reader.get("/executors/1/delete").await;
    assert!(
        ask.text.contains("It is in use by 1 job.") && !ask.text.contains("action=\"/executors/1/delete\""),
        "{}",
        ask.text
    );
    let csrf = reader.csrf().await;
    assert_eq!(reader.post("/executors/1/delete", &[("csrf", &csrf)]).await.location, "/executors/1/delete");
    assert_eq!(reader.post(&format!("/jobs/{job}/delete"), &[("csrf", &csrf)]).await.status, 303);
    assert_eq!(reader.post("/executors/1/delete", &[("csrf", &csrf)]).await.location, "/executors");
}

#[actix_web::test]
async fn which_nodes_still_go_by_the_secret_before_is_seen_on_the_page_of_the_executor() {
    let stage = Stage::start().await;
    let mut reader = stage.reader("en").await;
    reader.executor("Billing", "billing", "s3cret").await;
    node(&reader, "billing", "s3cret").await;
    assert!(!reader.get("/executors/1").await.text.contains("the secret before<"));
    let same = [("name", "Billing"), ("app_key", "billing"), ("registration", "automatic")];
    let rotated = async |overlap: &str| {
        let fields = [&same[..], &[("secret", "generate"), ("overlap", overlap)]].concat();
        assert_eq!(reader.submit("/executors/1/edit", &fields).await.status, 200);
    };
    rotated("3600").await;
    assert!(reader.get("/executors/1").await.text.contains("still uses the secret before"));
    rotated("0").await;
    reader.lang = "zh-CN";
    let page = reader.until("/executors/1", "使用的密钥已失效").await;
    assert!(!page.text.contains("has not called in"), "{}", page.text);
}
