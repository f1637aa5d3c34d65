//! After the last fault: until all is quiet, and what is there to be checked then.

use std::fs;

use serde_json::{Value, json};

use super::by_hand::Hand;
use super::meddler::Meddler;
use super::{MISFIRE_THRESHOLD_MS, Stage, text};
use crate::api::PATIENCE_MS;
use crate::checker::{Evidence, Finding, Flaw};
use crate::clock::{now_ms, pause_ms};
use crate::dice::Dice;
use crate::job::Pace;
use crate::ledger::{self, Row};
use crate::meddling::{Answer, Meddled, Standing, What};
use crate::stage::meddler::deed;
use crate::trace;

/// A job is with the times when its newest row is not older than this many milliseconds.
const CAUGHT_UP_MS: i64 = 5_000;

/// How often an admin is looked after that is not ready yet, in milliseconds.
const TEND_EVERY_MS: i64 = 500;

impl Stage {
    /// Waits until the admin is ready and every job is with the times, stops the jobs, and waits until nothing is open any more. What does not
    /// come to pass in time is a finding.
    ///
    /// # Errors
    /// When the admin refuses or stays away.
    pub fn come_to_rest(&mut self) -> Result<Vec<Finding>, String> {
        let patience_ends = now_ms() + PATIENCE_MS;
        while !self.api.is_ready() && now_ms() < patience_ends {
            self.tend()?;
            pause_ms(TEND_EVERY_MS);
        }
        self.orders = self.hand.as_mut().map(Hand::stop).unwrap_or_default();
        self.let_be()?;
        let mut findings = Vec::new();
        let patience_ends = now_ms() + PATIENCE_MS;
        for place in 0..self.jobs.len() {
            findings.extend(self.catch_up(place, patience_ends)?);
        }
        for place in 0..self.meddled.len() {
            findings.extend(self.settle(place, patience_ends)?);
        }
        for place in 0..self.jobs.len() {
            self.stop(place)?;
        }
        let open = "state=planned,waiting,dispatched,running";
        let patience_ends = now_ms() + PATIENCE_MS;
        while !self.newest(open)?.is_empty() && now_ms() < patience_ends {
            pause_ms(250);
        }
        Ok(findings)
    }

    /// Waits until a job is with the times, and notes up to which moment it has its rows.
    fn catch_up(&mut self, place: usize, patience_ends: i64) -> Result<Option<Finding>, String> {
        let Some(job) = self.jobs.get(place).cloned() else { return Ok(None) };
        if let Pace::Delay(_) | Pace::ByHand = job.plan.pace {
            return Ok(None);
        }
        let (newest, finding) = self.with_the_times(job.id, job.anchor, patience_ends)?;
        if let (Some(job), None) = (self.jobs.get_mut(place), &finding) {
            job.must_until = newest;
        }
        Ok(finding)
    }

    /// Waits until a job that is in force since `anchor` is with the times; the moment of its newest row.
    fn with_the_times(&mut self, job: i64, anchor: i64, patience_ends: i64) -> Result<(i64, Option<Finding>), String> {
        loop {
            let rows = self.newest(&format!("job={job}&kind=scheduled"))?;
            let newest = rows.iter().map(|row| row.scheduled_at).max().unwrap_or(anchor).max(anchor);
            let now = self.admin_now();
            if now - newest <= CAUGHT_UP_MS {
                return Ok((newest, None));
            }
            if now_ms() > patience_ends {
                let text = format!("its newest row is {} ms old, and no other comes", now - newest);
                return Ok((newest, Some(Finding { flaw: Flaw::Stuck, job, moment: newest, text })));
            }
            self.tend()?;
            pause_ms(250);
        }
    }

    /// Nobody changes jobs any more.
    fn let_be(&mut self) -> Result<(), String> {
        for book in self.meddlers.iter_mut().map(Meddler::stop) {
            self.orders.extend(book.orders);
            self.complaints.extend(book.complaints);
            self.meddled.extend(book.meddled);
        }
        let lines: Vec<String> = self.meddled.iter().map(|meddled| format!("{meddled:#?}")).collect();
        fs::write(self.folder.join("changed-jobs.txt"), lines.join("\n")).map_err(text)
    }

