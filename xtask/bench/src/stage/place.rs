//! A folder of its own with a database in it, which both go when this is dropped.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use hzm_job_test_rig::database::Database;
use hzm_job_test_servers::{Kind, Problem, Server};

use super::NoStage;
use crate::ended;
use crate::machine::Machine;
use crate::options::Options;

/// Where everything of one run lies.
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// The database, where it is a server.
    pub server: Option<Server>,
    /// What all of it runs on, looked at before anything ran.
    pub machine: Machine,
    keep: bool,
}

/// What `docs/store.md` asks of a server that has much to do, as far as it can be set while it runs; the rest is as it comes.
const MARIADB_SETTINGS: &[&str] =
    &["SET GLOBAL innodb_buffer_pool_size = 1073741824", "SET GLOBAL innodb_log_file_size = 1073741824"];

/// Numbers the folders of this process.
static FOLDERS: AtomicU32 = AtomicU32::new(0);

impl Place {
    /// Makes the folder and starts the server.
    ///
    /// # Errors
    /// [`NoStage::Missing`] when the server is not installed, [`NoStage::Failed`] otherwise.
    pub fn make(options: &Options, database: Database) -> Result<Place, NoStage> {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("hzm-job-bench-{}-{number}", std::process::id()));
        let unmade =
            |error| format!("cannot make {}: {error}; name another temporary folder with TMPDIR", folder.display());
        fs::create_dir_all(folder.join("data")).map_err(unmade)?;
        ended::made(folder.clone(), options.keep);
        let machine = Machine::look(&folder);
        let mut place = Place { folder, server: None, machine, keep: options.keep };
        let server = database.server().map(|kind| Server::start(kind, &place.folder.join(kind.name()))).transpose();
        place.server = server.map_err(no_stage)?;
        if let Some(server) = &place.server {
            let settings = match server.kind() {
                Kind::MariaDb => MARIADB_SETTINGS,
                Kind::Postgres => &[],
            };
            settings.iter().try_for_each(|setting| server.execute(setting)).map_err(no_stage)?;
        }
        Ok(place)
    }

    /// The URL of the server's database; empty for a file.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.as_ref().map_or_else(String::new, Server::url)
    }

    /// The file of the ledger, where it is one.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("data").join("ledger.sqlite")
    }

    /// The first process of the server.
    #[must_use]
    pub fn database_process(&self) -> Option<u32> {
        self.server.as_ref().and_then(Server::process)
    }
}

fn no_stage(problem: Problem) -> NoStage {
    match problem {
        Problem::Missing(what) => NoStage::Missing(what),
        Problem::Failed(why) => NoStage::Failed(why),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.server = None;
        if !self.keep {
            // A folder that stays in the folder of temporary files harms nobody.
            let _ = fs::remove_dir_all(&self.folder);
            ended::removed(&self.folder);
        }
    }
}
