//! Memory that was freed goes back to the system also when nothing is going on.
//!
//! mimalloc sees to that in passing, a second later at the earliest, whenever it makes or gives up a run of pages. An admin that has
//! nothing to do never comes to that, and used to keep what its last burst took: the memory of a password's hash, or what was
//! needed for thousands of fires.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(5);
/// In bytes: more than mimalloc puts among others (512 KiB), so that freeing it gives up pages. It is never written to, so it takes
/// no memory itself.
const BLOCK: usize = 8 << 20;

/// What rests, one piece at most.
static RESTING: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Gives mimalloc an occasion every few seconds, until the process ends.
pub async fn give_back() {
    loop {
        tokio::time::sleep(EVERY).await;
        drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
        // Given back at the next occasion, being just freed.
        rest(0);
    }
}

/// Takes as many bytes as were freed just now, which are most likely the same, and leaves them alone until the next occasion, or until
/// others rest. What an admin makes while it starts would settle all over them otherwise, and they could not be given back.
pub(crate) fn rest(bytes: usize) {
    let resting = black_box(Vec::with_capacity(bytes));
    *RESTING.lock().unwrap_or_else(PoisonError::into_inner) = resting;
}
