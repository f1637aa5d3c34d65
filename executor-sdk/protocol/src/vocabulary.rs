//! The numbers that both ends agree on. No types of a particular call: those are in the module of their dialect.

/// `code` of an answer that says yes.
pub const CODE_OK: i32 = 200;

/// `code` of an answer that says no. The HTTP status says no as well: a Go client takes every HTTP 200 for success,
/// whatever the body says.
pub const CODE_REFUSED: i32 = -1;

/// `handlerCode` of a run that succeeded.
pub const HANDLER_SUCCESS: i32 = 200;

/// `handlerCode` that the SDKs send for a run that failed. A receiver takes every number but [`HANDLER_SUCCESS`] for a
/// failure.
pub const CODE_FAILED: i32 = 500;

/// The largest id that may go over the wire: 2^53 − 1. JavaScript executors read JSON numbers as doubles, and a double
/// keeps no larger integer exactly.
pub const MAX_ID: i64 = (1 << 53) - 1;
