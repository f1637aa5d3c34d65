//! Logins by a real directory.

use crate::support::{Admin, Client, PASSWORD};
use crate::world::World;
use actix_web::http::Method;
use hzm_job_admin::config::{Config, GroupRule};
use serde_json::{Value, json};

fn rule(group: &str, role: &str, executors: Option<&[&str]>) -> GroupRule {
    let executors = executors.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
    GroupRule { group: group.into(), role: role.into(), executors }
}

/// Alice is in Ops, Bob is not; nobody else is in any group that counts.
fn with_directory(world: &World) -> impl FnOnce(&mut Config) + use<> {
    let settings = world.settings();
    move |config| {
        config.admin.ldap.addr = settings.addr;
        config.admin.ldap.dc = settings.dc;
        config.admin.ldap.group = settings.group;
        config.admin.groups = vec![
            rule("cn=Ops,ou=groups,dc=example,dc=org", "operator", Some(&["billing", "not-there-yet"])),
            rule("Dev, Team", "viewer", Some(&["billing"])),
        ];
    }
}

async fn user(root: &Client, name: &str) -> Value {
    let users = root.get("/api/v1/users").await.json();
    users["items"].as_array().unwrap().iter().find(|user| user["name"] == name).cloned().unwrap_or(Value::Null)
}

#[actix_web::test]
async fn a_user_of_the_directory_comes_about_with_the_first_login_and_has_what_its_groups_may() {
    let Some(world) = World::start() else { return };
    let admin = Admin::start_with(with_directory(&world)).await;
    let root = admin.client().await;
    let (billing, other) = (root.executor("billing", None).await, root.executor("other", None).await);
    let alice = admin.client_of("alice", "wonderland").await;
    let me = alice.get("/api/v1/session").await.json();
    assert_eq!((&me["name"], &me["role"], &me["executors"]), (&json!("Alice"), &json!("operator"), &json!([billing])));
    alice.get(&format!("/api/v1/executors/{other}")).await.problem(404);
    alice.post("/api/v1/executors", json!({ "name": "x", "app_key": "x" })).await.problem(403);
    let known = user(&root, "Alice").await;
    assert_eq!((&known["origin"], &known["must_change"]), (&json!("ldap"), &json!(false)));
    // Another spelling is the same user.
    admin.client_of("ALICE", "wonderland").await;
    assert_eq!(root.get("/api/v1/users").await.json()["items"].as_array().unwrap().len(), 2);
    admin.login("alice", "wrong").await.problem(401);
    admin.login("alice", "").await.problem(401);
    admin.login("*", "wonderland").await.problem(401);
}

#[actix_web::test]
async fn whoever_is_in_no_group_that_counts_is_told_so_and_gets_no_account() {
    let Some(world) = World::start() else { return };
    let change = with_directory(&world);
    let admin = Admin::start_with(|config| {
        change(config);
        config.admin.groups.remove(1);
    });
    let admin = admin.await;
    assert_eq!(admin.login("Twin", "same").await.status, 403);
    assert_eq!(user(&admin.client().await, "Twin").await, Value::Null);
}

#[actix_web::test]
async fn a_directory_that_is_down_keeps_out_its_own_users_and_nobody_else() {
    let Some(world) = World::start() else { return };
    let change = with_directory(&world);
    let admin = Admin::start_with(|config| {
        change(config);
        config.admin.ldap.within = chrono::TimeDelta::seconds(1);
    });
    let admin = admin.await;
    let alice = admin.client_of("alice", "wonderland").await;
    world.directory.pause().unwrap();
    let told = admin.login("alice", "wonderland").await.problem(503);
    assert!(told["detail"].as_str().unwrap().contains("the directory that knows you cannot be asked"), "{told}");
    assert_eq!(told["instance"], Value::Null, "the directory's line in the log is the only one");
    assert_eq!(admin.login("admin", PASSWORD).await.status, 200);
    assert_eq!(alice.get("/api/v1/session").await.status, 200, "who is in stays in");
    world.directory.resume().unwrap();
}

#[actix_web::test]
async fn a_user_with_a_password_here_is_not_taken_over_by_one_of_the_same_name_there() {
    let Some(world) = World::start() else { return };
    let admin = Admin::start_with(with_directory(&world)).await;
    let root = admin.client().await;
    let made = root.post("/api/v1/users", json!({ "name": "Alice", "role": "administrator" })).await.json();
    admin.login("Alice", "wonderland").await.problem(401);
    // Nor by another spelling that the directory takes for the same.
    admin.login("alice", "wonderland").await.problem(401);
    assert_eq!(user(&root, "Alice").await["origin"], "local");
    assert_eq!(admin.login("Alice", made["password"].as_str().unwrap()).await.status, 200);
}

