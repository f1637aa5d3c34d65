//! What the courier can be asked to do; said by the clerk, the runner and whoever shuts down.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::report::Report;

/// What the courier can be asked to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// Deliver these; one that waits already is tried at once.
    Deliver(Vec<Arc<Report>>),
    /// Try everything that waits at once, and say when nothing is left.
    Flush(oneshot::Sender<()>),
}
