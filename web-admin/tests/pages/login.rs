//! Getting in and out.

use crate::support::{PASSWORD, Stage};

#[actix_web::test]
async fn a_stranger_is_led_to_the_login_page_and_back_again() {
    let stage = Stage::start().await;
    let stranger = stage.stranger("en");
    let page = stranger.get("/runs?state=failed").await;
    assert_eq!((page.status, page.location.as_str()), (303, "/login?next=%2Fruns%3Fstate%3Dfailed"));
    let form = stranger.get(&page.location).await;
    assert_eq!(form.hidden("next"), "/runs?state=failed");
    let entered =
        stranger.post("/login", &[("name", "admin"), ("password", PASSWORD), ("next", "/runs?state=failed")]).await;
    assert_eq!((entered.status, entered.location.as_str()), (303, "/runs?state=failed"));
}

#[actix_web::test]
async fn a_login_never_leads_to_another_site() {
    let stage = Stage::start().await;
    let fields = [("name", "admin"), ("password", PASSWORD), ("next", "//evil.example/")];
    assert_eq!(stage.stranger("en").post("/login", &fields).await.location, "/");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_name_read_the_same() {
    let stage = Stage::start().await;
    let stranger = stage.stranger("zh-CN");
    let wrong = stranger.post("/login", &[("name", "admin"), ("password", "x")]).await;
    let unknown = stranger.post("/login", &[("name", "admin2"), ("password", "x")]).await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.text.replace("value=\"admin\"", ""), unknown.text.replace("value=\"admin2\"", ""));
    assert!(
        wrong.text.contains("用户名或密码不正确。") && wrong.text.contains("value=\"admin\""),
        "the name stays as typed"
    );
}

#[actix_web::test]
async fn logging_out_ends_the_session() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let csrf = reader.csrf().await;
    assert_eq!(reader.post("/logout", &[("csrf", "stolen")]).await.status, 403);
    assert_eq!(reader.get("/account").await.status, 200, "a form of another site logs nobody out");
    assert_eq!(reader.post("/logout", &[("csrf", &csrf)]).await.location, "/login");
    assert_eq!(reader.get("/account").await.status, 303);
}

#[actix_web::test]
async fn a_password_changes_only_with_the_present_one_and_typed_twice() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let csrf = reader.csrf().await;
    let change = async |old, new, again| {
        reader.post("/account/password", &[("csrf", &csrf), ("old", old), ("new", new), ("again", again)]).await
    };
    let differ = change(PASSWORD, "another password", "another passwort").await;
    assert!(differ.status == 422 && differ.text.contains("id=\"again-problem\""), "{}", differ.text);
    let wrong = change("not it", "another password", "another password").await;
    assert!(wrong.status == 422 && wrong.text.contains("id=\"old-problem\""), "{}", wrong.text);
    let short = change(PASSWORD, "short", "short").await;
    assert!(short.status == 422 && short.text.contains("id=\"new-problem\""), "{}", short.text);
    assert!(!short.text.contains(PASSWORD), "no password comes back");
    assert_eq!(change(PASSWORD, "another password", "another password").await.status, 303);
    let entered = stage.stranger("en").post("/login", &[("name", "admin"), ("password", "another password")]).await;
    assert_eq!(entered.status, 303);
}

#[actix_web::test]
async fn a_login_whose_cookie_does_not_come_back_is_told_so_and_no_other_is() {
    let stage = Stage::start_with(|config| config.admin.session.secure_cookie = true).await;
    let mut browser = stage.stranger("en");
    let fields = [("name", "admin"), ("password", PASSWORD)];
    let entered = browser.post("/login", &fields).await;
    let kept = |name: &str| entered.cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap().clone();
    // By plain HTTP a browser keeps what is not marked as secure.
    browser.session = kept("hzm_entered=");
    for (lang, part) in [("en", "did not keep it"), ("zh-CN", "没有保留会话")] {
        browser.lang = lang;
        let page = browser.get("/login?next=%2F").await;
        assert!(page.text.contains(part) && page.text.contains("session.secureCookie"), "{}", page.text);
    }
    browser.session = format!("{}; {}", kept("hzm_entered="), kept("hzm_session="));
    assert!(!browser.get("/login").await.text.contains("session.secureCookie"), "its cookie came back");
    let left = browser.post("/logout", &[("csrf", &browser.csrf().await)]).await;
    assert!(left.cookies.contains(&"hzm_entered=1".to_owned()) || left.cookies.contains(&"hzm_entered=".to_owned()));
    let usual = Stage::start().await.stranger("en").post("/login", &fields).await;
    assert!(!usual.cookies.iter().any(|cookie| cookie.starts_with("hzm_entered")), "{:?}", usual.cookies);
}

#[actix_web::test]
async fn the_form_of_a_password_says_how_long_it_has_to_be() {
    let stage = Stage::start().await;
    assert!(stage.reader("en").await.get("/account").await.text.contains("At least 8 characters."));
    assert!(stage.reader("zh-CN").await.get("/account").await.text.contains("至少 8 个字符。"));
}
