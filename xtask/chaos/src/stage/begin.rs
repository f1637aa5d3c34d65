//! Setting the stage: from nothing to jobs that are due.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::by_hand::Hand;
use super::database::{Backing, NoDatabase};
use super::meddler::Meddler;
use super::{MISFIRE_THRESHOLD_MS, Node, Stage, text};
use crate::api::{Api, PASSWORD, PATIENCE_MS, USER};
use crate::clock::{now_ms, pause_ms};
use crate::faults::Fault;
use crate::history::History;
use crate::job::{JobFacts, JobPlan};
use crate::ledger::millis;
use crate::options::Order;
use crate::plan::NODES;
use crate::process::Program;
use crate::relay::{callbacks, wire};
use crate::{APP_KEY, APP_SECRET};

/// How many change jobs at a time.
const MEDDLERS: u64 = 4;

impl Stage {
    /// Starts everything up to an admin that is ready and nodes that are online.
    ///
    /// # Errors
    /// [`NoDatabase`], which also tells of everything else that did not start.
    pub fn set(order: Order, folder: &Path) -> Result<Stage, NoDatabase> {
        let wants_disk = order.faults.contains(&Fault::DiskFull);
        let backing = Backing::start(order.database, folder, wants_disk)?;
        Stage::around(order, folder, backing).map_err(NoDatabase::Failed)
    }

    fn around(order: Order, folder: &Path, backing: Backing) -> Result<Stage, String> {
        let admin_port = hzm_job_test_servers::free_port().map_err(text)?;
        let callbacks = callbacks::Relay::start(admin_port, order.seed).map_err(text)?;
        let admin = admin(&order, folder, admin_port, &backing.url())?;
        let mut stage = Stage {
            nodes: Vec::new(),
            admin,
            callbacks,
            backing,
            api: Api::new(admin_port),
            jobs: Vec::new(),
            history: History::default(),
            ends: Vec::new(),
            complaints: Vec::new(),
            hand: None,
            orders: Vec::new(),
            meddlers: Vec::new(),
            meddled: Vec::new(),
            order,
            folder: folder.to_owned(),
            admin_port,
            offset: 0,
            admin_is_down: false,
            going_on: Vec::new(),
        };
        stage.set_clock(0)?;
        stage.admin.start().map_err(text)?;
        stage.wait_until_ready()?;
        let executor = stage.make_executor()?;
        for number in 0..NODES {
            stage.add_node(number)?;
        }
        stage.wait_for_nodes(executor)?;
        stage.make_jobs(executor)?;
        Ok(stage)
    }

