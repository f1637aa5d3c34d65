//! What can be measured.

mod create;
mod dormant;
mod floor;
mod idle;
mod instant;
mod management;
mod maximum;
mod measured;
mod restart;
mod retention;
mod steady;

use hzm_job_test_rig::database::Database;

pub use measured::OTHERWISE;

use crate::crowd::Rhythm;
use crate::figures::Sheet;
use crate::machine::Machine;
use crate::options::{Options, Scenario};
use crate::stage::{NoStage, Programs, Stage};

/// Measures what the options say, once and from nothing.
///
/// # Errors
/// When the stage could not be set or something broke; what was slow or wrong is no error but part of the sheet.
pub fn measure(options: &Options, database: Database, programs: &Programs) -> Result<(Machine, Sheet), NoStage> {
    let on_stage: fn(&mut Stage) -> Result<Sheet, String> = match options.scenario {
        // These set stages of their own.
        Scenario::Maximum => return maximum::measure(options, database, programs),
        Scenario::Floor => return floor::measure(options, database, programs),
        Scenario::Restart => return restart::measure(options, database, programs),
        Scenario::Idle => return idle::measure(options, database, programs),
        Scenario::Steady => |stage| steady::measure(stage, Rhythm::EverySecond),
        Scenario::Spread => |stage| steady::measure(stage, Rhythm::Spread),
        Scenario::Instant => instant::measure,
        Scenario::Dormant => dormant::measure,
        Scenario::Create => create::measure,
        Scenario::Api => management::measure,
        Scenario::Retention => retention::measure,
    };
    let mut stage = Stage::set(options, database, programs)?;
    let sheet = on_stage(&mut stage)?;
    Ok((stage.place.machine.clone(), sheet))
}
