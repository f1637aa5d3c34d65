//! What goes over the wire between an admin and its executors: types only, no behaviour.
//!
//! The admin and the SDK both import these types, so the two ends cannot drift apart; the golden files in
//! `tests/golden/` hold them to what the original programs send. [`hzm`] is hzm-job's own dialect, [`batch`] our extension of it
//! that puts many calls into one request, [`vocabulary`] the numbers that mean the same in every dialect. This crate sends nothing, checks nothing and reads no clock.

pub mod batch;
pub mod hzm;
pub mod vocabulary;

pub use vocabulary::{CODE_FAILED, CODE_OK, CODE_REFUSED, HANDLER_SUCCESS, MAX_ID};
