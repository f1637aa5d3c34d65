//! Chance that can be repeated: the same seed throws the same dice, on every machine and in every version.

/// A sequence of numbers that follows from its seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.number() % (most.saturating_sub(least) + 1)
    }

    /// One of these; `None` of none.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = (choices.len() as u64).checked_sub(1)?;
        choices.get(usize::try_from(self.between(0, last)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_numbers() {
        let throw = |seed| (0..8).scan(Dice::new(seed), |dice, _| Some(dice.number())).collect::<Vec<_>>();
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
    }

    #[test]
    fn numbers_stay_between_their_bounds_and_reach_them() {
        let mut dice = Dice::new(1);
        let thrown: Vec<u64> = (0..200).map(|_| dice.between(3, 5)).collect();
        assert!((3..=5).all(|number| thrown.contains(&number)) && thrown.iter().all(|number| (3..=5).contains(number)));
    }

    #[test]
    fn there_is_nothing_to_choose_from_nothing() {
        assert_eq!(Dice::new(1).one_of::<u8>(&[]), None);
    }
}
