//! The load executor, many nodes in one process on one thread.
//!
//! ```text
//!   admin ──trigger──> server (one port a node) ──> records, then work ──> queue ──> callbacks (K connections) ──> admin
//! ```
//!
//! What came is kept in memory and written to a file when the control port is asked to: [`records`], [`control`].

mod callbacks;
pub mod client;
pub mod control;
pub mod http;
pub mod records;
mod register;
pub mod server;
pub mod state;
pub mod wire;

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use state::State;
use wire::Wire;

/// What a load executor is told.
#[derive(Clone, Debug, Parser)]
#[command(name = "hzm-job-bench-node")]
pub struct Options {
    /// The loopback port of the admin.
    #[arg(long)]
    pub admin_port: u16,
    /// The app key of the executor.
    #[arg(long, default_value = crate::APP_KEY)]
    pub app_key: String,
    /// The secret of the executor.
    #[arg(long, default_value = crate::APP_SECRET)]
    pub secret: String,
    /// The language spoken.
    #[arg(long, value_enum, default_value_t = Wire::Hzm)]
    pub wire: Wire,
    /// The loopback ports of the nodes, separated by commas: so many nodes.
    #[arg(long, value_delimiter = ',', required = true)]
    pub ports: Vec<u16>,
    /// The loopback port that the driver talks to.
    #[arg(long)]
    pub control_port: u16,
    /// Connections for callbacks.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub connections: u16,
    /// How long a run works, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub work_ms: u64,
    /// The most triggers that are remembered; later ones are served and counted all the same.
    #[arg(long, default_value_t = 16_000_000)]
    pub capacity: usize,
    /// Where the records go.
    #[arg(long)]
    pub records: PathBuf,
}

/// Serves until the process is ended.
///
/// # Errors
/// When a port cannot be had.
pub fn run(options: &Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(options))
}

async fn serve(options: &Options) -> io::Result<()> {
    let state = Rc::new(State::new(options));
    for port in &options.ports {
        let listener = listen(*port).await?;
        tokio::task::spawn_local(server::accept(listener, Rc::clone(&state)));
    }
    for _ in 0..options.connections {
        tokio::task::spawn_local(callbacks::send(Rc::clone(&state)));
    }
    tokio::task::spawn_local(register::keep_registered(Rc::clone(&state), options.ports.clone()));
    let answer = |path: &str| match path {
        "/counts" => Ok(serde_json::to_string(&state.counts_now())?),
        "/records" => {
            state.records.borrow().write(&options.records)?;
            Ok(state.records.borrow().len().to_string())
        }
        _ => Err(control::unknown()),
    };
    control::accept(options.control_port, answer).await
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))
}
