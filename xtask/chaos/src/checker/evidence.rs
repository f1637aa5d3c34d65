//! What the checker is given, and the ways into it.

use std::collections::{BTreeMap, HashMap};

use crate::history::History;
use crate::job::JobFacts;
use crate::ledger::Row;
use crate::meddling::Meddled;
use crate::trace::Execution;

/// Everything that is known when all is over and quiet.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The jobs.
    pub jobs: Vec<JobFacts>,
    /// The jobs that were changed meanwhile.
    pub meddled: Vec<Meddled>,
    /// The whole ledger.
    pub rows: Vec<Row>,
    /// What the nodes wrote down, by its start.
    pub executions: Vec<Execution>,
    /// What was ordered by hand.
    pub orders: Vec<Ordered>,
    /// What was done to the system.
    pub history: History,
    /// Later than this a fire is missed, in milliseconds.
    pub misfire_threshold: i64,
}

/// Something that was ordered by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The job.
    pub job: i64,
    /// The key under which the order was given, perhaps several times.
    pub key: String,
    /// The run that each answer named; none: there was no answer, and so perhaps a run.
    pub runs: Vec<i64>,
}

/// Attempts at one fire, by their numbers.
pub(super) type Attempts<'e> = BTreeMap<i32, Vec<&'e Row>>;

/// Ways into the evidence.
pub(super) struct Index<'e> {
    /// Everything.
    pub(super) evidence: &'e Evidence,
    jobs: HashMap<i64, &'e JobFacts>,
    rows: HashMap<i64, &'e Row>,
    scheduled: HashMap<i64, BTreeMap<i64, Attempts<'e>>>,
    executions: HashMap<i64, Vec<&'e Execution>>,
}

impl<'e> Index<'e> {
    /// The ways into this evidence.
    pub(super) fn of(evidence: &'e Evidence) -> Index<'e> {
        let mut scheduled: HashMap<i64, BTreeMap<i64, Attempts<'e>>> = HashMap::new();
        for row in evidence.rows.iter().filter(|row| row.is_scheduled()) {
            let fires = scheduled.entry(row.job).or_default();
            fires.entry(row.scheduled_at).or_default().entry(row.attempt).or_default().push(row);
        }
        let mut executions: HashMap<i64, Vec<&'e Execution>> = HashMap::new();
        for execution in &evidence.executions {
            executions.entry(execution.run).or_default().push(execution);
        }
        let meddled = evidence.meddled.iter().map(|meddled| &meddled.job);
        let jobs = evidence.jobs.iter().chain(meddled).map(|job| (job.id, job)).collect();
        let rows = evidence.rows.iter().map(|row| (row.id, row)).collect();
        Index { evidence, jobs, rows, scheduled, executions }
    }

    /// A job by its number.
    pub(super) fn job(&self, id: i64) -> Option<&'e JobFacts> {
        self.jobs.get(&id).copied()
    }

    /// A row by its run.
    pub(super) fn row(&self, run: i64) -> Option<&'e Row> {
        self.rows.get(&run).copied()
    }

    /// The fires of a job's schedule by their moments, each with its attempts.
    pub(super) fn fires(&self, job: i64) -> Option<&BTreeMap<i64, Attempts<'e>>> {
        self.scheduled.get(&job)
    }

    /// The executions of a run, by their starts.
    pub(super) fn executions(&self, run: i64) -> &[&'e Execution] {
        self.executions.get(&run).map_or(&[], Vec::as_slice)
    }

    /// The executions of each run.
    pub(super) fn executed(&self) -> impl Iterator<Item = (i64, &[&'e Execution])> {
        self.executions.iter().map(|(run, executions)| (*run, executions.as_slice()))
    }
}
