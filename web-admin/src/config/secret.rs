//! Secrets of the configuration: kept as they are, shown to nobody.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is never shown: `Debug` hides it. Serialised as it is, because the environment is laid over the
/// serialised configuration; nothing else serialises one.
///
/// Line ends after it are left out: whoever keeps it in a file gets one with it, and nobody means it. Blanks may be meant.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Secret(pub String);

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(hidden)" })
    }
}
