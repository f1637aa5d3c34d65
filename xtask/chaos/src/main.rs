//! `cargo xtask chaos`: see [`hzm_job_chaos`] and `docs/chaos.md`.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use hzm_job_chaos::faults::{Database, Fault};
use hzm_job_chaos::options::{Options, Order};
use hzm_job_chaos::run::{NoRun, nothing_to_break, run};
use hzm_job_chaos::{plan, programs};

fn main() -> ExitCode {
    let options = Options::parse();
    let told = match everything(&options, &mut io::stdout()) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => Ok(()),
        Err(problem) => writeln!(io::stderr(), "cargo xtask chaos: {problem}"),
    };
    // When even stderr is gone there is nobody left to tell; the exit code still says it.
    if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
}

/// Runs on every database that was asked for; whether nothing was wrong.
fn everything(options: &Options, out: &mut impl Write) -> Result<bool, String> {
    let seed = options.seed.unwrap_or_else(drawn_seed);
    writeln!(out, "seed {seed}").map_err(|error| error.to_string())?;
    let admin = options.admin_binary.clone().map_or_else(programs::admin, Ok)?;
    let admin = admin.canonicalize().map_err(|error| format!("{}: {error}", admin.display()))?;
    let node = programs::beside("hzm-job-chaos-node")?;
    let mut report = options.report.as_ref().map(File::create).transpose().map_err(|error| error.to_string())?;
    let (mut is_clean, mut skipped) = (true, Vec::new());
    for database in options.database.0.iter().copied() {
        let order = options.order(seed, database, admin.clone(), node.clone());
        if options.plan {
            if !print_plan(&order, out).map_err(|error| error.to_string())? {
                skipped.push(format!("{}: {}", database.name(), nothing_to_break(&order, &[])));
            }
            continue;
        }
        let text = match run(&order, out) {
            Ok(summary) => {
                is_clean &= summary.is_clean();
                summary.to_string()
            }
            Err(NoRun::Missing(what) | NoRun::Nothing(what)) => {
                skipped.push(format!("{}: {what}", database.name()));
                format!("skipped: {}: {what}\n", database.name())
            }
            Err(NoRun::Failed(why)) => {
                is_clean = false;
                format!("{} with seed {seed} could not be brought to its end: {why}\n", database.name())
            }
        };
        let written = out.write_all(text.as_bytes());
        let kept = report.iter_mut().try_for_each(|report| report.write_all(text.as_bytes()));
        written.and(kept).map_err(|error| error.to_string())?;
    }
    // Of all databases some may be missing; but who asked for one, or has none of them, has got nothing.
    if skipped.len() == options.database.0.len() {
        return Err(format!("nothing was broken: {}", skipped.join("; ")));
    }
    Ok(is_clean)
}

/// Whether there is anything in it.
fn print_plan(order: &Order, out: &mut impl Write) -> io::Result<bool> {
    let exists = |fault: &Fault| fault.exists_with(order.database);
    let faults: Vec<Fault> = order.faults.iter().copied().filter(exists).collect();
    writeln!(out, "{}:", order.database.name())?;
    let plan = plan::plan(order.seed, order.amount, &faults);
    plan.iter().try_for_each(|planned| writeln!(out, "{planned}"))?;
    if order.database == Database::Sqlite {
        writeln!(out, "(without what cannot be had on a machine, the moments of the others change)")?;
    }
    Ok(!plan.is_empty())
}

/// A seed that nobody chose; the standard library draws its hash keys from the system.
fn drawn_seed() -> u64 {
    RandomState::new().build_hasher().finish() % 1_000_000
}
