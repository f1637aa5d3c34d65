//! Better twice than never, or better never than twice: what a job wants when it cannot be known whether a run was taken.

use serde::{Deserialize, Serialize};

/// What the scheduler may do when it cannot know whether a run was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Send it again, under the same run id: better twice than never.
    #[default]
    AtLeastOnce,
    /// Give it up as lost: better never than twice.
    AtMostOnce,
}
