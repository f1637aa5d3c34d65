//! What is measured: a database, an admin and a load executor, all real and all private, in a folder of their own.
//!
//! One thread owns everything here: the kernel ends each process with the thread that started it.

mod begin;
mod jobs;
mod place;
mod watch;

use hzm_job_test_rig::api::Api;
use hzm_job_test_rig::clock::{now_ms, pause_ms};
use hzm_job_test_rig::database::Database;
use hzm_job_test_rig::http;
use hzm_job_test_rig::process::Program;

use crate::ledger::Ledger;
use crate::node::records::{self, Record};
use crate::node::state::Counts;
use crate::options::Options;
use crate::text;

pub use begin::{NoStage, Programs};
pub use jobs::Filled;
pub use place::Place;
pub use watch::{Look, Spent};

/// How long an admin may take to end, in milliseconds; generous, because it finishes what it has in hand.
const END_WITHIN_MS: i64 = 180_000;

/// How often it is looked whether the admin still runs, in milliseconds; a look costs one call of the kernel.
const LOOK_EVERY_MS: i64 = 250;

/// Everything that runs.
pub struct Stage {
    // Ended in this order: first who calls, last who is called.
    node: Program,
    admin: Program,
    ledger: Option<Ledger>,
    /// The REST API.
    pub api: Api,
    /// The executor whose node is the load executor.
    pub executor: i64,
    /// What was asked for.
    pub options: Options,
    /// On which database.
    pub database: Database,
    admin_port: u16,
    control_port: u16,
    /// The folder, the database, and the machine. Goes last.
    pub place: Place,
}

/// The processes, for those who look at them.
#[derive(Clone, Copy, Debug)]
pub struct Processes {
    /// The admin.
    pub admin: u32,
    /// The load executor.
    pub node: u32,
    /// The first one of the database, where it is a server.
    pub database: Option<u32>,
}

impl Stage {
    /// The loopback port of the admin.
    #[must_use]
    pub fn admin_port(&self) -> u16 {
        self.admin_port
    }

    /// The processes; 0 for one that does not run.
    #[must_use]
    pub fn processes(&self) -> Processes {
        Processes {
            admin: self.admin.id().unwrap_or_default(),
            node: self.node.id().unwrap_or_default(),
            database: self.place.database_process(),
        }
    }

    /// The ledger, read directly.
    ///
    /// # Errors
    /// When there is no connection.
    pub fn ledger(&mut self) -> Result<&mut Ledger, String> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => Ledger::open(&self.place.url(), &self.place.file())?,
        };
        Ok(self.ledger.insert(ledger))
    }

    /// What the load executor counted so far.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn counts(&self) -> Result<Counts, String> {
        serde_json::from_slice(&self.control("GET", "/counts")?).map_err(text)
    }

    /// What the load executor remembers.
    ///
    /// # Errors
    /// When it does not answer, or had no room for all of it.
    pub fn records(&self) -> Result<Vec<Record>, String> {
        let forgotten = self.counts()?.forgotten;
        if forgotten > 0 {
            return Err(format!("the load executor had no room for {forgotten} triggers; measure for a shorter time"));
        }
        self.control("POST", "/records")?;
        records::read(&self.place.folder.join("records")).map_err(text)
    }

    fn control(&self, method: &str, path: &str) -> Result<Vec<u8>, String> {
        let answer = http::call(self.control_port, http::request(method, path, &[], None));
        let answer = answer.map_err(|error| format!("the load executor does not answer: {error}"))?;
        match answer.status() {
            200 => Ok(answer.body),
            status => Err(format!("the load executor: {status} {}", String::from_utf8_lossy(&answer.body))),
        }
    }

    /// Whether the admin still runs.
    ///
    /// # Errors
    /// When it ended by itself, with its last words.
    pub fn admin_lives(&mut self) -> Result<(), String> {
        match self.admin.ended().map_err(text)? {
            Some((_, status)) => Err(format!("the admin ended with {status}:\n{}", self.admin.last_words())),
            None => Ok(()),
        }
    }

    /// Waits until a moment (in milliseconds since 1970), as long as the admin runs.
    ///
    /// # Errors
    /// When the admin ended by itself.
    pub fn wait_until(&mut self, moment: i64) -> Result<(), String> {
        while now_ms() < moment {
            pause_ms((moment - now_ms()).min(LOOK_EVERY_MS));
            self.admin_lives()?;
        }
        Ok(())
    }

    /// Ends the admin as its operator would.
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn end_admin(&mut self) -> Result<(), String> {
        let ended = self.admin.end(END_WITHIN_MS).map_err(text)?;
        ended.map(|_| ()).ok_or_else(|| format!("the admin did not end within {END_WITHIN_MS} ms and was killed"))
    }

    /// Ends the admin at once, as a crash would.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill_admin(&mut self) -> Result<(), String> {
        self.admin.kill().map(|_| ()).map_err(text)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The connection holds files open that lie in the folder.
        self.ledger = None;
        // The kernel ends all of them with our thread in any case.
        let _ended = (self.node.kill(), self.admin.kill());
    }
}
