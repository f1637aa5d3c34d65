//! How a call leaves for a node. `awc` is imported nowhere else: its client belongs to one thread.

pub(crate) mod batch;
pub(crate) mod hzm;
pub(crate) mod verdict;

/// The HTTP client of one node's actor.
pub(crate) type Wire = awc::Client;
