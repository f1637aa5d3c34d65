//! From a seed to a plan: which faults come when, and for how long. Nothing is done here.

use std::collections::HashMap;
use std::fmt;

use crate::dice::Dice;
use crate::faults::{Fault, Target};

/// Nodes that the executor has.
pub const NODES: usize = 2;
/// Before the first fault, so that there is something to break.
const FIRST_AT_MS: u64 = 3_000;
/// Between the beginnings of two faults.
const GAP_MS: (u64, u64) = (300, 3_000);
/// Between two faults of the same target: it has to come back to be broken again.
const RECOVERY_MS: u64 = 2_000;

/// How much is to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Faults begin for so long.
    Millis(u64),
    /// So many processes are killed, and nothing else is done.
    Kills(usize),
}

/// One fault with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What.
    pub fault: Fault,
    /// Which node, where it concerns one.
    pub node: usize,
    /// When it begins, in milliseconds after the start.
    pub begins: u64,
    /// When it ends.
    pub ends: u64,
    /// A number for whatever else is left to chance, such as after how many bytes a connection is cut.
    pub salt: u64,
}

impl fmt::Display for Planned {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |millis: u64| millis as f64 / 1_000.0;
        write!(out, "{:8.1} s {:16}", seconds(self.begins), self.fault.name())?;
        if let Target::Node(node) | Target::Trigger(node) = self.fault.target(self.node) {
            write!(out, " node {node}")?;
        }
        write!(out, " for {:.1} s", seconds(self.ends - self.begins))
    }
}

/// The plan of a seed: in the order in which the faults begin.
#[must_use]
pub fn plan(seed: u64, amount: Amount, faults: &[Fault]) -> Vec<Planned> {
    let mut dice = Dice::new(seed);
    let choices: Vec<Fault> = match amount {
        Amount::Millis(_) => faults.to_vec(),
        Amount::Kills(_) => faults.iter().copied().filter(|fault| fault.is_kill()).collect(),
    };
    let mut free_at: HashMap<Target, u64> = HashMap::new();
    let mut plan = Vec::new();
    let mut at = FIRST_AT_MS;
    let mut turn: Vec<Fault> = Vec::new();
    loop {
        let is_done = match amount {
            Amount::Millis(millis) => at >= millis,
            Amount::Kills(kills) => plan.len() >= kills,
        };
        // Every kind gets its turn before any comes a second time, in an order of chance.
        if turn.is_empty() {
            turn = shuffled(&choices, &mut dice);
        }
        let Some(fault) = turn.pop().filter(|_| !is_done) else { return plan };
        let node = usize::from(dice.between(0, NODES as u64 - 1) == 1);
        let begins = at.max(free_at.get(&fault.target(node)).copied().unwrap_or_default());
        let (least, most) = fault.lasts_ms();
        let ends = begins + dice.between(least, most);
        free_at.insert(fault.target(node), ends + RECOVERY_MS);
        plan.push(Planned { fault, node, begins, ends, salt: dice.number() });
        at = begins + dice.between(GAP_MS.0, GAP_MS.1);
    }
}

fn shuffled(faults: &[Fault], dice: &mut Dice) -> Vec<Fault> {
    let mut keyed: Vec<(u64, Fault)> = faults.iter().map(|fault| (dice.number(), *fault)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, fault)| fault).collect()
}

/// A step of a plan: a fault begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The fault of this place in the plan begins.
    Begin(usize),
    /// It ends.
    End(usize),
}

/// All steps of a plan with their moments, in order; of two at the same moment an end comes first.
#[must_use]
pub fn steps(plan: &[Planned]) -> Vec<(u64, Step)> {
    let numbered = || plan.iter().enumerate();
    let begins = numbered().map(|(place, planned)| (planned.begins, 1, Step::Begin(place)));
    let ends = numbered().map(|(place, planned)| (planned.ends.max(planned.begins + 1), 0, Step::End(place)));
    let mut steps: Vec<(u64, u8, Step)> = begins.chain(ends).collect();
    steps.sort_by_key(|(at, order, _)| (*at, *order));
    steps.into_iter().map(|(at, _, step)| (at, step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(seed: u64, minutes: u64) -> Vec<Planned> {
        plan(seed, Amount::Millis(minutes * 60_000), Fault::ALL)
    }

    #[test]
    fn the_same_seed_plans_the_same_faults_at_the_same_moments() {
        assert_eq!(minutes(7, 5), minutes(7, 5));
        assert_ne!(minutes(7, 5), minutes(8, 5));
    }

    #[test]
    fn every_kind_gets_its_turn() {
        let plan = minutes(7, 10);
        assert!(Fault::ALL.iter().all(|fault| plan.iter().any(|planned| planned.fault == *fault)));
    }

    #[test]
    fn a_target_is_hit_again_only_after_it_could_recover() {
        let plan = minutes(3, 20);
        for (place, planned) in plan.iter().enumerate() {
            let target = planned.fault.target(planned.node);
            let before = plan[..place].iter().rfind(|earlier| earlier.fault.target(earlier.node) == target);
            assert!(before.is_none_or(|before| before.ends + RECOVERY_MS <= planned.begins), "{planned}");
        }
    }

    #[test]
    fn a_number_of_kills_is_that_many_kills() {
        let plan = plan(1, Amount::Kills(50), Fault::ALL);
        assert_eq!(plan.len(), 50);
        assert!(plan.iter().all(|planned| planned.fault.is_kill()));
    }

    #[test]
    fn every_fault_begins_before_it_ends() {
        let plan = minutes(5, 5);
        let steps = steps(&plan);
        assert_eq!(steps.len(), 2 * plan.len());
        for place in 0..plan.len() {
            let position = |wanted| steps.iter().position(|(_, step)| *step == wanted).unwrap();
            assert!(position(Step::Begin(place)) < position(Step::End(place)));
        }
    }

    #[test]
    fn without_anything_to_break_there_is_no_plan() {
        assert!(plan(1, Amount::Millis(60_000), &[]).is_empty());
    }
}
