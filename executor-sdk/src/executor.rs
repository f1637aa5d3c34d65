//! Starting and stopping an executor. What it is made of is in `service.rs`, what can be set in `builder.rs`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use slog::{Logger, info};
use slog_async::AsyncGuard;
use tokio::sync::{oneshot, watch};

use crate::error::ExecutorError;
use crate::runner::Jobs;
use crate::service::{Service, Stop};
use crate::settings::Settings;

/// A set of jobs that an admin can trigger, ready to be started. Made by [`Executor::builder`].
pub struct Executor {
    pub(crate) settings: Settings,
    pub(crate) jobs: Jobs,
    pub(crate) log: Logger,
    pub(crate) log_guard: Option<AsyncGuard>,
}

impl Executor {
    /// Runs until the process is asked to end (SIGTERM, SIGINT or Ctrl-C), then shuts down in order: new runs are
    /// refused, running ones get the `drain` time to end, callbacks are delivered, the admin is told. A second signal
    /// ends it at once.
    ///
    /// # Errors
    ///
    /// When it cannot listen, and when it stops by itself.
    pub async fn run(self) -> Result<(), ExecutorError> {
        let log = self.log.clone();
        // Before anything is started, so that no signal finds the default action: to die at once.
        let mut signals = EndSignals::listen()?;
        let mut handle = self.spawn()?;
        tokio::select! {
            ended = &mut handle.ended => return ended.unwrap_or(Err(ExecutorError::Gone)),
            signal = signals.next() => info!(log, "asked to end"; "signal" => signal),
        }
        tokio::select! {
            ended = handle.close() => ended,
            // The handle is dropped, and with it everything else.
            _ = signals.next() => Ok(()),
        }
    }

    /// Starts in the background, on a thread of its own, and leaves signals alone. For programs that do other things
    /// as well, and for tests.
    ///
    /// Jobs run on the tokio runtime that this is called from if it has several threads (and its
    /// timer, as `#[tokio::main]` gives it), else on one of their own.
    ///
    /// # Errors
    ///
    /// When it cannot listen.
    pub fn spawn(self) -> Result<ExecutorHandle, ExecutorError> {
        let service = Service::prepare(self.settings, self.jobs, &self.log, self.log_guard)?;
        let listening = service.listening();
        let stop = watch::Sender::new(Stop::No);
        let ended = service.start(stop.subscribe())?;
        Ok(ExecutorHandle { listening, stop, ended })
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("app_key", &self.settings.app_key).finish_non_exhaustive()
    }
}

/// A started executor. Dropping it stops the executor at once, as a crash would: runs are aborted, and callbacks that
/// wait are sent at the next start.
#[derive(Debug)]
pub struct ExecutorHandle {
    listening: SocketAddr,
    stop: watch::Sender<Stop>,
    ended: oneshot::Receiver<Result<(), ExecutorError>>,
}

impl ExecutorHandle {
    /// Where it can be called from this machine, such as `http://127.0.0.1:7777`.
    pub fn address(&self) -> String {
        let ip = match self.listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.listening.port()))
    }

    /// Where it listens; with the port that the system chose when none was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.listening
    }

    /// Shuts down in order: new runs are refused, running ones get the `drain` time to end, callbacks are delivered,
    /// the admin is told. Dropping the future stops the executor at once.
    ///
    /// # Errors
    ///
    /// When the executor had stopped by itself.
    pub async fn close(mut self) -> Result<(), ExecutorError> {
        self.stop.send_replace(Stop::Drain);
        (&mut self.ended).await.unwrap_or(Err(ExecutorError::Gone))
    }
}

impl Drop for ExecutorHandle {
    fn drop(&mut self) {
        self.stop.send_replace(Stop::Now);
    }
}

/// The signals that ask a process to end.
#[cfg(unix)]
struct EndSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl EndSignals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one, and says which it was.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signals that ask a process to end.
#[cfg(windows)]
struct EndSignals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl EndSignals {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Waits for one, and says which it was.
    async fn next(&mut self) -> &'static str {
        self.0.recv().await;
        "Ctrl-C"
    }
}
