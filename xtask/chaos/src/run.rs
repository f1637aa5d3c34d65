//! One run of the breaker: set the stage, break it, let it come to rest, check.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::checker::{self, Finding, Flaw};
use crate::clock::{now_ms, pause_ms};
use crate::faults::Fault;
use crate::options::Order;
use crate::plan::{self, Planned, Step};
use crate::report::Summary;
use crate::stage::{NoDatabase, Stage};

/// How often the admin is looked after between two steps, in milliseconds.
const TEND_EVERY_MS: i64 = 200;

/// Why there is no summary.
#[derive(Debug)]
pub enum NoRun {
    /// The database is not installed; what to install.
    Missing(String),
    /// There is nothing to break; why.
    Nothing(String),
    /// Something of the breaker or of the stage failed; what, and where to look.
    Failed(String),
}

impl fmt::Display for NoRun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(text) | Self::Nothing(text) | Self::Failed(text) => out.write_str(text),
        }
    }
}

impl From<String> for NoRun {
    fn from(text: String) -> NoRun {
        NoRun::Failed(text)
    }
}

/// Runs one order from its beginning to its verdict, and says on `out` what it does.
///
/// # Errors
/// [`NoRun`]; what the checker finds is no error but part of the summary.
pub fn run(order: &Order, out: &mut dyn Write) -> Result<Summary, NoRun> {
    plan_of(order, |fault| order.obstacle(fault))?;
    let folder = folder(order)?;
    say(out, format_args!("{}: seed {}, folder {}", order.database.name(), order.seed, folder.display()))?;
    let result = in_folder(order, &folder, out);
    let is_clean =
        result.as_ref().is_ok_and(Summary::is_clean) || matches!(result, Err(NoRun::Missing(_) | NoRun::Nothing(_)));
    if is_clean && !order.keep {
        // A folder that stays in the folder of temporary files harms nobody.
        let _ = fs::remove_dir_all(&folder);
    }
    result.map_err(|problem| match problem {
        NoRun::Failed(text) => NoRun::Failed(format!("{text}\nlogs are in {}", folder.display())),
        other => other,
    })
}

fn in_folder(order: &Order, folder: &std::path::Path, out: &mut dyn Write) -> Result<Summary, NoRun> {
    let mut stage = Stage::set(order.clone(), folder).map_err(|none| match none {
        NoDatabase::Missing(what) => NoRun::Missing(what),
        NoDatabase::Failed(why) => NoRun::Failed(why),
    })?;
    let (plan, left_out) = plan_of(order, |fault| stage.obstacle(fault))?;
    say(out, format_args!("{} jobs, {} faults", stage.jobs.len(), plan.len()))?;
    carry_out(&mut stage, &plan, out)?;
    say(out, format_args!("no more faults; waiting until all is quiet"))?;
    let stuck = stage.come_to_rest()?;
    let evidence = stage.evidence()?;
    let mut verdict = checker::check(&evidence);
    verdict.findings.extend(stuck);
    verdict.findings.extend(quarantined(&mut stage)?);
    verdict.findings.extend(stage.ends());
    let promises = stage.broken_promises().into_iter();
    verdict.findings.extend(promises.map(|text| Finding { flaw: Flaw::Unrecorded, job: 0, moment: 0, text }));
    Ok(Summary::new(order, &evidence.history, left_out, verdict, folder))
}

/// A fault that cannot be had, and why.
pub type LeftOut = (Fault, &'static str);

/// The plan of what can be had here, and why the rest cannot. An empty one is refused: its run would say that nothing was
/// wrong, and prove nothing.
fn plan_of(
    order: &Order,
    obstacle: impl Fn(Fault) -> Option<&'static str>,
) -> Result<(Vec<Planned>, Vec<LeftOut>), NoRun> {
    // Those that exist with another database only go without a word.
    let (mut faults, mut left_out) = (Vec::new(), Vec::new());
    for fault in order.faults.iter().copied().filter(|fault| fault.exists_with(order.database)) {
        match obstacle(fault) {
            Some(why) => left_out.push((fault, why)),
            None => faults.push(fault),
        }
    }
    let plan = plan::plan(order.seed, order.amount, &faults);
    if plan.is_empty() { Err(NoRun::Nothing(nothing_to_break(order, &left_out))) } else { Ok((plan, left_out)) }
}

/// Why a plan is empty.
#[must_use]
pub fn nothing_to_break(order: &Order, left_out: &[LeftOut]) -> String {
    let is_left_out = |fault: &Fault| left_out.iter().any(|(left, _)| left == fault);
    let mut exist = order.faults.iter().filter(|fault| fault.exists_with(order.database)).peekable();
    if exist.peek().is_none() {
        return "there is nothing to break: none of these faults exists with this database".to_owned();
    }
    if !exist.all(is_left_out) {
        return "there is nothing to break: give it more --minutes, or with --kills a fault that kills".to_owned();
    }
    let why: Vec<String> = left_out.iter().map(|(fault, why)| format!("{}: {why}", fault.name())).collect();
    format!("there is nothing to break ({})", why.join("; "))
}

/// Does every step in its order, each not before its moment.
fn carry_out(stage: &mut Stage, plan: &[Planned], out: &mut dyn Write) -> Result<(), NoRun> {
    let start = now_ms();
    for (at, step) in plan::steps(plan) {
        let due = start.saturating_add(i64::try_from(at).unwrap_or(i64::MAX));
        while now_ms() < due {
            stage.tend()?;
            pause_ms((due - now_ms()).min(TEND_EVERY_MS));
        }
        if let (Step::Begin(place), Some(planned)) = (step, plan.get(place_of(step))) {
            say(out, format_args!("{:4}. {planned}", place + 1))?;
        }
        stage.step(step, plan)?;
    }
    Ok(())
}

fn place_of(step: Step) -> usize {
    let (Step::Begin(place) | Step::End(place)) = step;
    place
}

fn quarantined(stage: &mut Stage) -> Result<Vec<Finding>, NoRun> {
    let actors = stage.quarantined()?.into_iter();
    let text = |actor| format!("an actor was quarantined: {actor}");
    Ok(actors.map(|actor| Finding { flaw: Flaw::Stuck, job: 0, moment: 0, text: text(actor) }).collect())
}

/// A folder of this run alone. The servers' user must be able to pass, so it is open to look through.
fn folder(order: &Order) -> Result<PathBuf, NoRun> {
    let name = format!("hzm-job-chaos-{}-{}-{}", order.database.name(), order.seed, std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).map_err(|error| NoRun::Failed(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

fn say(out: &mut dyn Write, line: fmt::Arguments<'_>) -> Result<(), NoRun> {
    let said: io::Result<()> = writeln!(out, "{line}").and_then(|()| out.flush());
    said.map_err(|error| NoRun::Failed(error.to_string()))
}
