//! Setting the stage: from nothing to an admin that is ready and nodes that are online.

use std::fs;
use std::path::{Path, PathBuf};

use hzm_job_test_rig::api::{Api, PASSWORD, PATIENCE_MS, USER};
use hzm_job_test_rig::clock::{now_ms, pause_ms};
use hzm_job_test_rig::database::Database;
use hzm_job_test_rig::process::Program;
use hzm_job_test_rig::programs;
use hzm_job_test_servers::free_port;
use serde_json::{Value, json};

use super::{Place, Stage};
use crate::create::id_of;
use crate::options::Options;
use crate::{APP_KEY, APP_SECRET, text};

/// The programs that are started.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The admin.
    pub admin: PathBuf,
    /// The load executor.
    pub node: PathBuf,
    /// The load executor written with the SDK.
    pub sdk_node: PathBuf,
    /// What measures the floor.
    pub floor: PathBuf,
}

impl Programs {
    /// Our own programs beside the running one, with this admin.
    ///
    /// # Errors
    /// When the running program does not know where it is.
    pub fn with_admin(admin: PathBuf) -> Result<Programs, String> {
        let beside = |name: &str| programs::beside(&format!("hzm-job-bench-{name}"));
        Ok(Programs { admin, node: beside("node")?, sdk_node: beside("sdk-node")?, floor: beside("floor")? })
    }
}

/// Why there is no stage.
#[derive(Debug)]
pub enum NoStage {
    /// The database is not installed; what to install.
    Missing(String),
    /// Something did not start; why.
    Failed(String),
}

impl From<String> for NoStage {
    fn from(why: String) -> NoStage {
        NoStage::Failed(why)
    }
}

impl Stage {
    /// Starts everything up to an admin that is ready and nodes that are online.
    ///
    /// # Errors
    /// [`NoStage`], with the last words of what did not start.
    pub fn set(options: &Options, database: Database, programs: &Programs) -> Result<Stage, NoStage> {
        let place = Place::make(options, database)?;
        let (admin_port, control_port) = (free_port().map_err(text)?, free_port().map_err(text)?);
        let mut stage = Stage {
            node: node(options, programs, &place.folder, admin_port, control_port)?,
            admin: admin(options, programs, &place.folder, admin_port, &place.url())?,
            ledger: None,
            api: Api::new(admin_port).of_one_life(),
            executor: 0,
            options: options.clone(),
            database,
            admin_port,
            control_port,
            place,
        };
        stage.start_admin()?;
        let draft = json!({ "name": APP_KEY, "app_key": APP_KEY, "secret": APP_SECRET, "registration": "automatic" });
        stage.executor = id_of(&stage.api.call("POST", "/executors", Some(&draft))?)?;
        stage.node.start().map_err(text)?;
        stage.wait_for_nodes()?;
        Ok(stage)
    }

    /// Starts the admin and waits until it answers that it is ready.
    ///
    /// # Errors
    /// When patience ends, or it ended by itself, with its last words.
    pub fn start_admin(&mut self) -> Result<(), String> {
        self.admin.start().map_err(text)?;
        let patience_ends = now_ms() + PATIENCE_MS;
        while !self.api.is_ready() {
            self.admin_lives()?;
            if now_ms() > patience_ends {
                return Err(format!("the admin does not become ready:\n{}", self.admin.last_words()));
            }
            pause_ms(5);
        }
        Ok(())
    }

    pub(super) fn wait_for_nodes(&mut self) -> Result<(), String> {
        let patience_ends = now_ms() + PATIENCE_MS;
        loop {
            self.admin_lives()?;
            let nodes = self.api.call("GET", &format!("/executors/{}/nodes", self.executor), None)?;
            let items = nodes.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            let online = |node: &&Value| node.get("state").and_then(Value::as_str) == Some("online");
            if items.iter().filter(online).count() == usize::from(self.options.nodes) {
                return Ok(());
            }
            if now_ms() > patience_ends {
                return Err(format!("the nodes do not come online: {nodes}\n{}", self.node.last_words()));
            }
            pause_ms(50);
        }
    }
}

fn admin(options: &Options, programs: &Programs, folder: &Path, port: u16, url: &str) -> Result<Program, String> {
    let config = folder.join("hzm-job.yaml");
    // What is not named here is as a user gets it.
    let mut settings = json!({
        "listen": "127.0.0.1", "port": port, "data": folder.join("data").display().to_string(),
        "user": USER, "password": PASSWORD, "database": { "url": url },
    });
    for (key, value) in &options.settings {
        set(&mut settings, key, value)?;
    }
    let settings = json!({ "hzm": { "job": { "admin": settings } } });
    // JSON is YAML.
    fs::write(&config, settings.to_string()).map_err(text)?;
    let arguments = vec!["serve".to_owned(), "-f".to_owned(), config.display().to_string()];
    Ok(Program::new(&programs.admin, arguments, Vec::new(), folder.join("admin.log")))
}

/// Sets the value of a key whose parts are joined by dots.
fn set(settings: &mut Value, key: &str, value: &Value) -> Result<(), String> {
    let place = key.split('.').try_fold(settings, |inside, part| {
        if inside.is_null() {
            *inside = json!({});
        }
        inside.as_object_mut().map(|fields| fields.entry(part).or_insert(Value::Null))
    });
    *place.ok_or_else(|| format!("{key}: there is a value on the way"))? = value.clone();
    Ok(())
}

fn node(options: &Options, programs: &Programs, folder: &Path, admin: u16, control: u16) -> Result<Program, String> {
    let ports: Result<Vec<String>, String> =
        (0..options.nodes).map(|_| free_port().map(|port| port.to_string()).map_err(text)).collect();
    let arguments = [
        ("--admin-port", admin.to_string()),
        ("--control-port", control.to_string()),
        ("--ports", ports?.join(",")),
        ("--connections", options.connections.to_string()),
        ("--work-ms", options.work_ms.to_string()),
        ("--records", folder.join("records").display().to_string()),
    ];
    let wire = options.wire.wire().map(|wire| ("--wire", wire.name().to_owned()));
    let arguments = arguments.into_iter().chain(wire).flat_map(|(name, value)| [name.to_owned(), value]).collect();
    let program = if options.wire.wire().is_some() { &programs.node } else { &programs.sdk_node };
    Ok(Program::new(program, arguments, Vec::new(), folder.join("node.log")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_goes_beside_those_that_are_there() {
        let mut settings = json!({ "database": { "url": "" } });
        set(&mut settings, "database.poolSize", &json!(4)).unwrap();
        set(&mut settings, "scheduling.wakeAheadMs", &json!(9)).unwrap();
        assert_eq!(settings, json!({ "database": { "url": "", "poolSize": 4 }, "scheduling": { "wakeAheadMs": 9 } }));
        assert!(set(&mut settings, "database.url.x", &json!(1)).is_err());
    }
}
