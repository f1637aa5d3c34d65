//! How a MariaDB is set up, started and asked.

use std::path::Path;
use std::process::Command;

use crate::error::Problem;
use crate::{command, programs};

/// Debian's package with all programs below.
pub(crate) const PACKAGE: &str = "mariadb-server";

/// Makes the data folder; user `root` without a password, which only loopback reaches.
pub(crate) fn set_up(folder: &Path) -> Result<(), Problem> {
    command::hand_over(&folder.join("tmp"))?;
    let mut install = program("mariadb-install-db")?;
    install.arg("--no-defaults").arg(format!("--datadir={}", folder.join("data").display()));
    install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]).current_dir(folder);
    command::finish(install, &folder.with_extension("setup.log"))
}

/// The server itself.
pub(crate) fn serve(folder: &Path, port: u16) -> Result<Command, Problem> {
    let mut serve = program("mariadbd")?;
    let place = |option: &str, name: &str| format!("--{option}={}", folder.join(name).display());
    serve.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--character-set-server=utf8mb4"]);
    serve.args([place("datadir", "data"), place("tmpdir", "tmp"), place("socket", "s"), place("pid-file", "pid")]);
    serve.args(["--innodb-buffer-pool-size=128M", "--innodb-flush-log-at-trx-commit=1", "--max-connections=300"]);
    serve.arg(format!("--port={port}"));
    Ok(serve)
}

/// A question that only a server which takes statements answers.
pub(crate) fn ask(_folder: &Path, port: u16, statement: &str) -> Result<Command, Problem> {
    let mut ask = program("mariadb")?;
    ask.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root", "--connect-timeout=5"]);
    ask.arg(format!("--port={port}")).arg(format!("--execute={statement}"));
    Ok(ask)
}

/// Programs without rights.
fn program(name: &str) -> Result<Command, Problem> {
    command::unprivileged(&programs::needed(programs::find(name), name, PACKAGE)?)
}
