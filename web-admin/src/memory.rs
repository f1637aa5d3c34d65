//! Memory that was freed goes back to the system also when nothing is going on.
//!
//! mimalloc sees to that in passing, a second later at the earliest, whenever it makes or gives up a run of pages. An admin that has
//! nothing to do never comes to that, and used to keep what its last burst took: the 7 MiB of a password's hash, or what was needed
//! for thousands of fires.

use std::hint::black_box;
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(5);
/// In bytes: more than mimalloc puts among others (512 KiB), so that freeing it gives up pages. It is never written to, so it takes
/// no memory itself.
const BLOCK: usize = 8 << 20;

/// Gives mimalloc an occasion every few seconds, until the process ends.
pub async fn give_back() {
    loop {
        tokio::time::sleep(EVERY).await;
        drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
    }
}
