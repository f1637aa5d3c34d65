//! For the fuzzers of this workspace: tests named `fuzz_...`, each of which feeds one parser that strangers reach.
//!
//! `cargo xtask test` runs each of them for some thousand inputs and replays its corpus (`__fuzz__` beside its file); `FUZZ_TIMES=1000` runs
//! each for a thousand times as many. `cargo xtask fuzz` runs them for longer, guided by what of the code is reached, and renews the
//! corpus. An input that fails is kept in `__fuzz__/TARGET/crashes`, and becomes part of the corpus with its mend.
//!
//! Bytes by chance are refused by a parser's first line. So an input says how to change a sound one ([`grown`]).

pub use bolero;

/// Runs a target for so many inputs by chance, after those of its corpus.
#[macro_export]
macro_rules! fuzz {
    ($iterations:literal, $seeds:expr, $target:expr) => {
        $crate::bolero::check!()
            .with_iterations($iterations * $crate::times())
            .for_each(|input: &[u8]| ($target)($crate::grown(input, &$seeds).as_slice()))
    };
}

/// By how much more than the suite each target is tried: `FUZZ_TIMES`, 1 without it.
#[must_use]
pub fn times() -> usize {
    std::env::var("FUZZ_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// What an input means: with an odd first byte the rest of it, as it is; with an even one the seed that the second byte chooses,
/// changed in up to 64 places by the bytes that follow, four for each change.
#[must_use]
pub fn grown(input: &[u8], seeds: &[&[u8]]) -> Vec<u8> {
    let Some((first, rest)) = input.split_first() else { return Vec::new() };
    let Some((chosen, changes)) = rest.split_first().filter(|_| first % 2 == 0 && !seeds.is_empty()) else {
        return rest.to_vec();
    };
    let mut text = seeds.get(usize::from(*chosen) % seeds.len()).map_or_else(Vec::new, |seed| seed.to_vec());
    for change in changes.as_chunks::<4>().0.iter().take(64) {
        changed(&mut text, *change, seeds);
    }
    text
}

/// One change: of what kind, where (two bytes), and with what.
fn changed(text: &mut Vec<u8>, [kind, high, low, value]: [u8; 4], seeds: &[&[u8]]) {
    let place = usize::from(u16::from_be_bytes([high, low])) % (text.len() + 1);
    let until = (place + usize::from(value) % 16).min(text.len());
    match kind % 7 {
        0 => text.insert(place, value),
        1 => drop(text.drain(place..until)),
        2 => text.get_mut(place).into_iter().for_each(|byte| *byte = value),
        3 => {
            let piece = text.get(place..until).map(<[u8]>::to_vec).unwrap_or_default();
            text.splice(place..place, piece.repeat(1 + usize::from(kind) / 32));
        }
        4 => {
            let other = seeds.get(usize::from(value) % seeds.len().max(1)).copied().unwrap_or_default();
            let from = usize::from(low) % (other.len() + 1);
            text.splice(place..place, other.get(from..).unwrap_or_default().iter().copied());
        }
        5 => drop(text.splice(place..until, b"99999999999999999999".iter().copied())),
        _ => text.truncate(place),
    }
    text.truncate(1 << 16);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SEEDS: [&[u8]; 2] = [b"0 0 12 * * ?", b"@daily"];

    #[test]
    fn an_input_is_itself_or_a_changed_seed() {
        assert_eq!(grown(b"\x01abc", &SEEDS), b"abc");
        assert_eq!(grown(b"\x00\x01", &SEEDS), b"@daily");
        assert_eq!(grown(b"\x00\x01\x02\x00\x00#", &SEEDS), b"#daily");
        assert_eq!(grown(b"\x00\x01\x06\x00\x03.", &SEEDS), b"@da");
        assert!(grown(b"", &SEEDS).is_empty() && grown(b"\x00\x00abc", &[]).len() == 4);
    }

    #[test]
    fn no_input_breaks_or_bloats_it_and_all_of_them_are_tried() {
        static TRIED: AtomicUsize = AtomicUsize::new(0);
        static SEEDLIKE: AtomicUsize = AtomicUsize::new(0);
        fuzz!(2_000, SEEDS, |text: &[u8]| {
            assert!(text.len() <= 1 << 16);
            TRIED.fetch_add(1, Ordering::Relaxed);
            let is_seedlike =
                text.windows(4).any(|part| SEEDS.iter().any(|seed| seed.windows(4).any(|own| own == part)));
            SEEDLIKE.fetch_add(usize::from(is_seedlike), Ordering::Relaxed);
        });
        assert!(TRIED.load(Ordering::Relaxed) >= 2_000, "{TRIED:?}");
        assert!(SEEDLIKE.load(Ordering::Relaxed) >= 200, "{SEEDLIKE:?} of {TRIED:?} come from sound ones");
    }
}
