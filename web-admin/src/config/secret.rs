//! Secrets of the configuration: kept as they are, shown to nobody.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is never shown: `Debug` hides it. Serialised as it is, because the environment is laid over the
/// serialised configuration; nothing else serialises one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(hidden)" })
    }
}
