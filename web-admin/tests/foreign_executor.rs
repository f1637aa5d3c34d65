//! Any executor program against a real admin: register, trigger with parameters, success, failure, unknown job, cancel, kill, return.
//!
//! The program is named by `HZM_EXECUTOR_PROGRAM`, a command as one would type it in a shell; without it the case says that it was
//! skipped. It is started in an empty folder that has a `hzm-job.yaml` with `hzm.job.client.{port, adminAddress, appKey, appSecret,
//! localhost}`, and finds the same in its environment: `HZM_JOB_PORT`, `HZM_JOB_ADMIN`, `HZM_JOB_APP_KEY`, `HZM_JOB_APP_SECRET`, and under the
//! names `HZM_EXECUTOR_PORT` and `HZM_ADMIN_ADDRESS`. It must listen on 127.0.0.1 at that port.
//!
//! Its handlers are named by these variables; the defaults are the names in the original's Go example:
//!
//! | variable | default | what the handler does |
//! | --- | --- | --- |
//! | `HZM_EXECUTOR_SUCCEEDS` | `commonJobFuncTest` | takes the parameters, succeeds within a minute |
//! | `HZM_EXECUTOR_PARAMETERS` | `{"name":"任务"}` | the parameters to give it |
//! | `HZM_EXECUTOR_LONG` | `cancelableJobFuncTest` | runs until it is cancelled, then ends within a minute |
//! | `HZM_EXECUTOR_FAILS` | (none) | fails with a message; without it that step is skipped by name |

// Helpers outside `#[test]` functions count as test code for clippy only below this.
#![cfg(test)]

#[path = "process_support/admin.rs"]
mod admin;
#[path = "process_support/api.rs"]
mod api;
#[path = "process_support/guard.rs"]
mod guard;

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use admin::ProcessAdmin;
use api::ProcessApi;
use guard::{ProcessGuard, until};
use serde_json::{Value, json};

const APP_KEY: &str = "foreign-executor";

/// Beats that make a dead node show within seconds. Runs that are cancelled get time for a handler that looks rarely.
const QUICK_BEATS: &str =
    "      scheduling:\n        beatEveryMs: 500\n        offlineAfterBeats: 3\n        slowestProbeMs: 1000\n";

#[actix_web::test]
async fn a_foreign_executor_is_served_from_its_registration_to_its_return() {
    let Ok(program) = std::env::var("HZM_EXECUTOR_PROGRAM") else {
        return skipped("foreign executor: HZM_EXECUTOR_PROGRAM names no program");
    };
    let mut case = Case::start(program).await;
    case.registers().await;
    case.succeeds_with_parameters().await;
    case.fails().await;
    case.ends_an_unknown_job_as_failed().await;
    case.cancels().await;
    case.loses_the_runs_of_a_killed_node().await;
    case.takes_a_returning_node_back().await;
}

/// Said past the test harness, so that the suite counts it.
fn skipped(what: &str) {
    writeln!(std::io::stdout(), "skipped: {what}").unwrap();
}

struct Case {
    admin: ProcessAdmin,
    api: ProcessApi,
    executor: i64,
    program: String,
    secret: String,
    port: u16,
    workplace: PathBuf,
    node: Option<ProcessGuard>,
}

impl Case {
    async fn start(program: String) -> Case {
        let admin = ProcessAdmin::start(QUICK_BEATS).await;
        let api = ProcessApi::log_in(&admin).await;
        let made = api.post("/executors", json!({ "name": "Foreign executor", "app_key": APP_KEY })).await;
        let executor = made["id"].as_i64().unwrap();
        let answer = api.post(&format!("/executors/{executor}/secret"), Value::Null).await;
        let secret = answer["secret"].as_str().unwrap().to_owned();
        let workplace = admin.workplace("executor");
        Case { admin, api, executor, program, secret, port: admin::free_port(), workplace, node: None }
    }

    fn start_node(&mut self) {
        std::fs::write(self.workplace.join("hzm-job.yaml"), self.client_yaml()).unwrap();
        let (port, address) = (self.port.to_string(), self.admin.address());
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {}", self.program)]).current_dir(&self.workplace);
        command.envs([("HZM_JOB_PORT", &port), ("HZM_EXECUTOR_PORT", &port)]);
        command.envs([("HZM_JOB_ADMIN", &address), ("HZM_ADMIN_ADDRESS", &address)]);
        command.env("HZM_JOB_APP_KEY", APP_KEY).env("HZM_JOB_APP_SECRET", &self.secret);
        self.node = Some(ProcessGuard::start(&mut command));
    }

