//! A started executor: one thread with an actix system of its own, which serves the admin's calls, registers, and
//! delivers callbacks; and the jobs' runtime beside it.
//!
//! ```text
//!  admin ──HTTP──> inbound ──> runner ──(a task per run, on the jobs' runtime)──> job
//!    ^                                   └─> desk ─> clerk (a thread), outbox (disk) ─> courier ─┐
//!    └──────────────HTTP── outbound <── registrar, courier <──────────────┘   (both on the executor's thread)
//! ```
//!
//! Having its own thread, an executor starts from any runtime or none, several live in one process, and a job that
//! blocks its thread delays no heart-beat.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use slog::{Logger, error, info, o, warn};
use slog_async::AsyncGuard;
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot, watch};

use crate::advertise::Advertised;
use crate::clerk::{Clerk, Desk};
use crate::courier::Courier;
use crate::errand::Errand;
use crate::error::ExecutorError;
use crate::inbound::{Gate, routes};
use crate::outbound::Admins;
use crate::outbox::Outbox;
use crate::registrar::Registrar;
use crate::report::Report;
use crate::runner::{Jobs, Runner};
use crate::settings::Settings;
use crate::tls;

/// Longer than the clients keep an idle connection, so that none closes under a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For the last callbacks at shutdown; what is not delivered by then stays on disk.
const FLUSH: Duration = Duration::from_secs(5);
/// Errands between the clerk and the courier: groups of results. Beyond it the clerk waits, and what comes lies on the desk.
const ERRANDS: usize = 100;

/// How an executor is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Not at all.
    No,
    /// Let running jobs end, deliver callbacks, say goodbye.
    Drain,
    /// Drop everything; callbacks that wait are on disk.
    Now,
}

/// Everything that the executor's thread is made of.
pub(crate) struct Service {
    settings: Settings,
    listener: TcpListener,
    listening: SocketAddr,
    runner: Arc<Runner>,
    desk: Arc<Desk>,
    // Taken when the threads start.
    clerk: Option<Clerk>,
    kept: Vec<Arc<Report>>,
    errands: mpsc::Receiver<Errand>,
    // Held for as long as jobs may run; `None` when they run on the caller's.
    own_runtime: Option<Runtime>,
    log: Logger,
    log_guard: Option<AsyncGuard>,
}

impl Service {
    /// Listens, opens the outbox and finds a runtime for the jobs; nothing is served yet.
    pub(crate) fn prepare(
        settings: Settings,
        jobs: Jobs,
        log: &Logger,
        log_guard: Option<AsyncGuard>,
    ) -> Result<Self, ExecutorError> {
        let log = log.new(o!("executor" => settings.app_key.clone()));
        let bind_failed = |source| ExecutorError::Bind { address: settings.bind.clone(), source };
        let listener = TcpListener::bind(&settings.bind).map_err(bind_failed)?;
        let listening = listener.local_addr()?;
        let (outbox, kept) = open_outbox(&settings, &log);
        let (errands_in, errands) = mpsc::channel(ERRANDS);
        let desk = Arc::new(Desk::default());
        let clerk = Some(Clerk { desk: Arc::clone(&desk), outbox, errands: errands_in, log: log.clone() });
        let (runtime, own_runtime) = jobs_runtime()?;
        let runner = Arc::new(Runner::new(&settings, jobs, Arc::clone(&desk), runtime, log.clone()));
        runner.remember(&kept);
        Ok(Self { settings, listener, listening, runner, desk, clerk, kept, errands, own_runtime, log, log_guard })
    }

    pub(crate) fn listening(&self) -> SocketAddr {
        self.listening
    }

    /// Starts the threads. The receiver hears how they ended.
    pub(crate) fn start(
        mut self,
        stop: watch::Receiver<Stop>,
    ) -> Result<oneshot::Receiver<Result<(), ExecutorError>>, ExecutorError> {
        let (ended, ended_out) = oneshot::channel();
        let name = format!("hzmjob-{}", self.listening.port());
        let (desk, log) = (Arc::clone(&self.desk), self.log.clone());
        let clerk = self.clerk.take().map(|clerk| clerk.start(format!("{name}-clerk"))).transpose()?;
        let started = std::thread::Builder::new().name(name).spawn(move || {
            let own_runtime = self.own_runtime.take();
            let log_guard = self.log_guard.take();
            let desk = Arc::clone(&self.desk);
            let result = actix_rt::System::new().block_on(self.live(stop));
            if let Some(runtime) = own_runtime {
                // Not waiting: a job that blocks could keep the thread for ever.
                runtime.shutdown_background();
            }
            desk.close();
            if let Some(Err(_)) = clerk.map(JoinHandle::join) {
                error!(log, "the thread that keeps callbacks has panicked");
            }
            // Writes the last lines out before anyone hears that this is the end.
            drop((log, log_guard));
            // The handle may be gone.
            ended.send(result).ok();
        });
        if let Err(problem) = started {
            desk.close();
            return Err(problem.into());
        }
        Ok(ended_out)
    }

