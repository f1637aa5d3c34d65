//! What can be measured.

mod instant;
mod measured;
mod steady;

use hzm_job_test_rig::database::Database;

pub use measured::OTHERWISE;

use crate::crowd::Rhythm;
use crate::figures::Sheet;
use crate::options::Options;
use crate::stage::{NoStage, Programs, Stage};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// So many jobs, each due on every whole second.
    Steady,
    /// So many jobs, each due once in every second, spread over its milliseconds.
    Spread,
    /// Many jobs due in one instant, and nothing in between.
    Instant,
}

impl Scenario {
    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Spread => "spread",
            Self::Instant => "instant",
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
    ) -> Result<(Stage, Sheet), NoStage> {
        let mut stage = Stage::set(options, database, programs)?;
        let sheet = match self {
            Self::Steady => steady::measure(&mut stage, Rhythm::EverySecond),
            Self::Spread => steady::measure(&mut stage, Rhythm::Spread),
            Self::Instant => instant::measure(&mut stage),
        };
        Ok((stage, sheet?))
    }
}
