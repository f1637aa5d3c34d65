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
use crate::options::Options;
use crate::stage::{NoStage, Programs, Stage};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// So many jobs, each due on every whole second.
    Steady,
    /// So many jobs, each due once in every second, spread over its milliseconds.
    Spread,
    /// The highest rate at which `steady` is sustained, searched from --rate.
    Maximum,
    /// Many jobs due in one instant, and nothing in between.
    Instant,
    /// What the parts of a fire cost at the least on this machine, without any scheduler.
    Floor,
    /// A million jobs that are never due: memory, start, idle processor time.
    Dormant,
    /// Back after an orderly end and after a kill, with a thousand, a hundred thousand and a million jobs.
    Restart,
    /// The admin as a newcomer starts it: memory and idle processor time.
    Idle,
    /// A hundred thousand jobs created through the API.
    Create,
    /// Lists and edits through the API while jobs fire.
    Api,
    /// Ten million old runs cleared while jobs fire.
    Retention,
}

impl Scenario {
    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Spread => "spread",
            Self::Maximum => "maximum",
            Self::Instant => "instant",
            Self::Floor => "floor",
            Self::Dormant => "dormant",
            Self::Restart => "restart",
            Self::Idle => "idle",
            Self::Create => "create",
            Self::Api => "api",
            Self::Retention => "retention",
        }
    }

    /// Measures it once, from nothing.
    ///
    /// # Errors
    /// When the stage could not be set or something broke; what was slow or wrong is no error but part of the sheet.
    pub fn measure(
        self,
        options: &Options,
        database: Database,
        programs: &Programs,
    ) -> Result<(Machine, Sheet), NoStage> {
        let on_stage: fn(&mut Stage) -> Result<Sheet, String> = match self {
            // These set stages of their own.
            Self::Maximum => return maximum::measure(options, database, programs),
            Self::Floor => return floor::measure(options, database, programs),
            Self::Restart => return restart::measure(options, database, programs),
            Self::Idle => return idle::measure(options, database, programs),
            Self::Steady => |stage| steady::measure(stage, Rhythm::EverySecond),
            Self::Spread => |stage| steady::measure(stage, Rhythm::Spread),
            Self::Instant => instant::measure,
            Self::Dormant => dormant::measure,
            Self::Create => create::measure,
            Self::Api => management::measure,
            Self::Retention => retention::measure,
        };
        let mut stage = Stage::set(options, database, programs)?;
        let sheet = on_stage(&mut stage)?;
        Ok((stage.place.machine.clone(), sheet))
    }
}