    async fn live(self, mut stop: watch::Receiver<Stop>) -> Result<(), ExecutorError> {
        let Self { settings, listener, listening, runner, desk, kept, errands, log, .. } = self;
        let tls = tls::client(settings.tls_ca.as_deref()).map_err(|problem| ExecutorError::Settings(vec![problem]))?;
        let admins = Admins::new(settings.admins.clone(), settings.secret.clone(), tls);
        let courier = Courier::new(admins.clone(), Arc::clone(&desk), settings.callback_retry, kept, log.clone());
        let registrar = registrar(&settings, admins, listening, log.clone());
        let mut server = serve(listener, &settings, &runner, &log)?;
        let server_handle = server.handle();
        let courier = actix_rt::spawn(courier.deliver(errands));
        info!(log, "listening"; "on" => listening, "admins" => settings.admins.join(", "));
        let how = tokio::select! {
            ended = &mut server => return ended.map_err(ExecutorError::from),
            () = registrar.keep_registered() => Stop::Now,
            how = stop.wait_for(|stop| *stop != Stop::No) => how.map_or(Stop::Now, |how| *how),
        };
        let server = actix_rt::spawn(server);
        if how == Stop::Drain {
            tokio::select! {
                () = leave(&runner, &desk, &settings, &registrar, &log) => {}
                _ = stop.wait_for(|stop| *stop == Stop::Now) => {}
            }
        }
        runner.abort_all();
        courier.abort();
        server_handle.stop(how == Stop::Drain).await;
        server.await.map_err(|gone| ExecutorError::System(std::io::Error::other(gone)))?.map_err(ExecutorError::from)
    }
}

/// New runs are refused from here on, while heart-beats and cancels are still answered; the goodbye comes last, because
/// an original admin ends all runs of a node that says it.
async fn leave(runner: &Runner, desk: &Desk, settings: &Settings, registrar: &Registrar, log: &Logger) {
    runner.close();
    info!(log, "shutting down"; "in_hand" => runner.in_hand().len());
    if tokio::time::timeout(settings.drain, runner.idle()).await.is_err() {
        warn!(log, "runs are given up, they did not end in time"; "runs" => ?runner.in_hand());
    }
    if tokio::time::timeout(FLUSH, desk.flush()).await.is_err() {
        warn!(log, "callbacks are left for the next start, no admin took them");
    }
    registrar.leave().await;
}

fn registrar(settings: &Settings, admins: Admins, listening: SocketAddr, log: Logger) -> Registrar {
    let first_admin = settings.admins.first().map_or("", String::as_str);
    Registrar {
        admins,
        app_key: settings.app_key.clone(),
        advertised: Advertised::choose(settings.address.as_deref(), listening, first_admin),
        instance: uuid::Uuid::new_v4().to_string(),
        every: settings.register_every,
        retry: settings.register_retry,
        log,
    }
}

fn serve(
    listener: TcpListener,
    settings: &Settings,
    runner: &Arc<Runner>,
    log: &Logger,
) -> Result<actix_web::dev::Server, ExecutorError> {
    let gate = Data::new(Gate { secret: settings.secret.clone(), log: log.clone() });
    let runner = Data::from(Arc::clone(runner));
    let app = move || App::new().app_data(gate.clone()).app_data(runner.clone()).configure(routes);
    // One worker is plenty: every call is answered at once, the work is done elsewhere.
    let server = HttpServer::new(app).workers(1).keep_alive(KEEP_ALIVE).shutdown_timeout(1).disable_signals();
    Ok(server.listen(listener)?.run())
}

/// Without a usable disk an executor goes on, and says so.
fn open_outbox(settings: &Settings, log: &Logger) -> (Option<Outbox>, Vec<Arc<Report>>) {
    let folder = settings.data_dir();
    match Outbox::open(&folder, log) {
        Ok((outbox, kept)) => {
            if !kept.is_empty() {
                info!(log, "callbacks of an earlier process will be sent"; "count" => kept.len());
            }
            (Some(outbox), kept)
        }
        Err(problem) => {
            error!(log, "callbacks are kept in memory only, a crash would lose them";
                "folder" => folder.display().to_string(), "error" => %problem);
            (None, Vec::new())
        }
    }
}

/// The caller's runtime when it has several threads, else one of our own: on a single thread (as actix has it) one
/// busy job would stop everything else there.
fn jobs_runtime() -> Result<(Handle, Option<Runtime>), ExecutorError> {
    if let Ok(handle) = Handle::try_current()
        && handle.runtime_flavor() == RuntimeFlavor::MultiThread
    {
        return Ok((handle, None));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("hzmjob-run").build()?;
    Ok((runtime.handle().clone(), Some(runtime)))
}
