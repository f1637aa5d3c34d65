//! The running admin: data folder, address, database, actors and HTTP server, started in that order and stopped in the
//! reverse one. While the database is away, `waiting.rs` answers on the address.
//!
//! Used by the binary and by tests alike. It installs no signal handlers and no log; whoever starts it does.

use crate::auth::absent;
use crate::auth::providing::Providing;
use crate::config::{AdminConfig, Config};
use crate::data_folder::DataFolder;
use crate::error::Failure;
use crate::first_user::FirstUser;
use crate::opening::{self, Opened};
pub use crate::startup_error::StartupError;
use crate::state::App;
use crate::tls::Certificates;
use crate::{housekeeping, serving};
use actix_web::dev::ServerHandle;
use actix_web::web;
use hzm_job_actors::Clock;
use hzm_job_identity::ldap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the actors may take to settle what is under way when the admin stops. With the requests' share a stop takes eight
/// seconds at most: whoever ends a service waits ten before it is killed.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long a stop may take in all.
const WHOLE_STOP: Duration = Duration::from_secs(8);

/// An admin that serves.
pub struct Running {
    address: SocketAddr,
    app: web::Data<App>,
    first_user: FirstUser,
    handle: ServerHandle,
    folder: DataFolder,
    _database: Option<DataFolder>,
}

/// Starts everything; waits for a database that cannot be reached. Call it inside an actix system.
///
/// # Errors
/// [`StartupError`]; then nothing is left running.
pub async fn start(config: Config, clock: Arc<dyn Clock>, log: slog::Logger) -> Result<Running, StartupError> {
    let folder = DataFolder::take(&config.admin.data)?;
    folder.warn_of_readers(&log);
    let database = database_folder(&config).map(|elsewhere| DataFolder::take(&elsewhere)).transpose()?;
    // Bound first: whoever watches the process is answered while the database is waited for.
    let listener = bind(&config.admin)?;
    let certificates = config.admin.tls.is_on().then(|| Certificates::read(&config.admin.tls)).transpose()?;
    let provider = who_vouches(&config.admin).await?;
    let Opened { store, scheduler, first_user, waiting } =
        opening::open(&config, clock, &log, (&listener, certificates.as_ref())).await?;
    let app = web::Data::new(App::new(store, scheduler, provider, Arc::new(config), log));
    absent::tell_of_all(&app).await;
    let (server, address) = serving::serve(listener, &app, certificates.as_ref())?;
    let handle = server.handle();
    actix_rt::spawn(server);
    if let Some(waiting) = waiting {
        waiting.stop().await;
    }
    actix_rt::spawn(housekeeping::keep(app.clone()));
    slog::info!(app.log, "serving"; "address" => %address, "tls" => certificates.is_some());
    if app.config.admin.loses_cookies() {
        slog::warn!(
            app.log,
            "nobody can log in by plain HTTP: browsers keep the cookie of a session over HTTPS only, because of \
            session.secureCookie; put an HTTPS proxy before this admin and name it in http.trustedProxies, or set admin.tls"
        );
    }
    if let Some(certificates) = certificates {
        actix_rt::spawn(certificates.keep(app.log.clone()));
    }
    Ok(Running { address, app, first_user, handle, folder, _database: database })
}

/// The folder of an SQLite file that does not lie in the data folder: it is locked as well, so that a second admin started on
/// the same file by mistake is told so instead of taking the ledger away from the first one.
fn database_folder(config: &Config) -> Option<PathBuf> {
    let url = config.admin.database_url();
    let folder = Path::new(url.strip_prefix("sqlite://")?).parent()?.to_owned();
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let (Ok(theirs), Ok(ours)) = (folder.canonicalize(), config.admin.data.canonicalize()) else { return Some(folder) };
    (theirs != ours).then_some(folder)
}

/// The provider, if there is one. What a directory needs is looked at as well: nobody should learn of it by the first login.
async fn who_vouches(config: &AdminConfig) -> Result<Option<Providing>, StartupError> {
    if let Some(directory) = config.ldap.settings() {
        ldap::look_at(&directory).await.map_err(StartupError::Directory)?;
    }
    Ok(Providing::of(&config.oidc).await?)
}

fn bind(config: &AdminConfig) -> Result<std::net::TcpListener, StartupError> {
    let address = match config.listen.parse() {
        Ok(ip) => SocketAddr::new(ip, config.port).to_string(),
        Err(_) => format!("{}:{}", config.listen, config.port),
    };
    std::net::TcpListener::bind(&address).map_err(|source| StartupError::Listen { address, source })
}

impl Running {
    /// The address it serves on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its handles.
    #[must_use]
    pub fn app(&self) -> &web::Data<App> {
        &self.app
    }

    /// What start-up did about users.
    #[must_use]
    pub fn first_user(&self) -> &FirstUser {
        &self.first_user
    }

    /// Its data folder.
    #[must_use]
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// Waits until the scheduler cannot go on, and answers why.
    pub async fn broken(&self) -> String {
        let mut fatal = self.app.scheduler.fatal();
        let reason = fatal.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or_else(|| "the scheduler is gone".to_owned())
    }

    /// Stops in good order: accepts nothing more, ends streams and requests, then lets the actors settle what is under
    /// way and commit. What is open then is taken up at the next start.
    pub async fn stop(self) {
        let until = Instant::now() + WHOLE_STOP;
        slog::info!(self.app.log, "stopping; requests under way may end"; "at_most_s" => serving::REQUESTS_PATIENCE_S);
        self.app.close_streams();
        self.handle.stop(true).await;
        self.app.scheduler.stop(PATIENCE).await;
        self.complete_file(until).await;
        slog::info!(self.app.log, "stopped");
    }

    /// Has an SQLite file hold everything by itself: whoever copies it while no admin runs may not know of the log beside it.
    async fn complete_file(&self, until: Instant) {
        let reason = match tokio::time::timeout_at(until, self.app.store.file_complete()).await {
            Ok(Ok(true)) => return,
            Ok(Ok(false)) => "another program is reading it".to_owned(),
            Ok(Err(error)) => Failure::of(&error).chain,
            Err(_) => "there was no time left".to_owned(),
        };
        slog::warn!(self.app.log, "a part of the database is still in the -wal beside its file; nothing is lost, but copy them together";
            "reason" => reason);
    }
}
