//! A server from its start to its end, with everything bad that can happen to it in between.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Problem, failed};
use crate::{DATABASE, command, mariadb, port, postgres, processes};

/// How long a server may take to come up or to end; generous, because a loaded machine is slow and not wrong.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often another free port is tried when somebody took the one before.
const TRIES: usize = 3;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MariaDB; its URLs begin with `mysql:`.
    MariaDb,
    /// PostgreSQL.
    Postgres,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 2] = [Kind::MariaDb, Kind::Postgres];

    /// Its name as people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The Debian package that holds it.
    #[must_use]
    pub fn package(self) -> &'static str {
        match self {
            Self::MariaDb => mariadb::PACKAGE,
            Self::Postgres => postgres::PACKAGE,
        }
    }

    fn set_up(self, folder: &Path) -> Result<(), Problem> {
        match self {
            Self::MariaDb => mariadb::set_up(folder),
            Self::Postgres => postgres::set_up(folder),
        }
    }

    fn serve(self, folder: &Path, port: u16) -> Result<Command, Problem> {
        match self {
            Self::MariaDb => mariadb::serve(folder, port),
            Self::Postgres => postgres::serve(folder, port),
        }
    }

    fn ask(self, folder: &Path, port: u16, statement: &str) -> Result<Command, Problem> {
        match self {
            Self::MariaDb => mariadb::ask(folder, port, statement),
            Self::Postgres => postgres::ask(folder, port, statement),
        }
    }
}

/// A private server; it ends when this is dropped. Its data folder is the caller's to remove.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    folder: PathBuf,
    port: u16,
    /// None while it is not running.
    child: Option<Child>,
    log: PathBuf,
}

impl Server {
    /// Sets up a server in `folder` (made when missing, given to the user `nobody` when we are root; its parents must let
    /// that user pass) and starts it on a free port, with an empty database [`DATABASE`]. Logs lie beside the folder.
    ///
    /// # Errors
    /// [`Problem::Missing`] when it is not installed, [`Problem::Failed`] with what the server said otherwise.
    pub fn start(kind: Kind, folder: &Path) -> Result<Server, Problem> {
        kind.serve(folder, 0)?;
        command::hand_over(folder)?;
        let folder = folder.canonicalize()?;
        kind.set_up(&folder)?;
        let log = folder.with_extension("log");
        let mut server = Server { kind, folder, port: port::free_port()?, child: None, log };
        server.first_start()?;
        server.execute(&format!("CREATE DATABASE {DATABASE}"))?;
        Ok(server)
    }

    /// The URL of the database [`DATABASE`].
    #[must_use]
    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// The same URL for a relay that listens on another loopback port.
    #[must_use]
    pub fn url_through(&self, port: u16) -> String {
        match self.kind {
            Kind::MariaDb => format!("mysql://root@127.0.0.1:{port}/{DATABASE}"),
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{port}/{DATABASE}"),
        }
    }

    /// The port; the same over every restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its first process, while it runs; [`family`](crate::family) finds the others.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Which database it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Runs one statement with the server's own client, outside of any database of ours.
    ///
    /// # Errors
    /// When the server refuses it, with what it said.
    pub fn execute(&self, statement: &str) -> Result<(), Problem> {
        let ask = self.kind.ask(&self.folder, self.port, statement)?;
        command::finish(ask, &self.folder.with_extension("statement.log"))
    }

    /// Ends the server as its manual says: after open transactions are rolled back.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&mut self) -> Result<(), Problem> {
        let Some(child) = &mut self.child else { return Ok(()) };
        // INT is PostgreSQL's fast shutdown; MariaDB wants TERM.
        let how = if self.kind == Kind::Postgres { "INT" } else { "TERM" };
        processes::signal("CONT", &processes::family(child.id())?)?;
        processes::signal(how, &[child.id()])?;
        let patience_ends = Instant::now() + PATIENCE;
        while child.try_wait()?.is_none() {
            if Instant::now() > patience_ends {
                return Err(failed(
                    format!("{} did not end within {PATIENCE:?}", self.kind.name()),
                    command::tail(&self.log),
                ));
            }
            command::pause();
        }
        self.child = None;
        Ok(())
    }

    /// Ends all its processes at once, as a power cut would.
    ///
    /// # Errors
    /// When the processes cannot be found or told.
    pub fn kill(&mut self) -> Result<(), Problem> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        // Stopped first: it cannot start another process between the look and the end.
        processes::signal("STOP", &[child.id()])?;
        processes::signal("KILL", &processes::family(child.id())?)?;
        child.wait()?;
        Ok(())
    }

    /// Starts it again on the same data and the same port.
    ///
    /// # Errors
    /// When it does not come up, with what it said.
    pub fn restart(&mut self) -> Result<(), Problem> {
        self.kill()?;
        let patience_ends = Instant::now() + PATIENCE;
        loop {
            // Right after a kill the old one's memory or port may linger for a moment.
            match self.come_up() {
                Err(problem) if Instant::now() > patience_ends => return Err(problem),
                Err(_) => command::pause(),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Stops all its processes in their tracks: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When the processes cannot be found or told.
    pub fn pause(&self) -> Result<(), Problem> {
        self.tell("STOP")
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// When the processes cannot be found or told.
    pub fn resume(&self) -> Result<(), Problem> {
        self.tell("CONT")
    }

    fn tell(&self, name: &str) -> Result<(), Problem> {
        let Some(child) = &self.child else { return Ok(()) };
        // The parent first: once it stands still the list of its children is complete.
        processes::signal(name, &[child.id()])?;
        Ok(processes::signal(name, &processes::family(child.id())?)?)
    }

    fn first_start(&mut self) -> Result<(), Problem> {
        for _ in 1..TRIES {
            if self.come_up().is_ok() {
                return Ok(());
            }
            self.port = port::free_port()?;
        }
        self.come_up()
    }

    fn come_up(&mut self) -> Result<(), Problem> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut serve = self.kind.serve(&self.folder, self.port)?;
        serve.stdout(Stdio::null()).stderr(log).current_dir(&self.folder).process_group(0);
        let child = serve.spawn().map_err(|error| failed(format!("cannot start {serve:?}"), error))?;
        let child = self.child.insert(child);
        let patience_ends = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait()? {
                self.child = None;
                return Err(failed(format!("{} ended with {status}", self.kind.name()), command::tail(&self.log)));
            }
            let mut ask = self.kind.ask(&self.folder, self.port, "SELECT 1")?;
            if ask.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
                return Ok(());
            }
            if Instant::now() > patience_ends {
                return Err(failed(format!("{} does not answer", self.kind.name()), command::tail(&self.log)));
            }
            command::pause();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody is left to tell, and the kernel ends it with our thread in any case.
        let _ = self.kill();
    }
}
