//! The databases that the tests run on: private servers of our own, unless the user names others.

use std::io::{self, Write};
use std::path::PathBuf;

use hzm_job_test_servers::{Kind, Problem, Server};

use crate::packages;
use crate::report::{Outcome, Report};

/// The variable in which tests look for databases, separated by commas.
pub(crate) const VARIABLE: &str = "TEST_DATABASE_URLS";

/// Servers that live as long as this, in a folder that goes with it.
pub(crate) struct Databases {
    servers: Vec<Server>,
    folder: PathBuf,
    /// What the user named; then no server of ours runs.
    named: Option<String>,
}

impl Databases {
    /// Starts one server of each kind, a step each, and installs what is missing where we may; one that cannot be had is
    /// skipped by name.
    pub(crate) fn provide(report: &mut Report, out: &mut dyn Write) -> io::Result<Databases> {
        let folder = std::env::temp_dir().join(format!("hzm-job-databases-{}", std::process::id()));
        let mut databases = Databases { servers: Vec::new(), folder, named: std::env::var(VARIABLE).ok() };
        if databases.named.is_none() {
            std::fs::create_dir_all(&databases.folder)?;
            for kind in Kind::ALL {
                report.step(out, &format!("{} for the tests", kind.name()), |_| databases.start(kind))?;
            }
        }
        Ok(databases)
    }

    /// The value of [`VARIABLE`] for the tests.
    pub(crate) fn urls(&self) -> String {
        let ours = || self.servers.iter().map(Server::url).collect::<Vec<_>>().join(",");
        self.named.clone().unwrap_or_else(ours)
    }

    fn start(&mut self, kind: Kind) -> io::Result<Outcome> {
        let folder = self.folder.join(kind.name());
        let mut started = Server::start(kind, &folder);
        if matches!(started, Err(Problem::Missing(_))) && packages::install(&[kind.package()])? {
            started = Server::start(kind, &folder);
        }
        Ok(match started {
            Ok(server) => {
                self.servers.push(server);
                Outcome::Held
            }
            Err(Problem::Missing(what)) => Outcome::Skipped(what),
            Err(Problem::Failed(why)) => Outcome::Broken(why),
        })
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        self.servers.clear();
        // A folder that stays behind in the folder of temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
