//! Putting jobs on the stage, through the API or past it.

use std::time::Instant;

use super::Stage;
use crate::create::{definition, id_of};
use crate::crowd::Crowd;
use crate::fill::fill;
use crate::text;
use crate::verify::JobFacts;

/// How a filled database came about, and how the admin took it.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// When the jobs of each crowd are due; nothing of dormant ones.
    pub facts: Vec<JobFacts>,
    /// How long the rows took, in seconds.
    pub seconds: f64,
    /// How long the admin took from its start to being ready, in seconds.
    pub ready: f64,
}

impl Stage {
    /// Ends the admin, writes these crowds into the database, and starts the admin again. Crowds that fire come last, so
    /// that little of theirs is missed meanwhile.
    ///
    /// # Errors
    /// When the database refuses or the admin does not start.
    pub fn fill(&mut self, crowds: &[Crowd]) -> Result<Filled, String> {
        let templates: Vec<i64> = crowds.iter().map(|crowd| self.template(*crowd)).collect::<Result<_, _>>()?;
        self.end_admin()?;
        let begin = Instant::now();
        let mut filled = Filled::default();
        for (crowd, template) in crowds.iter().zip(templates) {
            filled.facts.extend(fill(self.ledger()?, template, *crowd)?);
        }
        filled.seconds = begin.elapsed().as_secs_f64();
        filled.ready = self.restart_admin()?;
        Ok(filled)
    }

    /// Starts the admin again and waits for its nodes; the seconds from its start to being ready.
    ///
    /// # Errors
    /// When patience ends.
    pub fn restart_admin(&mut self) -> Result<f64, String> {
        let begin = Instant::now();
        self.start_admin()?;
        let ready = begin.elapsed().as_secs_f64();
        self.wait_for_nodes()?;
        Ok(ready)
    }

    /// A stopped job that a crowd is copied from.
    fn template(&mut self, crowd: Crowd) -> Result<i64, String> {
        let draft = definition(self.executor, 0, &crowd.rhythm.schedule(0));
        id_of(&self.api.call("POST", "/jobs", Some(&draft)).map_err(text)?)
    }
}
