//! The system under test: a database, an admin, two nodes, and the relays between them, all real and all private.
//!
//! One thread owns everything here: the kernel ends each process with the thread that started it.

mod begin;
mod by_hand;
mod database;
mod disk;
mod inject;
mod lock;
mod observe;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::api::Api;
use crate::checker::Ordered;
use crate::clock::now_ms;
use crate::history::{Happening, History};
use crate::job::JobFacts;
use crate::options::Order;
use crate::process::Program;
use crate::relay::{callbacks, wire};

use by_hand::Hand;
use database::Backing;
pub use database::NoDatabase;

/// A fire later than this is missed, in milliseconds.
pub const MISFIRE_THRESHOLD_MS: i64 = 2_000;

/// One node with the relay in front of it.
struct Node {
    program: Program,
    relay: wire::Relay,
    trace: PathBuf,
}

/// Everything that runs.
pub struct Stage {
    // Ended in this order: the nodes and the admin before what they use.
    nodes: Vec<Node>,
    admin: Program,
    callbacks: callbacks::Relay,
    backing: Backing,
    /// The REST API.
    pub api: Api,
    /// The jobs that run.
    pub jobs: Vec<JobFacts>,
    /// What was done so far.
    pub history: History,
    /// What is worth telling and may be right, such as an admin that ended by itself.
    pub notes: Vec<String>,
    /// Promises that an answer broke.
    pub complaints: Vec<String>,
    /// Who orders runs by hand.
    hand: Option<Hand>,
    orders: Vec<Ordered>,
    order: Order,
    folder: PathBuf,
    admin_port: u16,
    /// Milliseconds that the admin's clock is ahead.
    offset: i64,
    /// Whether the admin is meant to run; one that is killed on purpose is not started by anybody else.
    admin_is_down: bool,
    /// Where in the history a planned fault that goes on has its entry, by its place in the plan.
    going_on: Vec<(usize, usize)>,
}

impl Stage {
    /// The folder of logs, traces and data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the admin's clock shows now.
    #[must_use]
    pub fn admin_now(&self) -> i64 {
        now_ms() + self.offset
    }

    /// The files of what the nodes executed.
    #[must_use]
    pub fn traces(&self) -> Vec<PathBuf> {
        self.nodes.iter().map(|node| node.trace.clone()).collect()
    }

    /// Promises that answers broke.
    #[must_use]
    pub fn broken_promises(&self) -> Vec<String> {
        [self.complaints.clone(), self.callbacks.complaints()].concat()
    }

    /// Starts an admin again that ended by itself, as a service manager does, and notes it.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn tend(&mut self) -> Result<(), String> {
        if self.admin_is_down {
            return Ok(());
        }
        if let Some((_, status)) = self.admin.ended().map_err(text)? {
            self.notes.push(format!("the admin ended by itself with {status}:\n{}", self.admin.last_words()));
            self.admin.start().map_err(text)?;
        }
        Ok(())
    }

    fn happened(&mut self, happening: Happening) -> usize {
        self.history.happenings.push(happening);
        self.history.happenings.len() - 1
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