#[actix_web::test]
async fn what_is_decided_elsewhere_is_not_decided_here() {
    let Some(world) = World::start() else { return };
    let admin = Admin::start_with(with_directory(&world)).await;
    let root = admin.client().await;
    root.executor("billing", None).await;
    let alice = admin.client_of("alice", "wonderland").await;
    let known = user(&root, "Alice").await;
    let path = format!("/api/v1/users/{}", known["id"]);
    let update = |role: &str, disabled: bool| json!({ "version": known["version"], "role": role, "executors": known["executors"], "disabled": disabled });
    let refused = root.put(&path, update("administrator", false)).await.wrong_fields();
    assert_eq!(refused, [("role".to_owned(), "elsewhere".to_owned())]);
    assert_eq!(root.post(&format!("{path}/password"), json!({})).await.status, 409);
    let own = alice.put("/api/v1/session/password", json!({ "old": "wonderland", "new": "another password" })).await;
    assert_eq!(own.status, 409, "{}", own.text);
    // A token would outlive what the directory says.
    alice.post("/api/v1/tokens", json!({ "name": "x", "role": "viewer" })).await.problem(403);
    assert_eq!(root.put(&path, update("operator", true)).await.status, 200, "but it may be kept out");
    alice.get("/api/v1/session").await.problem(401);
    admin.login("alice", "wonderland").await.problem(401);
}

/// Object and reason of the failed logins, newest first.
async fn failures(root: &Client) -> Vec<(String, String)> {
    let log = root.get("/api/v1/operations?size=100").await.json();
    let failed = log["items"].as_array().unwrap().iter().filter(|done| done["action"] == "login_failed");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    failed.map(|done| (text(&done["object_name"]), text(&done["changes"][0]["after"]))).collect()
}

#[actix_web::test]
async fn why_a_login_failed_stands_in_the_log_with_the_name_only_where_the_directory_vouched_for_it() {
    let Some(world) = World::start() else { return };
    let change = with_directory(&world);
    let admin = Admin::start_with(|config| {
        change(config);
        config.admin.ldap.within = chrono::TimeDelta::seconds(1);
    });
    let admin = admin.await;
    let root = admin.client().await;
    root.executor("billing", None).await;
    admin.login("alice-s-password", "alice").await.problem(401);
    admin.login("twin", "same").await.problem(403);
    let odd = admin.login("Smith, John (jr.) *", "hello").await.problem(403);
    assert!(odd["detail"].as_str().unwrap().contains("brackets"), "{odd}");
    admin.client_of("alice", "wonderland").await;
    let known = user(&root, "Alice").await;
    let kept_out = json!({ "version": known["version"], "role": known["role"], "executors": known["executors"], "disabled": true });
    assert_eq!(root.put(&format!("/api/v1/users/{}", known["id"]), kept_out).await.status, 200);
    admin.login("Alice", "wonderland").await.problem(401);
    world.directory.pause().unwrap();
    admin.login("alice", "wonderland").await.problem(503);
    world.directory.resume().unwrap();
    let told = failures(&root).await;
    let told: Vec<(&str, &str)> = told.iter().map(|(name, why)| (name.as_str(), why.as_str())).collect();
    assert_eq!(told[0].1, "the directory or provider could not be asked");
    let expected = [
        ("Alice", "the user may not log in here"),
        ("Smith, John (jr.) *", "the name has brackets, or letters that nobody sees"),
        ("Twin", "in no group that may do something here"),
        ("", "wrong name or password"),
    ];
    assert_eq!(told[1..], expected);
}

#[actix_web::test]
async fn pages_offer_a_user_of_the_directory_nothing_that_is_always_refused_and_say_that_deleting_keeps_nobody_out() {
    let Some(world) = World::start() else { return };
    let admin = Admin::start_with(with_directory(&world)).await;
    let root = admin.client().await;
    root.executor("billing", None).await;
    let alice = admin.client_of("alice", "wonderland").await;
    let account = alice.get("/account").await.text;
    assert!(account.contains("Tokens are for users with a password here") && !account.contains("/account/tokens/new"));
    assert!(account.contains("change your password where it is kept"), "{account}");
    let refused = alice.get("/account/tokens/new").await;
    assert!(refused.status == 403 && refused.text.contains("Tokens are for users with a password here"));
    let typed = [("Content-Type", "application/x-www-form-urlencoded")];
    let sent = format!("csrf={}&name=x&role=viewer&reach=all&days=7", alice.csrf()).into_bytes();
    let refused = alice.call(Method::POST, "/account/tokens/new", Some(sent), &typed).await;
    assert!(refused.status == 403 && refused.text.contains("Tokens are for users with a password here"));
    let known = user(&root, "Alice").await;
    let path = format!("/users/{}", known["id"]);
    let form = root.get(&path).await.text;
    assert_eq!(form.matches("<fieldset class=\"field\" disabled>").count(), 2, "{form}");
    assert!(root.get(&format!("{path}/delete")).await.text.contains("the next login makes it again"));
    // What a browser sends of that form: nothing of what is disabled.
    let sent = format!("csrf={}&version={}&disabled=1", root.csrf(), known["version"]).into_bytes();
    assert_eq!(root.call(Method::POST, &path, Some(sent), &typed).await.status, 303);
    let now = user(&root, "Alice").await;
    assert_eq!(
        (&now["disabled"], &now["role"], &now["executors"]),
        (&json!(true), &known["role"], &known["executors"])
    );
    let root_form = root.get("/users/1/delete").await.text;
    assert!(!root_form.contains("the next login makes it again"), "one with a password here stays away");
}
