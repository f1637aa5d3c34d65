//! Every address × every role × objects on granted and on other executors: what happens is what `docs/permissions.md` says.

mod table;

use crate::support::{Admin, Answer, Client};
use actix_web::http::Method;
use hzm_job_admin::access::Role;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use table::{Elsewhere, Row, rows};

/// Somebody who calls an address.
struct Caller {
    name: String,
    role: Role,
    /// Whether all executors were granted, or only the first one.
    sees_all: bool,
    client: Client,
}

/// The stage: an executor that is granted, and one that is not, each with a job, a run and a node.
struct World {
    admin: Admin,
    root: Client,
    own: i64,
    foreign: i64,
    /// Objects that no call changes, by kind and executor.
    objects: RefCell<HashMap<(&'static str, i64), String>>,
}

impl World {
    async fn start() -> World {
        let admin = Admin::start().await;
        let root = admin.client().await;
        let own = root.executor("own", None).await;
        let foreign = root.executor("foreign", None).await;
        World { admin, root, own, foreign, objects: RefCell::default() }
    }

    async fn caller(&self, role: Role, sees_all: bool) -> Caller {
        let name = format!("{}-{}", role.word(), if sees_all { "of-all" } else { "of-one" });
        let executors = if sees_all { Value::Null } else { json!([self.own]) };
        let client = self.admin.user(&self.root, &name, role.word(), executors).await;
        Caller { name, role, sees_all, client }
    }

    /// An address of the table with numbers in it, on this executor. A call that may change its object gets one of its own.
    async fn address(&self, row: &Row, executor: i64, changes: bool) -> String {
        let id = match object(&row.path) {
            "" => String::new(),
            "session" => "0".repeat(64),
            "token" => "987654".to_owned(),
            "executor" => {
                // It must not go: it has jobs.
                self.known("job", executor, false).await;
                executor.to_string()
            }
            kind => self.known(kind, executor, changes).await,
        };
        row.path.replace("{id}", &id).replace("{node}", "987654").replace("{name}", &format!("executor/{executor}"))
    }

    /// The number of an object of this kind: the one that is there, or a new one.
    async fn known(&self, kind: &'static str, executor: i64, is_new: bool) -> String {
        let there = self.objects.borrow().get(&(kind, executor)).cloned();
        if let Some(there) = there.filter(|_| !is_new) {
            return there;
        }
        let made = match kind {
            "job" => self.root.job(executor).await.to_string(),
            "run" => {
                let job = self.root.job(executor).await;
                self.root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].to_string()
            }
            _ => {
                let wish = json!({ "name": uuid::Uuid::new_v4().to_string(), "role": "viewer" });
                self.root.post("/api/v1/users", wish).await.json()["id"].to_string()
            }
        };
        if !is_new {
            self.objects.borrow_mut().insert((kind, executor), made.clone());
        }
        made
    }
}

/// What `{id}` of an address stands for.
fn object(path: &str) -> &'static str {
    let kinds =
        [("/sessions/", "session"), ("/tokens/", "token"), ("/users/", "user"), ("/jobs/", "job"), ("/runs/", "run")];
    let found = kinds.into_iter().find(|(part, _)| path.contains(part)).map_or("executor", |(_, kind)| kind);
    if path.contains("{id}") { found } else { "" }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It got to its handler, whatever that said.
    Through,
    /// Nobody is logged in.
    Stranger,
    /// The role, or that some executors only are granted, forbids it.
    Refused,
    /// There is no such object.
    Missing,
}

fn fate(answer: &Answer) -> Fate {
    let to_login = answer.location.as_deref().is_some_and(|place| place.starts_with("/login"));
    match answer.status {
        401 => Fate::Stranger,
        303 if to_login => Fate::Stranger,
        403 if answer.text.contains("fault") => Fate::Through,
        403 => Fate::Refused,
        404 => Fate::Missing,
        _ => Fate::Through,
    }
}

/// The outcome of a call by somebody who is logged in, as the table has it.
fn expected(row: &Row, caller: &Caller, is_own: bool) -> Vec<Fate> {
    let by_form = row.path == "/actors/release";
    let names_object = (row.path.contains("{id}") && row.elsewhere == Elsewhere::Hidden) || by_form;
    let may = row.roles.contains(&caller.role);
    if names_object && !is_own && !caller.sees_all && (may || !by_form) {
        return vec![Fate::Missing];
    }
    if !may || (row.elsewhere == Elsewhere::Refused && !caller.sees_all) {
        return vec![Fate::Refused];
    }
    // What the handler itself does not find: a node, a session, an actor that is in quarantine.
    let looks_further = ["{node}", "{name}", "/sessions", "/tokens/{id}", "/tokens/end", "/forget"]
        .iter()
        .any(|part| row.path.contains(part));
    if looks_further && row.method != Method::GET { vec![Fate::Missing] } else { vec![Fate::Through] }
}

