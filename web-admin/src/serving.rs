//! The HTTP server: connections come in, are watched and seated, and are answered by the routes.
//!
//! It is put together from the parts of `actix_web::HttpServer`, which has no place where a stream could be watched
//! ([`crate::edge::watched`]); the settings it would have are set here.

use crate::edge::pace::{Limits, Pace, paced};
use crate::edge::seats::{Seats, turn_away};
use crate::edge::watched::{Socket, Watched};
use crate::request_log::log_request;
use crate::routes;
use crate::startup_error::StartupError;
use crate::state::App;
use crate::tls::{self, Certificates};
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_tls::accept::rustls_0_23::Acceptor;
use actix_tls::accept::{TlsError, max_concurrent_tls_connect};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, web};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// How long requests under way may take to end when the server stops, in seconds.
pub(crate) const REQUESTS_PATIENCE_S: u64 = 2;
/// How long a TLS handshake may take at most: whoever is silent that long is in the way of others.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(3);
/// How long a connection that is closed from here is read on, so that the caller gets its answer.
const LINGER: Duration = Duration::from_secs(1);

/// What every connection is handled by.
#[derive(Clone)]
struct Setting {
    app: web::Data<App>,
    seats: Seats,
    limits: Limits,
}

/// Begins to serve on the socket, and answers its address.
///
/// # Errors
/// [`StartupError::Listen`].
pub(crate) fn serve(
    listener: TcpListener,
    app: &web::Data<App>,
    certificates: Option<&Arc<Certificates>>,
) -> Result<(Server, SocketAddr), StartupError> {
    let failed = |source| StartupError::Listen { address: "the address".to_owned(), source };
    let address = listener.local_addr().map_err(failed)?;
    let (http, workers) = (&app.config.admin.http, app.config.admin.http_workers());
    let limits = Limits {
        head: http.request_timeout.to_std().unwrap_or(Duration::from_secs(10)),
        idle: http.keep_alive.to_std().unwrap_or(Duration::from_secs(75)),
    };
    let setting = Setting { app: app.clone(), seats: Seats::new(app), limits };
    let most = (http.max_connections as usize).div_ceil(workers);
    // Handshakes at the same time: actix-tls lets 256 a thread begin, which a few hundred silent connections would fill.
    max_concurrent_tls_connect(most);
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(most)
        .shutdown_timeout(REQUESTS_PATIENCE_S)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let stopped = move || {
        let stopping = stopping.clone();
        async move { stopping.notified().await }
    };
    let builder = match certificates {
        None => builder.listen("http", listener, move || plain(setting.clone(), stopped.clone())),
        Some(shown) => {
            let config = shown.server_config().map_err(io::Error::other).map_err(failed)?;
            builder.listen("https", listener, move || encrypted(setting.clone(), config.clone(), stopped.clone()))
        }
    };
    Ok((builder.map_err(failed)?.run(), address))
}

/// Connections as they come.
fn plain<W: Future<Output = ()> + 'static>(
    setting: Setting,
    stopped: impl Fn() -> W + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> {
    let limits = setting.limits;
    let watched = move |stream: TcpStream| async move {
        let peer = stream.peer_addr().ok();
        Ok((Watched::new(stream, Pace::new(limits, true)), Protocol::Http1, peer))
    };
    fn_service(watched).and_then(answering(setting, stopped))
}

/// Connections with TLS.
fn encrypted<W: Future<Output = ()> + 'static>(
    setting: Setting,
    mut config: rustls::ServerConfig,
    stopped: impl Fn() -> W + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = TlsError<io::Error, DispatchError>, InitError = ()>
{
    config.alpn_protocols = vec![tls::HTTP_2.to_vec(), tls::HTTP_1.to_vec()];
    let mut acceptor = Acceptor::new(config);
    acceptor.set_handshake_timeout(setting.limits.head.min(HANDSHAKE_WITHIN));
    let limits = setting.limits;
    let watched = move |stream: tls::Stream| async move {
        let is_second = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2);
        let protocol = if is_second { Protocol::Http2 } else { Protocol::Http1 };
        let peer = stream.socket().peer_addr().ok();
        Ok((Watched::new(stream, Pace::new(limits, !is_second)), protocol, peer))
    };
    let accepted = acceptor.map_err(TlsError::into_service_error);
    accepted.and_then(watched).and_then(answering(setting, stopped).map_err(TlsError::Service))
}

/// Answers what comes in on a watched connection.
fn answering<S: Socket, W: Future<Output = ()> + 'static>(
    setting: Setting,
    stopped: impl Fn() -> W + 'static,
) -> impl ServiceFactory<
    (Watched<S>, Protocol, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> {
    let Setting { app, seats, limits } = setting;
    let routes = actix_web::App::new()
        .app_data(app)
        .wrap(from_fn(turn_away))
        .wrap(from_fn(log_request))
        .wrap(from_fn(paced))
        .configure(routes::configure);
    let routes = routes.into_factory().map_err(|error: Error| error.error_response());
    HttpService::build()
        .graceful_shutdown_signal(stopped)
        .keep_alive(limits.idle)
        .client_request_timeout(limits.head)
        .client_disconnect_timeout(LINGER)
        .on_connect_ext(move |connection: &Watched<S>, data| {
            data.insert(connection.pace().clone());
            seats.connected(connection.stream().socket(), data);
        })
        .finish(map_config(routes, |()| AppConfig::default()))
}
