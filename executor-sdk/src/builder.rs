//! What can be set on an executor, and its defaults.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slog::Logger;

use crate::config;
use crate::error::ExecutorError;
use crate::executor::{Executor, ExecutorHandle};
use crate::job::{Job, Start};
use crate::logging::LogConfig;
use crate::settings::{Backoff, DEFAULT_PORT, Settings};

/// An executor in the making. Every setting but the app key, the admin and the jobs has a default.
#[must_use = "an executor does nothing until it is run or spawned"]
pub struct ExecutorBuilder {
    settings: Settings,
    jobs: Vec<(&'static str, Start)>,
    logger: Option<Logger>,
    log: LogConfig,
}

impl Executor {
    /// Begins an executor with the app key under which the admin knows it.
    pub fn builder(app_key: impl Into<String>) -> ExecutorBuilder {
        ExecutorBuilder::new(app_key.into())
    }

    /// Begins an executor with the settings of a YAML file, as the original's executors have it; see
    /// [the crate's documentation](crate#configuration-file) for its keys.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, lacks a key or has an unknown one; the error names the line.
    pub fn from_yaml(path: impl AsRef<Path>) -> Result<ExecutorBuilder, ExecutorError> {
        ExecutorBuilder::from_yaml(path.as_ref())
    }
}

impl ExecutorBuilder {
    fn new(app_key: String) -> Self {
        Self { settings: Settings::new(app_key), jobs: Vec::new(), logger: None, log: LogConfig::default() }
    }

    fn from_yaml(path: &Path) -> Result<Self, ExecutorError> {
        let (client, log) = config::read(path)?;
        let (cancel_grace, drain) = (client.cancel_grace(), client.drain());
        let advertised = client.advertised(DEFAULT_PORT);
        let mut builder = Self::new(client.app_key).admin(client.admin_address);
        builder.log = log;
        let settings = &mut builder.settings;
        settings.secret = client.app_secret.unwrap_or_default();
        settings.address = advertised;
        settings.data_dir = client.data_dir;
        settings.tls_ca = client.tls_ca;
        settings.concurrency = client.concurrency.unwrap_or(settings.concurrency);
        settings.queue = client.queue.unwrap_or(settings.queue);
        settings.cancel_grace = cancel_grace.unwrap_or(settings.cancel_grace);
        settings.drain = drain.unwrap_or(settings.drain);
        Ok(match client.port {
            Some(port) => builder.port(port),
            None => builder,
        })
    }

    /// Adds an admin, or several separated by commas, such as `http://10.0.0.1:8888`. They are tried in the order in
    /// which they were added.
    pub fn admin(mut self, addresses: impl AsRef<str>) -> Self {
        let addresses = addresses.as_ref().split(',').map(str::trim).filter(|address| !address.is_empty());
        self.settings.admins.extend(addresses.map(str::to_owned));
        self
    }

    /// A PEM file with the authorities of an admin at an `https://` address. By default those that browsers trust.
    pub fn tls_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.tls_ca = Some(file.into());
        self
    }

    /// The app secret as the admin shows it: sent with every call, and demanded from every caller. Without one, or
    /// with an empty one, callers are not checked.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.settings.secret = secret.into();
        self
    }

    /// The address that the admin is told to call, such as `http://10.0.0.7:7777`. Needed behind NAT or in containers;
    /// by default this machine's address towards the admin, with the port listened on.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.settings.address = Some(address.into());
        self
    }

    /// Listens on this port of every address. Default 7777.
    pub fn port(self, port: u16) -> Self {
        self.bind(format!("0.0.0.0:{port}"))
    }

    /// Listens on this address, such as `127.0.0.1:0`; port 0 lets the system choose a free one.
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        self.settings.bind = address.into();
        self
    }

    /// Adds a job that the admin can trigger: `.job::<nightly_report>()`.
    pub fn job<J: Job>(mut self) -> Self {
        self.jobs.push((J::NAME, J::call));
        self
    }

    /// How many runs go on at a time, 1 to 10,000. Default 64.
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.settings.concurrency = runs;
        self
    }

    /// How many runs wait for their turn before the node answers that it is busy, at most 100,000. Default 1,000.
    pub fn queue(mut self, runs: usize) -> Self {
        self.settings.queue = runs;
        self
    }

    /// How long a cancelled job has to end by itself before it is aborted. Default 10 s.
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.settings.cancel_grace = grace;
        self
    }

    /// How long running jobs have to end when the executor shuts down. Default 30 s.
    pub fn drain(mut self, drain: Duration) -> Self {
        self.settings.drain = drain;
        self
    }

    /// The folder where callbacks wait until an admin has taken them. Default `hzm-job-callbacks/<app key>` below the
    /// working directory. It has to outlive the process; in a container it belongs on a volume.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.data_dir = Some(folder.into());
        self
    }

    /// How often the node registers again, and how soon when a registration failed. Default 30 s and 10 s.
    pub fn register_every(mut self, interval: Duration, retry: Duration) -> Self {
        self.settings.register_every = interval;
        self.settings.register_retry = retry;
        self
    }

    /// How soon a callback that was not delivered is sent again: after `first`, then ever later up to `longest`, each
    /// shortened at random by up to a half. Default 1 s and 60 s.
    pub fn callback_retry(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.callback_retry = Backoff { initial: first, max: longest };
        self
    }

    /// Logs here. Default: to standard error, from level `info`, as text.
    pub fn logger(mut self, logger: Logger) -> Self {
        self.logger = Some(logger);
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Settings`] with everything that is wrong.
    pub fn build(self) -> Result<Executor, ExecutorError> {
        let mut jobs = HashMap::new();
        for (name, start) in self.jobs {
            if jobs.insert(name, start).is_some() {
                let problem = format!("job {name:?} was added twice; a job needs a name of its own");
                return Err(ExecutorError::Settings(vec![problem]));
            }
        }
        if jobs.is_empty() {
            return Err(ExecutorError::Settings(vec![String::from("no job was added; add one with `.job::<name>()`")]));
        }
        let settings = self.settings.checked()?;
        let (log, log_guard) = match self.logger {
            Some(logger) => (logger, None),
            None => {
                let (logger, guard) = self.log.logger();
                (logger, Some(guard))
            }
        };
        Ok(Executor { settings, jobs, log, log_guard })
    }

    /// [`build`](Self::build) and [`Executor::run`].
    ///
    /// # Errors
    ///
    /// Those of both.
    pub async fn run(self) -> Result<(), ExecutorError> {
        self.build()?.run().await
    }

    /// [`build`](Self::build) and [`Executor::spawn`].
    ///
    /// # Errors
    ///
    /// Those of both.
    pub fn spawn(self) -> Result<ExecutorHandle, ExecutorError> {
        self.build()?.spawn()
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs: Vec<&str> = self.jobs.iter().map(|(name, _)| *name).collect();
        f.debug_struct("ExecutorBuilder")
            .field("app_key", &self.settings.app_key)
            .field("jobs", &jobs)
            .finish_non_exhaustive()
    }
}
