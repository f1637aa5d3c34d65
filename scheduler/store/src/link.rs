//! The links of the chain that the operation log is, see [`crate::chain`], and what can be wrong with one.

/// A place in the chain and the hash there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// The place, from 1; 0: the chain is empty.
    pub place: i64,
    /// The hash there, in hexadecimal.
    pub hash: String,
}

impl Link {
    /// Whether this can be a link of any chain.
    #[must_use]
    pub fn is_sound(place: i64, hash: &str) -> bool {
        place >= 1 && hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
    }
}

/// What is wrong with a chain, at the first place where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No entry has this place.
    #[error("the entry at place {0} is missing")]
    Missing(i64),
    /// The entry is not the one that was written, or one before it is not.
    #[error("the entry at place {0} was changed after it was written")]
    Changed(i64),
    /// There are entries behind the end.
    #[error("the chain ends at place {0}, and there are entries behind its end")]
    Behind(i64),
    /// There are entries without a place: put in by something else than this program, or by a version from before there was a chain.
    #[error(
        "{0} entries have no place in the chain: they were put in from outside, or by an older version of this program"
    )]
    Unplaced(i64),
    /// The entry of this number has a place that no chain has.
    #[error("entry number {0} has a place that is none of the chain's: it was put in from outside")]
    Stray(i64),
    /// The hash that was kept from before is not the one of this place.
    #[error("at place {0} is another entry than the one whose hash you kept")]
    Replaced(i64),
}
