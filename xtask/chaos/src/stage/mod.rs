//! The system under test: a database, an admin, two nodes, and the relays between them, all real and all private.
//!
//! One thread owns everything here: the kernel ends each process with the thread that started it.

mod begin;
mod by_hand;
mod database;
mod disk;
mod inject;
mod lock;
mod meddler;
mod observe;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::api::Api;
use crate::checker::{Finding, Flaw, Ordered};
use crate::clock::now_ms;
use crate::history::{Happening, History};
use crate::job::JobFacts;
use crate::meddling::Meddled;
use crate::options::Order;
use crate::process::Program;
use crate::relay::{callbacks, wire};

use by_hand::Hand;
use database::Backing;
pub use database::NoDatabase;
use meddler::Meddler;

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
    /// Ends of the admin that nobody asked for.
    ends: Vec<Finding>,
    /// Promises that an answer broke.
    pub complaints: Vec<String>,
    /// Who orders runs by hand.
    hand: Option<Hand>,
    orders: Vec<Ordered>,
    /// Who changes jobs meanwhile.
    meddlers: Vec<Meddler>,
    meddled: Vec<Meddled>,
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

    /// Starts an admin again that ended by itself, as a service manager does; that it ended is a finding.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn tend(&mut self) -> Result<(), String> {
        if self.admin_is_down {
            return Ok(());
        }
        if let Some((_, status)) = self.admin.ended().map_err(text)? {
            self.ends.push(ended_by_itself(&status.to_string(), &self.admin.last_words()));
            self.admin.start().map_err(text)?;
        }
        Ok(())
    }

    /// Ends of the admin that nobody asked for.
    #[must_use]
    pub fn ends(&self) -> Vec<Finding> {
        self.ends.clone()
    }

    fn happened(&mut self, happening: Happening) -> usize {
        self.history.happenings.push(happening);
        self.history.happenings.len() - 1
    }
}

/// Whatever is broken around it, an admin goes on, or waits.
fn ended_by_itself(status: &str, last_words: &str) -> Finding {
    let text = format!("the admin ended by itself with {status}:\n{last_words}");
    Finding { flaw: Flaw::Ended, job: 0, moment: now_ms(), text }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_that_ended_by_itself_is_a_finding_with_its_last_words() {
        let finding = ended_by_itself("exit status: 1", "the ledger belongs to somebody else");
        assert_eq!(finding.flaw, Flaw::Ended);
        assert!(finding.text.contains("exit status: 1") && finding.text.contains("somebody else"), "{}", finding.text);
    }
}