    /// Waits until the admin answers that it is ready.
    ///
    /// # Errors
    /// When patience ends, or it ended by itself, with its last words.
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let patience_ends = now_ms() + PATIENCE_MS;
        while !self.api.is_ready() {
            if let Some((_, status)) = self.admin.ended().map_err(text)? {
                return Err(format!("the admin ended with {status}:\n{}", self.admin.last_words()));
            }
            if now_ms() > patience_ends {
                return Err(format!("the admin does not become ready:\n{}", self.admin.last_words()));
            }
            pause_ms(100);
        }
        Ok(())
    }

    fn make_executor(&mut self) -> Result<i64, String> {
        let draft = json!({ "name": "chaos", "app_key": APP_KEY, "secret": APP_SECRET, "registration": "automatic" });
        id_of(&self.api.call("POST", "/executors", Some(&draft))?)
    }

    fn add_node(&mut self, number: usize) -> Result<(), String> {
        let port = hzm_job_test_servers::free_port().map_err(text)?;
        let relay = wire::Relay::start(port).map_err(text)?;
        let place = |name: &str| self.folder.join(format!("node-{number}.{name}"));
        let trace = place("trace");
        let arguments = [
            ("--node", number.to_string()),
            ("--admin", format!("http://127.0.0.1:{}", self.callbacks.port())),
            ("--port", port.to_string()),
            ("--address", format!("http://127.0.0.1:{}", relay.port())),
            ("--trace", trace.display().to_string()),
            ("--callbacks", place("callbacks").display().to_string()),
        ];
        let arguments = arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        let mut program = Program::new(&self.order.node, arguments, Vec::new(), place("log"));
        program.start().map_err(text)?;
        self.nodes.push(Node { program, relay, trace });
        Ok(())
    }

    fn wait_for_nodes(&mut self, executor: i64) -> Result<(), String> {
        let patience_ends = now_ms() + PATIENCE_MS;
        loop {
            let nodes = self.api.call("GET", &format!("/executors/{executor}/nodes"), None)?;
            let items = nodes.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            let online = |node: &&Value| node.get("state").and_then(Value::as_str) == Some("online");
            if items.iter().filter(online).count() == NODES {
                return Ok(());
            }
            if now_ms() > patience_ends {
                return Err(format!("the nodes do not come online: {nodes}"));
            }
            pause_ms(100);
        }
    }

    fn make_jobs(&mut self, executor: i64) -> Result<(), String> {
        for plan in crate::job::jobs(self.order.seed, self.order.rate) {
            let id = id_of(&self.api.call("POST", "/jobs", Some(&plan.json(executor)))?)?;
            let from = self.admin_now();
            let started = self.api.call("POST", &format!("/jobs/{id}/start"), None)?;
            self.jobs.push(started_job(plan, id, from, self.admin_now(), &started)?);
        }
        let plan = crate::job::by_hand();
        let id = id_of(&self.api.call("POST", "/jobs", Some(&plan.json(executor)))?)?;
        self.jobs.push(JobFacts { plan, id, anchor: 0, must_until: 0, may_until: 0 });
        self.hand = Some(Hand::start(self.admin_port, id));
        if self.order.faults.contains(&Fault::JobChanges) {
            let meddler = |number| Meddler::start(self.admin_port, executor, number, self.order.seed);
            self.meddlers = (1..=MEDDLERS).map(meddler).collect();
        }
        Ok(())
    }
}

/// The facts of a job that was started between two moments.
fn started_job(plan: JobPlan, id: i64, from: i64, until: i64, started: &Value) -> Result<JobFacts, String> {
    let anchor = started.get("anchor").and_then(Value::as_str).ok_or("a started job has no anchor")?;
    let anchor = millis(anchor)?;
    if !(from..=until).contains(&anchor) {
        return Err(format!("job {id} was started between {from} and {until}, and says that it was at {anchor}"));
    }
    Ok(JobFacts { plan, id, anchor, must_until: anchor, may_until: i64::MAX })
}

fn id_of(made: &Value) -> Result<i64, String> {
    made.get("id").and_then(Value::as_i64).ok_or_else(|| format!("no id in {made}"))
}

fn admin(order: &Order, folder: &Path, port: u16, url: &str) -> Result<Program, String> {
    let config = folder.join("hzm-job.yaml");
    fs::write(&config, configuration(&folder.join("data"), port, url)).map_err(text)?;
    let arguments = vec!["serve".to_owned(), "-f".to_owned(), config.display().to_string()];
    let offset = ("HZM_JOB_TEST_CLOCK_OFFSET_FILE".to_owned(), folder.join("clock-offset").display().to_string());
    Ok(Program::new(&order.admin, arguments, vec![offset], folder.join("admin.log")))
}

/// Times are short, so that a run of minutes sees what production sees in days.
fn configuration(data: &Path, port: u16, url: &str) -> String {
    let settings = json!({ "hzm": { "job": {
        "admin": {
            "listen": "127.0.0.1", "port": port, "data": data.display().to_string(),
            "user": USER, "password": PASSWORD, "database": { "url": url }, "threads": 2,
            "http": { "workers": 2 },
            "scheduling": {
                "misfireThresholdMs": MISFIRE_THRESHOLD_MS, "beatEveryMs": 500, "offlineAfterBeats": 3,
                "slowestProbeMs": 2_000, "answerWithinMs": 1_000, "cancelGraceMs": 2_000, "resendTimes": 3,
                "silentAfterRestartMs": 5_000,
            },
        },
        "common": { "log": { "level": "info", "type": "text" } },
    } } });
    // JSON is YAML.
    settings.to_string()
}
