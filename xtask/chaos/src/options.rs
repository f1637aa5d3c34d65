//! What can be asked of the breaker, and what a run of it is made from.

use std::path::PathBuf;

use clap::Parser;

use hzm_job_test_rig::database::{Databases, databases};

use crate::faults::{Database, Fault};
use crate::plan::Amount;

/// Runs the whole system (an admin, two executor nodes, a database), breaks it in every way it knows, and checks that
/// nothing was lost, done early, or done twice.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask chaos", bin_name = "cargo xtask chaos")]
pub struct Options {
    /// The same seed plans the same faults and the same jobs; without it one is drawn and printed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Minutes in which faults begin.
    #[arg(long, default_value_t = 2.0, conflicts_with = "kills")]
    pub minutes: f64,
    /// Kill so many processes instead, and do nothing else.
    #[arg(long, value_parser = kills)]
    pub kills: Option<usize>,
    /// `sqlite`, `mysql`, `postgres`, or `all` of them, one after another.
    #[arg(long, default_value = "sqlite", value_parser = databases)]
    pub database: Databases,
    /// Fires a second.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    pub rate: u64,
    /// The admin's program; without it the one beside this program, which is built when it is missing.
    #[arg(long, value_name = "PATH")]
    pub admin_binary: Option<PathBuf>,
    /// Only these faults, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    pub faults: Vec<Fault>,
    /// How far the admin's clock jumps, in seconds.
    #[arg(long, default_value_t = 3_600)]
    pub jump: i64,
    /// Write the report there as well.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Only print the plan of the seed.
    #[arg(long)]
    pub plan: bool,
    /// Keep the folder with logs, ledger and traces even when nothing is wrong.
    #[arg(long)]
    pub keep: bool,
}

fn fault(text: &str) -> Result<Fault, String> {
    let known = || Fault::ALL.iter().map(|fault| format!("{} ({})", fault.name(), fault.meaning())).collect::<Vec<_>>();
    Fault::named(text).ok_or_else(|| format!("there is no such fault; there are {}", known().join(", ")))
}

/// No kill at all would prove nothing and look like success.
fn kills(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("kill at least one process".to_owned()),
        Ok(kills) => Ok(kills),
    }
}

/// One run of the breaker on one database.
#[derive(Clone, Debug)]
pub struct Order {
    /// The seed of plan and jobs.
    pub seed: u64,
    /// How much is broken.
    pub amount: Amount,
    /// On which database.
    pub database: Database,
    /// Fires a second.
    pub rate: usize,
    /// What may be broken.
    pub faults: Vec<Fault>,
    /// How far the clock jumps, in milliseconds.
    pub jump_ms: i64,
    /// The admin's program.
    pub admin: PathBuf,
    /// The node's program.
    pub node: PathBuf,
    /// Whether the folder stays in any case.
    pub keep: bool,
}

impl Order {
    /// Why a fault cannot be had, as far as that can be told before anything runs.
    #[must_use]
    pub fn obstacle(&self, fault: Fault) -> Option<&'static str> {
        match fault {
            _ if !fault.exists_with(self.database) => Some("not with this database"),
            Fault::ClockBack | Fault::ClockForward if !crate::has_fault_points(&self.admin) => {
                Some("the admin was built without the feature `faults`")
            }
            _ => None,
        }
    }
}

impl Options {
    /// The run on one database.
    #[must_use]
    pub fn order(&self, seed: u64, database: Database, admin: PathBuf, node: PathBuf) -> Order {
        let amount = match self.kills {
            Some(kills) => Amount::Kills(kills),
            None => Amount::Millis((self.minutes.max(0.0) * 60_000.0) as u64),
        };
        let faults = if self.faults.is_empty() { Fault::ALL.to_vec() } else { self.faults.clone() };
        let rate = usize::try_from(self.rate).unwrap_or(1);
        let jump_ms = self.jump.saturating_mul(1_000);
        Order { seed, amount, database, rate, faults, jump_ms, admin, node, keep: self.keep }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_mistakes_are_named() {
        let read = |line: &str| Options::try_parse_from(line.split(' '));
        let options = read("chaos --seed 7 --kills 100 --database all --faults admin-kill,clock-back").unwrap();
        assert_eq!((options.seed, options.database.0.len(), options.faults.len()), (Some(7), 3, 2));
        assert!(read("chaos --faults earthquake").unwrap_err().to_string().contains("admin-kill"));
        assert!(read("chaos --database oracle").unwrap_err().to_string().contains("sqlite, mysql, postgres or all"));
        assert!(read("chaos --kills 1 --minutes 2").is_err());
        assert!(read("chaos --kills 0").unwrap_err().to_string().contains("kill at least one process"));
    }
}
