//! Users and tokens by forms: passwords and tokens shown once, and pages that offer a role no more than it may.

use crate::support::{PASSWORD, Page, Reader, Stage};

/// The secret that a page shows.
fn secret(page: &Page) -> String {
    let rest = page.text.split("<code id=\"secret\">").nth(1).unwrap_or_else(|| panic!("{}", page.text));
    rest.split('<').next().unwrap().to_owned()
}

async fn logged_in(stage: &Stage, name: &str, password: &str) -> Reader {
    let mut reader = stage.stranger("en");
    let page = reader.post("/login", &[("name", name), ("password", password)]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    reader.session = page.cookies.iter().find(|cookie| cookie.starts_with("hzm_session=")).unwrap().clone();
    reader
}

/// A user of this role who has chosen the password.
async fn user(stage: &Stage, root: &Reader, name: &str, role: &str, executor: Option<i64>) -> Reader {
    let executor = executor.map(|id| id.to_string());
    let reach = if executor.is_some() { "some" } else { "all" };
    let mut fields = vec![("name", name), ("role", role), ("reach", reach)];
    fields.extend(executor.as_deref().map(|id| ("executor", id)));
    let made = root.submit("/users/new", &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let password = secret(&made);
    let reader = logged_in(stage, name, &password).await;
    let fields = [("old", password.as_str()), ("new", PASSWORD), ("again", PASSWORD)];
    let csrf = reader.csrf().await;
    let changed = reader.post("/account/password", &[&fields[..], &[("csrf", csrf.as_str())]].concat()).await;
    assert_eq!(changed.status, 303, "{}", changed.text);
    reader
}

#[actix_web::test]
async fn a_new_user_is_led_to_the_change_of_its_password_and_nowhere_else() {
    let stage = Stage::start().await;
    let root = stage.reader("en").await;
    let made = root.submit("/users/new", &[("name", "ann"), ("role", "viewer"), ("reach", "all")]).await;
    let password = secret(&made);
    assert_eq!(password.len(), 16);
    for path in ["/users", "/operations"] {
        assert!(!root.get(path).await.text.contains(&password), "{path} shows the password");
    }
    let ann = logged_in(&stage, "ann", &password).await;
    for path in ["/", "/jobs", "/account/tokens/new", "/search?q=x"] {
        let page = ann.get(path).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/account"), "{path}");
    }
    let account = ann.get("/account").await;
    assert!(account.text.contains("change it first") && !account.text.contains("href=\"/jobs\""), "{}", account.text);
}

#[actix_web::test]
async fn each_role_is_offered_what_it_may_and_no_more() {
    let stage = Stage::start().await;
    let root = stage.reader("en").await;
    let executor = root.executor("Billing", "billing", "s3cret").await;
    let job = root.job(executor, "nightly").await;
    let offers = [
        ("viewer", [false, false, false]),
        ("operator", [true, false, false]),
        ("editor", [true, true, false]),
        ("administrator", [true, true, true]),
    ];
    for (role, [operates, edits, administers]) in offers {
        let reader = user(&stage, &root, role, role, Some(executor)).await;
        let (page, list) = (reader.get(&format!("/jobs/{job}")).await, reader.get("/jobs").await);
        let executors = reader.get("/executors").await;
        for (what, offered, may) in [
            ("run", page.text.contains(&format!("href=\"/jobs/{job}/run\"")), operates),
            ("stop or start", page.text.contains(&format!("action=\"/jobs/{job}/start\"")), operates),
            ("bulk", list.text.contains("id=\"bulk\""), operates),
            ("edit", page.text.contains(&format!("href=\"/jobs/{job}/edit\"")), edits),
            ("new job", list.text.contains("href=\"/jobs/new\""), edits),
            ("new executor", executors.text.contains("href=\"/executors/new\""), administers),
            ("users", list.text.contains("href=\"/users\""), administers),
            ("operation log", list.text.contains("href=\"/operations\""), administers),
        ] {
            assert_eq!(offered, may, "{role}: {what}");
        }
        let denied = reader.get("/users").await;
        assert_eq!(denied.status, if administers { 200 } else { 403 });
        denied.assert_sound("/users", "en");
    }
}

#[actix_web::test]
async fn a_user_is_edited_gets_a_new_password_and_is_deleted_by_forms() {
    let stage = Stage::start().await;
    let root = stage.reader("zh-CN").await;
    let executor = root.executor("账单", "billing", "s3cret").await.to_string();
    let ann = user(&stage, &root, "ann", "viewer", None).await;
    let path = "/users/2";
    let changed = root.submit(path, &[("role", "editor"), ("reach", "some"), ("executor", &executor)]).await;
    assert_eq!((changed.status, changed.location.as_str()), (303, "/users"), "{}", changed.text);
    assert_eq!(ann.get("/jobs").await.location, "/login?next=%2Fjobs", "its session is over");
    let list = root.get("/users").await;
    assert!(list.text.contains("编辑") && list.text.contains("账单"), "{}", list.text);
    let wrong = root.submit(path, &[("role", "root"), ("reach", "some"), ("executor", &executor)]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains(&format!("value=\"{executor}\" checked")), "what was ticked stays: {}", wrong.text);
    let csrf = root.csrf().await;
    let renewed = root.post("/users/2/password", &[("csrf", &csrf)]).await;
    assert_eq!(secret(&renewed).len(), 16);
    assert_eq!(root.submit("/users/2/delete", &[]).await.location, "/users");
    assert_eq!(root.get(path).await.status, 404);
    let last = root.submit("/users/1/delete", &[]).await;
    assert_eq!(last.location, "/users/1", "the last administrator stays");
}

#[actix_web::test]
async fn a_token_is_shown_once_listed_without_itself_and_ended() {
    let stage = Stage::start().await;
    let root = stage.reader("en").await;
    let fields = [("name", "nightly import"), ("role", "editor"), ("reach", "all"), ("days", "30")];
    let made = root.submit("/account/tokens/new", &fields).await;
    let token = secret(&made);
    assert!(token.starts_with("hzm_") && made.status == 200);
    made.assert_sound("/account/tokens/new", "en");
    let account = root.get("/account").await;
    assert!(account.text.contains("nightly import") && !account.text.contains(&token));
    let nameless = root.submit("/account/tokens/new", &[("name", ""), ("role", "editor"), ("days", "30")]).await;
    assert_eq!(nameless.status, 422);
    let csrf = root.csrf().await;
    assert_eq!(root.post("/account/tokens/end", &[("csrf", &csrf), ("token", "1")]).await.status, 303);
    assert!(!root.get("/account").await.text.contains("nightly import"));
}

#[actix_web::test]
async fn the_last_administrator_is_told_at_the_field_that_would_keep_it_out() {
    let stage = Stage::start().await;
    let root = stage.reader("en").await;
    let same = [("role", "administrator"), ("reach", "all")];
    let kept_out = root.submit("/users/1", &[&same[..], &[("disabled", "1")]].concat()).await;
    assert!(kept_out.text.contains("id=\"disabled-problem\"") && !kept_out.text.contains("id=\"role-problem\""));
    let demoted = root.submit("/users/1", &[("role", "viewer"), ("reach", "all")]).await;
    assert!(demoted.text.contains("id=\"role-problem\"") && !demoted.text.contains("id=\"disabled-problem\""));
}

#[actix_web::test]
async fn the_operation_log_is_chinese_for_chinese_readers_also_where_it_was_written_in_english() {
    let stage = Stage::start().await;
    let root = stage.reader("zh-CN").await;
    stage.stranger("en").post("/login", &[("name", "admin"), ("password", "not it")]).await;
    root.submit("/users/new", &[("name", "ann"), ("role", "editor"), ("reach", "some")]).await;
    root.submit("/account/tokens/new", &[("name", "ci"), ("role", "viewer"), ("reach", "all"), ("days", "7")]).await;
    let app = stage.running.app();
    hzm_job_admin::first_user::reset(&app.store, "ann", app.now()).await.unwrap();
    let log = root.get("/operations").await.text;
    for part in ["原因", "用户名或密码不正确", "（命令行）", "已修改", "角色", "编辑", "执行器", "禁止登录", "到期时间"]
    {
        assert!(log.contains(part), "{part}: {log}");
    }
    for part in
        ["wrong name or password", "(command line)", "<ins><span class=\"unseen\">修改后 </span>用户名或密码不正确"]
    {
        assert!(!log.contains(part), "{part}: {log}");
    }
    assert!(
        log.contains("<span title=\"executors\">执行器</span> <ins><span class=\"unseen\">修改后 </span>无</ins>"),
        "{log}"
    );
}
