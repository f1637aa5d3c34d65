//! Looking at everything that runs, and what was spent between two looks.

use super::Stage;
use crate::figures::Sheet;
use crate::ledger::sqlite_commits;
use crate::meters::{self, Used};
use crate::text;
use hzm_job_test_rig::clock::now_us;

/// What everything had used at one moment.
#[derive(Clone, Debug, Default)]
pub struct Look {
    at_us: i64,
    admin: Used,
    node: Used,
    driver: Used,
    database: Option<Used>,
    machine_us: u64,
    taken: u64,
    sqlite_commits: Option<u32>,
    counters: Vec<(&'static str, i64)>,
}

/// What was spent between two looks.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// How long that was, in seconds.
    pub seconds: f64,
    /// By the admin.
    pub admin: Used,
    /// By the load executor.
    pub node: Used,
    /// By the database, where it is a server.
    pub database: Option<Used>,
    /// By programs that do not belong here, as processor time in microseconds.
    pub foreign_us: u64,
    /// Results that the admin took from the load executor.
    pub taken: u64,
    /// What the database counted, such as commits.
    pub counters: Vec<(&'static str, i64)>,
    /// How the user's command failed that ran meanwhile, if it did.
    pub failed: Option<String>,
}

impl Stage {
    /// Looks at everything.
    ///
    /// # Errors
    /// When something does not answer.
    pub fn look(&mut self) -> Result<Look, String> {
        let processes = self.processes();
        let counters = self.ledger()?.counters()?;
        Ok(Look {
            at_us: now_us(),
            admin: meters::used(processes.admin),
            node: meters::used(processes.node),
            driver: meters::used(std::process::id()),
            database: processes.database.map(meters::used_by_family).transpose().map_err(text)?,
            machine_us: meters::machine_busy_us(),
            taken: self.counts()?.taken,
            sqlite_commits: sqlite_commits(&self.place.file()),
            counters,
        })
    }
}

impl Look {
    /// What was spent since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Look) -> Spent {
        let (admin, node) = (self.admin.since(earlier.admin), self.node.since(earlier.node));
        let database = self.database.zip(earlier.database).map(|(now, then)| now.since(then));
        let driver = self.driver.since(earlier.driver);
        let ours = admin.cpu_us + node.cpu_us + driver.cpu_us + database.map_or(0, |used| used.cpu_us);
        let before = |name| earlier.counters.iter().find(|(theirs, _)| *theirs == name).map_or(0, |(_, value)| *value);
        let mut counters: Vec<_> = self.counters.iter().map(|(name, value)| (*name, value - before(*name))).collect();
        let commits = self.sqlite_commits.zip(earlier.sqlite_commits).map(|(now, then)| now.wrapping_sub(then));
        counters.extend(commits.map(|commits| ("commits", i64::from(commits))));
        Spent {
            seconds: (self.at_us - earlier.at_us) as f64 / 1e6,
            admin,
            node,
            database,
            foreign_us: (self.machine_us - earlier.machine_us).saturating_sub(ours),
            taken: self.taken.saturating_sub(earlier.taken),
            counters,
            failed: None,
        }
    }
}

impl Spent {
    /// Tells it per fire, and what else used the machine.
    pub fn tell(&self, fires: u64, cores: usize, sheet: &mut Sheet) {
        let per_fire = |amount: f64| amount / fires.max(1) as f64;
        sheet.add("admin CPU per fire", per_fire(self.admin.cpu_us as f64), "µs");
        if let Some(database) = self.database {
            sheet.add("database CPU per fire", per_fire(database.cpu_us as f64), "µs");
        }
        sheet.add("load executor CPU per fire", per_fire(self.node.cpu_us as f64), "µs");
        let machine_us = self.seconds * 1e6 * cores.max(1) as f64;
        sheet.add("CPU of others", 100.0 * self.foreign_us as f64 / machine_us, "%");
        let written = self.admin.written + self.database.map_or(0, |used| used.written);
        sheet.add("written per fire", per_fire(written as f64), "B");
        for (name, value) in &self.counters {
            sheet.add(&format!("{name} per fire"), per_fire(*value as f64), "");
        }
        sheet.add("callbacks taken", self.taken as f64 / self.seconds, "1/s");
        sheet.wrong.extend(self.failed.clone());
    }
}
