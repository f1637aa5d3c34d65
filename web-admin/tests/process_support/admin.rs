//! A real admin process on a free loopback port, with a data folder of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::guard::{ProcessGuard, until};

/// The user whom the admin creates at its first start.
pub(crate) const USER: &str = "admin";
/// The password of that user; it guards nothing but a temporary folder.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A running admin; it ends, and its data goes, when this is dropped.
pub(crate) struct ProcessAdmin {
    // Ended before its folder goes: fields are dropped in this order.
    _process: ProcessGuard,
    folder: TempDir,
    port: u16,
}

impl ProcessAdmin {
    /// Starts an admin with these additional lines under `hzm.job.admin` (indented by six spaces) and waits until it is ready.
    pub(crate) async fn start(more: &str) -> ProcessAdmin {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = folder.path().join("hzm-job.yaml");
        fs::write(&config, configuration(&folder.path().join("data"), port, more)).unwrap();
        let log = File::create(folder.path().join("admin.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hzm-job-admin"));
        command.arg("serve").arg("-f").arg(&config).current_dir(folder.path());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut process = ProcessGuard::start(&mut command);
        let ready = format!("http://127.0.0.1:{port}/readyz");
        let log = folder.path().join("admin.log");
        until("the admin is ready", async || {
            assert!(process.is_running(), "the admin ended:\n{}", fs::read_to_string(&log).unwrap_or_default());
            let answer = awc::Client::default().get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        ProcessAdmin { _process: process, folder, port }
    }

    /// The address of the admin, without a slash at its end.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new empty folder that goes with the admin's own.
    pub(crate) fn workplace(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    }
}

impl Drop for ProcessAdmin {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!(
                "the admin's log:\n{}",
                fs::read_to_string(self.folder.path().join("admin.log")).unwrap_or_default()
            );
        }
    }
}

fn configuration(data: &std::path::Path, port: u16, more: &str) -> String {
    format!(
        "hzm:\n  job:\n    admin:\n      listen: 127.0.0.1\n      port: {port}\n      data: {}\n      \
         user: {USER}\n      password: {PASSWORD}\n{more}    common:\n      log:\n        level: debug\n        type: text\n",
        data.display()
    )
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}
