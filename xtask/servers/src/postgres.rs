//! How a PostgreSQL is set up, started and asked.

use std::path::Path;
use std::process::Command;

use crate::error::Problem;
use crate::{command, programs};

/// Debian's package with all programs below.
pub(crate) const PACKAGE: &str = "postgresql";

/// Makes the data folder; user `postgres` without a password, which only loopback reaches.
pub(crate) fn set_up(folder: &Path) -> Result<(), Problem> {
    let mut init = program("initdb")?;
    init.arg("-D").arg(folder.join("data")).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
    // Only the set-up itself may be lazy: what the server writes later is synced.
    init.arg("--no-sync").current_dir(folder);
    command::finish(init, &folder.with_extension("setup.log"))
}

/// The server itself.
pub(crate) fn serve(folder: &Path, port: u16) -> Result<Command, Problem> {
    let mut serve = program("postgres")?;
    serve.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]).arg("-k").arg(folder);
    serve.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]);
    Ok(serve)
}

/// A question that only a server which takes statements answers.
pub(crate) fn ask(_folder: &Path, port: u16, statement: &str) -> Result<Command, Problem> {
    let mut ask = program("psql")?;
    ask.args(["-X", "-q", "-w", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-c", statement]);
    ask.arg(format!("--port={port}")).env("PGCONNECT_TIMEOUT", "5");
    Ok(ask)
}

/// Programs without rights.
fn program(name: &str) -> Result<Command, Problem> {
    command::unprivileged(&programs::needed(programs::find_postgres(name), name, PACKAGE)?)
}