    /// Finds out for certain how a job stands that was changed meanwhile, waits until it is with the times, and stops it. One that
    /// may be deleted is deleted.
    fn settle(&mut self, place: usize, patience_ends: i64) -> Result<Option<Finding>, String> {
        let Some(mut meddled) = self.meddled.get(place).cloned() else { return Ok(None) };
        let id = meddled.job.id;
        if meddled.may_be_gone() {
            // Gone already: that is what is wanted.
            let said = self.api.call("DELETE", &format!("/jobs/{id}"), None);
            return said.map(|_| None).or_else(|why| if why.contains("answered 404") { Ok(None) } else { Err(why) });
        }
        let mut finding = None;
        let standing = self.insist(&mut meddled, What::Policy)?;
        if standing.enabled {
            (meddled.job.must_until, finding) = self.with_the_times(id, standing.anchor, patience_ends)?;
        }
        self.insist(&mut meddled, What::Stop)?;
        if let Some(place) = self.meddled.get_mut(place) {
            *place = meddled;
        }
        Ok(finding)
    }

    /// Does something to a job until that is answered with 2xx.
    fn insist(&mut self, meddled: &mut Meddled, what: What) -> Result<Standing, String> {
        let patience_ends = now_ms() + PATIENCE_MS;
        let mut dice = Dice::new(self.order.seed);
        loop {
            let deed = deed(&mut self.api, meddled.job.id, what, &mut dice)?;
            meddled.deeds.extend(deed);
            if let Some(Answer::Counts(Some(standing))) = deed.map(|deed| deed.answer) {
                return Ok(standing);
            }
            if now_ms() > patience_ends {
                return Err(format!("job {} cannot be changed: {what:?} is answered {deed:?}", meddled.job.id));
            }
            pause_ms(200);
        }
    }

    fn stop(&mut self, place: usize) -> Result<(), String> {
        let Some(id) = self.jobs.get(place).map(|job| job.id) else { return Ok(()) };
        self.api.call("POST", &format!("/jobs/{id}/stop"), None)?;
        let until = self.admin_now();
        if let Some(job) = self.jobs.get_mut(place) {
            job.may_until = until;
        }
        Ok(())
    }

    fn newest(&mut self, query: &str) -> Result<Vec<Row>, String> {
        let page = self.api.call("GET", &format!("/runs?size=50&{query}"), None)?;
        serde_json::from_value(page.get("items").cloned().unwrap_or_default()).map_err(text)
    }

    /// Everything that is to be checked; also left in the folder for whoever looks into a finding.
    ///
    /// # Errors
    /// When ledger or traces cannot be read.
    pub fn evidence(&mut self) -> Result<Evidence, String> {
        let rows = ledger::rows(&mut self.api, "")?;
        let executions = trace::read(&self.traces())?;
        let jobs: Vec<Value> =
            self.jobs.iter().map(|job| json!({ "id": job.id, "plan": format!("{:?}", job.plan) })).collect();
        fs::write(self.folder.join("jobs.json"), Value::from(jobs).to_string()).map_err(text)?;
        let lines: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        fs::write(self.folder.join("ledger.txt"), lines.join("\n")).map_err(text)?;
        let (jobs, history, orders) = (self.jobs.clone(), self.history.clone(), self.orders.clone());
        let (meddled, misfire_threshold) = (self.meddled.clone(), MISFIRE_THRESHOLD_MS);
        Ok(Evidence { jobs, meddled, rows, executions, orders, history, misfire_threshold })
    }

    /// What the admin lists as quarantined.
    ///
    /// # Errors
    /// When the admin refuses or stays away.
    pub fn quarantined(&mut self) -> Result<Vec<String>, String> {
        let actors = self.api.call("GET", "/actors", None)?;
        let items = actors.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(items
            .iter()
            .map(Value::to_string)
            .filter(|actor| actor.contains("quarantined\":true") || actor.contains("\"quarantined\""))
            .collect())
    }
}
