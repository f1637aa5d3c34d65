//! The database of a stage, with what can be done to it.

use std::path::{Path, PathBuf};

use hzm_job_test_servers::{Kind, Problem, Server};

use super::disk::SmallDisk;
use super::lock::WriteLock;
use super::text;
use crate::faults::Database;
use crate::relay::wire;

/// What the ledger is kept in.
pub(super) enum Backing {
    /// A file, perhaps on a small disk of its own.
    File {
        /// The folder of the file.
        data: PathBuf,
        /// The disk, where one could be had.
        disk: Option<SmallDisk>,
        /// The lock of another process, while it is held.
        lock: Option<WriteLock>,
    },
    /// A server behind a relay.
    Server {
        /// The server.
        server: Box<Server>,
        /// What stands before it.
        relay: wire::Relay,
    },
}

/// Why there is no database.
#[derive(Debug)]
pub enum NoDatabase {
    /// It is not installed; what to install.
    Missing(String),
    /// It did not start; why.
    Failed(String),
}

impl Backing {
    pub(super) fn start(database: Database, folder: &Path, wants_disk: bool) -> Result<Backing, NoDatabase> {
        let failed = |error: &dyn std::fmt::Display| NoDatabase::Failed(error.to_string());
        let kind = match database {
            Database::Sqlite => {
                let data = folder.join("data");
                std::fs::create_dir_all(&data).map_err(|error| failed(&error))?;
                let disk = if wants_disk { SmallDisk::mount(&data) } else { None };
                return Ok(Backing::File { data, disk, lock: None });
            }
            Database::Mysql => Kind::MariaDb,
            Database::Postgres => Kind::Postgres,
        };
        let server = Server::start(kind, &folder.join(kind.name())).map_err(|problem| match problem {
            Problem::Missing(what) => NoDatabase::Missing(what),
            Problem::Failed(why) => NoDatabase::Failed(why),
        })?;
        let relay = wire::Relay::start(server.port()).map_err(|error| failed(&error))?;
        Ok(Backing::Server { server: Box::new(server), relay })
    }

    /// The URL for the admin; empty for its own file.
    pub(super) fn url(&self) -> String {
        match self {
            Backing::File { .. } => String::new(),
            Backing::Server { server, relay } => server.url_through(relay.port()),
        }
    }

    pub(super) fn has_small_disk(&self) -> bool {
        matches!(self, Backing::File { disk: Some(_), .. })
    }

    pub(super) fn fill(&mut self, full: bool) -> Result<(), String> {
        match self {
            Backing::File { disk: Some(disk), .. } => disk.fill(full).map_err(text),
            _ => Ok(()),
        }
    }

    pub(super) fn hold_lock(&mut self, hold: bool) -> Result<(), String> {
        if let Backing::File { data, lock, .. } = self {
            *lock = if hold { Some(WriteLock::take(&data.join("ledger.sqlite"))?) } else { None };
        }
        Ok(())
    }

    pub(super) fn relay(&self, mode: wire::Mode) {
        if let Backing::Server { relay, .. } = self {
            relay.set(mode);
        }
    }

    /// Does something to the server itself, where there is one.
    pub(super) fn server(&mut self, what: impl FnOnce(&mut Server) -> Result<(), Problem>) -> Result<(), String> {
        match self {
            Backing::Server { server, .. } => what(server).map_err(text),
            Backing::File { .. } => Ok(()),
        }
    }
}