    /// What the original's clients read. `localhost` is the address that they announce.
    fn client_yaml(&self) -> String {
        format!(
            "hzm:\n  job:\n    client:\n      port: {}\n      adminAddress: {}\n      appKey: {APP_KEY}\n      appSecret: {}\n      \
             localhost: 127.0.0.1\n    common:\n      log:\n        level: info\n        type: json\n",
            self.port,
            self.admin.address(),
            self.secret
        )
    }

    async fn registers(&mut self) {
        self.start_node();
        self.node_becomes("online").await;
    }

    async fn succeeds_with_parameters(&self) {
        let parameters = variable("HZM_EXECUTOR_PARAMETERS", r#"{"name":"任务"}"#);
        let run = self.run(&succeeding(), Some(&parameters)).await;
        let ended = self.run_becomes(run, "succeeded").await;
        assert_eq!(ended["parameters"], parameters);
        assert_eq!(ended["code"], 200);
    }

    async fn fails(&self) {
        let Ok(handler) = std::env::var("HZM_EXECUTOR_FAILS") else {
            return skipped("foreign executor, failure: HZM_EXECUTOR_FAILS names no handler");
        };
        let run = self.run(&handler, None).await;
        let ended = self.run_becomes(run, "failed").await;
        assert_ne!(ended["code"], 200);
        assert!(!ended["message"].as_str().unwrap().is_empty());
    }

    async fn ends_an_unknown_job_as_failed(&self) {
        let run = self.run("no-such-handler-anywhere", None).await;
        let ended = self.run_becomes(run, "failed").await;
        assert_eq!((ended["code"].as_i64(), ended["reason"].as_str()), (Some(500), Some("reported")));
        assert!(!ended["message"].as_str().unwrap().is_empty(), "the executor said why");
    }

    async fn cancels(&self) {
        let run = self.run(&long_running(), None).await;
        self.run_becomes(run, "running").await;
        self.api.post(&format!("/runs/{run}/cancel"), Value::Null).await;
        self.run_becomes(run, "cancelled").await;
    }

    async fn loses_the_runs_of_a_killed_node(&mut self) {
        let run = self.run(&long_running(), None).await;
        self.run_becomes(run, "running").await;
        self.node = None;
        self.node_becomes("offline").await;
        let ended = self.run_becomes(run, "lost").await;
        assert_eq!(ended["reason"], "node_offline");
    }

    async fn takes_a_returning_node_back(&mut self) {
        self.start_node();
        self.node_becomes("online").await;
        let run = self.run(&succeeding(), None).await;
        self.run_becomes(run, "succeeded").await;
    }

    /// Makes a job of this handler that only runs by hand, runs it once and answers the run's id.
    async fn run(&self, handler: &str, parameters: Option<&str>) -> i64 {
        let job =
            json!({ "name": handler, "executor": self.executor, "handler": handler, "schedule": { "kind": "manual" } });
        let job = self.api.post("/jobs", job).await["id"].as_i64().unwrap();
        let order = json!({ "parameters": parameters });
        self.api.post(&format!("/jobs/{job}/runs"), order).await["run"].as_i64().unwrap()
    }

    async fn run_becomes(&self, run: i64, state: &str) -> Value {
        let path = format!("/runs/{run}");
        until(&format!("run {run} becomes {state}"), async || {
            let seen = self.api.get(&path).await;
            let ended_otherwise = !seen["finished_at"].is_null() && seen["state"] != state;
            assert!(!ended_otherwise, "run {run} should become {state} and is {seen}");
            (seen["state"] == state).then_some(seen)
        })
        .await
    }

    async fn node_becomes(&self, state: &str) {
        let path = format!("/executors/{}/nodes", self.executor);
        let address = format!("http://127.0.0.1:{}", self.port);
        until(&format!("the node at {address} becomes {state}"), async || {
            let nodes = self.api.get(&path).await;
            let is_so = |node: &Value| node["address"] == address.as_str() && node["state"] == state;
            nodes["items"].as_array().unwrap().iter().any(is_so).then_some(())
        })
        .await;
    }
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn succeeding() -> String {
    variable("HZM_EXECUTOR_SUCCEEDS", "commonJobFuncTest")
}

fn long_running() -> String {
    variable("HZM_EXECUTOR_LONG", "cancelableJobFuncTest")
}