/// Forms of pages need the session's token; without it they are refused for that, which looks like a missing permission.
async fn call(client: &Client, row: &Row, path: &str, executor: i64) -> Answer {
    if path == "/api/v1/events" {
        return client.get_head(path).await;
    }
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    let is_page = !path.starts_with("/api/");
    let body =
        if is_page { format!("csrf={}&name=executor/{executor}", client.csrf()).into_bytes() } else { b"{}".to_vec() };
    let body = (row.method != Method::GET).then_some(body);
    client.call(row.method.clone(), path, body, &[("Content-Type", if is_page { form } else { json })]).await
}

#[actix_web::test]
async fn each_role_gets_as_far_as_the_table_says_and_no_further() {
    let world = World::start().await;
    let mut callers = Vec::new();
    for role in Role::ALL {
        callers.push(world.caller(role, true).await);
        if role != Role::Administrator {
            callers.push(world.caller(role, false).await);
        }
    }
    let (mut tried, mut wrong) = (0, Vec::new());
    // What ends the caller's own session is tried by the tests of sessions.
    for row in rows().iter().filter(|row| !is_log_out(row)) {
        for caller in &callers {
            for is_own in [true, false] {
                let expected = expected(row, caller, is_own);
                let changes = row.method != Method::GET && expected.contains(&Fate::Through);
                let executor = if is_own { world.own } else { world.foreign };
                let path = world.address(row, executor, changes).await;
                let answer = call(&caller.client, row, &path, executor).await;
                let found = fate(&answer);
                tried += 1;
                if !expected.contains(&found) {
                    wrong.push(format!(
                        "{} {} by {} on {}: {found:?} ({}), not {expected:?}",
                        row.method,
                        row.path,
                        caller.name,
                        if is_own { "its own" } else { "another" },
                        answer.status,
                    ));
                }
            }
        }
    }
    println!("{} addresses, {} callers, {tried} calls", rows().len(), callers.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_log_out(row: &Row) -> bool {
    row.path == "/logout" || row.path == "/login" || (row.path == "/api/v1/session" && row.method != Method::GET)
}

#[actix_web::test]
async fn a_stranger_gets_no_further_than_the_table_says() {
    let world = World::start().await;
    for row in rows() {
        let path = world.address(&row, world.own, false).await;
        let answer = world.admin.stranger(row.method.clone(), &path, None).await;
        let is_login = row.path.ends_with("/session") || (row.path == "/login" && row.method == Method::POST);
        let expected = if row.stranger && !is_login { Fate::Through } else { Fate::Stranger };
        if !(is_login && row.stranger) {
            assert_eq!(fate(&answer), expected, "{} {}: {}", row.method, row.path, answer.status);
        }
    }
}

#[actix_web::test]
async fn lists_show_what_is_on_granted_executors_only() {
    let world = World::start().await;
    let (mine, theirs) = (world.root.job(world.own).await, world.root.job(world.foreign).await);
    for job in [mine, theirs] {
        assert_eq!(world.root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.status, 201);
    }
    let viewer = world.caller(Role::Viewer, false).await.client;
    let ids = async |path: &str, field: &str| -> Vec<i64> {
        let list = viewer.get(path).await.json();
        list["items"].as_array().unwrap().iter().map(|item| item[field].as_i64().unwrap()).collect()
    };
    assert_eq!(ids("/api/v1/jobs", "id").await, [mine]);
    assert_eq!(ids("/api/v1/runs", "job").await, [mine]);
    assert_eq!(ids("/api/v1/executors", "id").await, [world.own]);
    for path in [format!("/api/v1/jobs?executor={}", world.foreign), format!("/api/v1/runs?job={theirs}")] {
        assert_eq!(ids(&path, "id").await, [0_i64; 0], "{path}");
    }
    let run = world.root.get(&format!("/api/v1/runs?job={theirs}")).await.json()["items"][0]["id"].to_string();
    for path in ["/jobs", "/runs", "/executors", "/search?q=work", "/search?q=foreign", &format!("/search?q={run}")] {
        let page = viewer.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for trace in [format!("/jobs/{theirs}\""), format!("/runs/{run}\""), format!("/executors/{}\"", world.foreign)]
        {
            assert!(!page.text.contains(&trace), "{path} shows {trace}");
        }
    }
    let home = viewer.get("/").await;
    assert_eq!((home.status, home.location.as_deref()), (303, Some("/jobs")));
}

#[actix_web::test]
async fn what_only_the_body_names_is_held_to_the_same_rule() {
    let world = World::start().await;
    let (mine, theirs) = (world.root.job(world.own).await, world.root.job(world.foreign).await);
    let editor = world.caller(Role::Editor, false).await.client;
    let unknown = [("executor".to_owned(), "unknown_executor".to_owned())];
    let of = |executor: i64| json!({ "executor": executor, "name": "mine" });
    assert_eq!(editor.post("/api/v1/jobs", of(world.own)).await.status, 201);
    assert_eq!(editor.post("/api/v1/jobs", of(world.foreign)).await.wrong_fields(), unknown);
    let batch = editor.post("/api/v1/jobs/batch", json!({ "jobs": [of(world.foreign), of(world.own)] })).await.json();
    assert_eq!((&batch["items"][0]["status"], &batch["items"][1]["status"]), (&json!(422), &json!(201)));
    let moved = json!({ "executor": world.foreign, "name": "mine", "version": 1 });
    assert_eq!(editor.put(&format!("/api/v1/jobs/{mine}"), moved).await.wrong_fields(), unknown);
    for scope in [json!({ "job": theirs }), json!({ "executor": world.foreign })] {
        let mut clear = json!({ "rule": "all", "dry_run": true });
        clear.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
        assert_eq!(editor.post("/api/v1/runs/clear", clear).await.status, 404);
    }
    editor.post("/api/v1/runs/clear", json!({ "rule": "all" })).await.problem(403);
    assert_eq!(editor.post("/api/v1/runs/clear", json!({ "rule": "all", "job": mine })).await.status, 200);
    let release = format!("/api/v1/actors/job/{theirs}/release");
    assert_eq!(editor.post(&release, json!({})).await.status, 404);
    let form = format!("csrf={}&do=start&id={theirs}&id={mine}", editor.csrf());
    let typed = [("Content-Type", "application/x-www-form-urlencoded")];
    editor.call(Method::POST, "/jobs/bulk", Some(form.into_bytes()), &typed).await;
    let started = |job: i64| format!("/api/v1/jobs/{job}");
    assert_eq!(world.root.get(&started(theirs)).await.json()["enabled"], false);
    assert_eq!(world.root.get(&started(mine)).await.json()["enabled"], true);
}

#[actix_web::test]
async fn an_operator_cannot_delete_by_the_form_for_many() {
    let world = World::start().await;
    let job = world.root.job(world.own).await;
    let operator = world.caller(Role::Operator, false).await.client;
    let form = format!("csrf={}&do=delete&sure=1&id={job}", operator.csrf());
    let typed = [("Content-Type", "application/x-www-form-urlencoded")];
    operator.call(Method::POST, "/jobs/bulk", Some(form.into_bytes()), &typed).await;
    assert_eq!(world.root.get(&format!("/api/v1/jobs/{job}")).await.status, 200);
}

#[actix_web::test]
async fn a_job_moves_with_its_whole_history() {
    let world = World::start().await;
    let job = world.root.job(world.foreign).await;
    let run = world.root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].clone();
    let editor = world.caller(Role::Editor, false).await.client;
    let paths = [format!("/api/v1/runs/{run}"), format!("/runs/{run}"), format!("/jobs/{job}/runs")];
    let clear = json!({ "rule": "all", "executor": world.own, "dry_run": true });
    for path in &paths {
        assert_eq!(editor.get(path).await.status, 404, "{path}");
    }
    let moved = json!({ "executor": world.own, "name": "work", "version": 1 });
    assert_eq!(world.root.put(&format!("/api/v1/jobs/{job}"), moved).await.status, 200);
    for path in &paths {
        let page = editor.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains(">foreign<"), "{path} names the other executor");
    }
    let back = json!({ "executor": world.foreign, "name": "work", "version": 2 });
    assert_eq!(world.root.put(&format!("/api/v1/jobs/{job}"), back).await.status, 200);
    assert_eq!(editor.get(&paths[0]).await.status, 404);
    assert_eq!(editor.post("/api/v1/runs/clear", clear).await.json()["left"], 0);
}
