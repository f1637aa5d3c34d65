//! A real chromium under chromedriver, both on loopback and both gone when the test ends, however it ends.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::guard::{ProcessGuard, spawn_group};

/// What chromedriver says when it listens; the port follows.
const STARTED: &str = "started successfully on port ";

/// A browser window and what keeps it alive.
pub(crate) struct Browser {
    /// The window.
    pub(crate) window: Client,
    // Ended before the profile's folder goes: fields are dropped in this order.
    _driver: ProcessGuard,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window of 1280 by 900, or answers the name of the program that is not installed.
    pub(crate) async fn open() -> Result<Browser, &'static str> {
        let chromium = find("chromium").ok_or("chromium")?;
        let chromedriver = find("chromedriver").ok_or("chromedriver")?;
        let (driver, port) = start_driver(chromedriver);
        let profile = tempfile::tempdir().unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let Value::Object(wanted) = capabilities(&chromium, &profile) else {
            unreachable!("an object is written there")
        };
        let window = builder.capabilities(wanted).connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        Ok(Browser { window, _driver: driver, _profile: profile })
    }
}

/// Port 0 lets the driver choose a free one, which it then prints.
fn start_driver(program: PathBuf) -> (ProcessGuard, u16) {
    let mut command = Command::new(program);
    command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = spawn_group(&mut command);
    let said = child.stdout.take().unwrap();
    let driver = ProcessGuard::of(child);
    let lines = BufReader::new(said).lines();
    let started = lines.map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once(STARTED)?;
        port.trim_end_matches('.').parse().ok()
    });
    (driver, started.expect("chromedriver says its port"))
}

/// Without a sandbox, because root may not use one; without everything that would call the network.
fn capabilities(chromium: &std::path::Path, profile: &TempDir) -> Value {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1280,900",
        "--lang=en-US",
        &profile,
    ];
    json!({ "goog:chromeOptions": { "binary": chromium, "args": arguments } })
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
