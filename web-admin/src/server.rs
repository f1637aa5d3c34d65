//! The running admin: data folder, address, database, actors and HTTP server, started in that order and stopped in the
//! reverse one. While the database is away, `waiting.rs` answers on the address.
//!
//! Used by the binary and by tests alike. It installs no signal handlers and no log; whoever starts it does.

use crate::auth::providing::Providing;
use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::edge::seats::{Seats, turn_away};
use crate::first_user::FirstUser;
use crate::opening::{self, Opened};
use crate::request_log::log_request;
pub use crate::startup_error::StartupError;
use crate::state::App;
use crate::tls::Certificates;
use crate::{housekeeping, routes};
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use hzm_job_actors::Clock;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long the actors may take to settle what is under way when the admin stops. With the requests' share a stop takes eight
/// seconds at most: whoever ends a service waits ten before it is killed.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long a TLS handshake may take at most: whoever is silent that long is in the way of others.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(3);
/// How long requests under way may take to end when the server stops, in seconds.
const REQUESTS_PATIENCE_S: u64 = 2;

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
    let database = database_folder(&config).map(|elsewhere| DataFolder::take(&elsewhere)).transpose()?;
    // Bound first: whoever watches the process is answered while the database is waited for.
    let listener = bind(&config.admin)?;
    let certificates = config.admin.tls.is_on().then(|| Certificates::read(&config.admin.tls)).transpose()?;
    let provider = Providing::of(&config.admin.oidc).await?;
    let Opened { store, scheduler, first_user, waiting } =
        opening::open(&config, clock, &log, (&listener, certificates.as_ref())).await?;
    let app = web::Data::new(App::new(store, scheduler, provider, Arc::new(config), log));
    let (server, address) = serve(listener, &app, certificates.as_ref())?;
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

fn bind(config: &crate::config::AdminConfig) -> Result<std::net::TcpListener, StartupError> {
    let address = match config.listen.parse() {
        Ok(ip) => SocketAddr::new(ip, config.port).to_string(),
        Err(_) => format!("{}:{}", config.listen, config.port),
    };
    std::net::TcpListener::bind(&address).map_err(|source| StartupError::Listen { address, source })
}

fn serve(
    listener: std::net::TcpListener,
    app: &web::Data<App>,
    certificates: Option<&Arc<Certificates>>,
) -> Result<(Server, SocketAddr), StartupError> {
    let failed = |source| StartupError::Listen { address: "the address".to_owned(), source };
    let address = listener.local_addr().map_err(failed)?;
    let (data, seats, http, workers) =
        (app.clone(), Seats::new(app), &app.config.admin.http, app.config.admin.http_workers());
    let within = http.request_timeout.to_std().unwrap_or(Duration::from_secs(10));
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .wrap(from_fn(turn_away))
            .wrap(from_fn(log_request))
            .configure(routes::configure)
    });
    let server = server
        .workers(workers)
        .max_connections((http.max_connections as usize).div_ceil(workers))
        .on_connect(move |connection, data| seats.connected(connection, data))
        .keep_alive(http.keep_alive.to_std().unwrap_or(Duration::from_secs(75)))
        .client_request_timeout(within)
        .tls_handshake_timeout(within.min(HANDSHAKE_WITHIN))
        // Handshakes at the same time: actix-tls lets 256 a thread begin, which a few hundred silent connections would fill.
        .max_connection_rate((http.max_connections as usize).div_ceil(workers))
        .shutdown_timeout(REQUESTS_PATIENCE_S)
        .disable_signals();
    let server = match certificates {
        None => server.listen(listener),
        Some(shown) => {
            server.listen_rustls_0_23(listener, shown.server_config().map_err(std::io::Error::other).map_err(failed)?)
        }
    };
    Ok((server.map_err(failed)?.run(), address))
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
        slog::info!(self.app.log, "stopping; requests under way may end"; "at_most_s" => REQUESTS_PATIENCE_S);
        self.app.close_streams();
        self.handle.stop(true).await;
        self.app.scheduler.stop(PATIENCE).await;
        slog::info!(self.app.log, "stopped");
    }
}
