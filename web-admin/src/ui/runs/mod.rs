//! Pages about runs: the list, one run, cancelling, clearing.

pub(crate) mod clear;
pub(crate) mod detail;
pub(crate) mod list;
pub(crate) mod row;
