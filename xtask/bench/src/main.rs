//! `cargo xtask bench`: see [`hzm_job_bench`]; `--help` lists what it understands.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use hzm_job_bench::ended;
use hzm_job_bench::machine::Machine;
use hzm_job_bench::options::Options;
use hzm_job_bench::page;
use hzm_job_bench::product::Product;
use hzm_job_bench::refused::refuse;
use hzm_job_bench::report::Report;
use hzm_job_bench::stage::{NoStage, Programs};
use hzm_job_test_rig::database::Database;
use hzm_job_test_rig::programs;

fn main() -> ExitCode {
    let options = Options::parse();
    let measured = ended::clean_up_when_ended().and_then(|()| everything(&options, &mut io::stdout()));
    ended::wait_while_cleaning_up();
    let measured = tell_kept(&mut io::stdout()).and(measured);
    let told = match measured {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => Ok(()),
        Err(problem) => writeln!(io::stderr(), "cargo xtask bench: {problem}"),
    };
    // When even stderr is gone there is nobody left to tell; the exit code still says it.
    if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
}

/// Measures on every database that was asked for; whether every fire was right.
fn everything(options: &Options, out: &mut impl Write) -> Result<bool, String> {
    if let (Some(docs), Some(results)) = (&options.page, &options.out) {
        let many = page::write(results, docs)?;
        say(out, &format!("{many} results are in {}\n", docs.join("benchmarks.md").display()))?;
        return Ok(true);
    }
    refuse(options)?;
    let admin = options.admin_binary.clone().map_or_else(programs::admin, Ok)?;
    let admin = admin.canonicalize().map_err(|error| format!("{}: {error}", admin.display()))?;
    let product = Product::look(&admin);
    let programs = Programs::with_admin(admin)?;
    try_out(options)?;
    let (mut is_right, mut skipped) = (true, Vec::new());
    for database in options.database.0.iter().copied() {
        match on(options, database, &product, &programs, out) {
            Ok(report) => {
                is_right &= report.is_right();
                say(out, &report.table())?;
                if let Some(folder) = &options.out {
                    say(out, &format!("written to {}\n", report.write(folder)?.display()))?;
                }
            }
            Err(NoStage::Missing(what)) => {
                skipped.push(format!("{}: {what}", database.name()));
                say(out, &format!("skipped: {}: {what}\n", database.name()))?;
            }
            Err(NoStage::Failed(why)) => return Err(format!("{}: {why}", database.name())),
        }
    }
    // Of all databases some may be missing; but who asked for one, or has none of them, has got nothing.
    if skipped.len() == options.database.0.len() {
        return Err(format!("nothing was measured: {}", skipped.join("; ")));
    }
    Ok(is_right)
}

/// Names the folders that stay because of `--keep`.
fn tell_kept(out: &mut impl Write) -> Result<(), String> {
    ended::kept().iter().try_for_each(|folder| say(out, &format!("kept {}\n", folder.display())))
}

/// Whether the results can be written, asked before anything is measured.
fn try_out(options: &Options) -> Result<(), String> {
    let Some(folder) = &options.out else { return Ok(()) };
    let empty = |database| Report::new(options, database, Product::default(), Machine::default(), Vec::new());
    options.database.0.iter().try_for_each(|database| empty(*database).try_to_write(folder))
}

fn on(
    options: &Options,
    database: Database,
    product: &Product,
    programs: &Programs,
    out: &mut impl Write,
) -> Result<Report, NoStage> {
    let mut sheets = Vec::new();
    let mut machine = None;
    for run in 1..=options.runs {
        say(out, &format!("{} on {}: run {run} of {}\n", options.scenario.name(), database.name(), options.runs))?;
        let (looked, sheet) = hzm_job_bench::scenario::measure(options, database, programs)?;
        machine.get_or_insert(looked);
        sheets.push(sheet);
    }
    Ok(Report::new(options, database, product.clone(), machine.unwrap_or_default(), sheets))
}

fn say(out: &mut impl Write, words: &str) -> Result<(), String> {
    out.write_all(words.as_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())
}
