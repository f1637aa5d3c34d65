//! Putting jobs on the stage, through the API or past it.

use std::time::Instant;

use super::Stage;
use crate::create::{definition, id_of};
use crate::crowd::Crowd;
use crate::fill::fill;
use crate::ledger::Ledger;
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
        self.fill_with(crowds, |_, _| Ok(()))
    }

    /// The same, with `more` written before the last crowd; it is told the first number of each crowd before.
    ///
    /// # Errors
    /// When the database refuses or the admin does not start.
    pub fn fill_with(
        &mut self,
        crowds: &[Crowd],
        more: impl FnOnce(&mut Ledger, &[i64]) -> Result<(), String>,
    ) -> Result<Filled, String> {
        let templates: Vec<i64> = crowds.iter().map(|crowd| self.template(*crowd)).collect::<Result<_, _>>()?;
        self.end_admin()?;
        let begin = Instant::now();
        let (mut filled, mut firsts, mut more) = (Filled::default(), Vec::new(), Some(more));
        for (place, (crowd, template)) in crowds.iter().zip(templates).enumerate() {
            if let Some(more) = more.take_if(|_| place + 1 == crowds.len()) {
                more(self.ledger()?, &firsts)?;
            }
            let (first, facts) = fill(self.ledger()?, template, *crowd)?;
            firsts.push(first);
            filled.facts.extend(facts);
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
