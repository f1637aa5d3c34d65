//! An executor as clients write it: its secret can be set, cleared or left alone, and is never read back.

use chrono::TimeDelta;
use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// An executor as clients write it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExecutorInput {
    /// The name shown to people, 1 to 128 characters.
    name: String,
    /// The key by which its nodes name it: 1 to 128 characters of `A-Z a-z 0-9 . _ -`, unique.
    app_key: String,
    /// The secret both sides send. Left out: stays as it is, and a new executor gets a generated one, which the answer tells this
    /// once; null or empty: none, so that whoever knows the app key may call in.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    secret: SecretChange,
    /// For so many seconds a secret that is replaced stays good, so that nodes can be given the new one in their time: 0 (default, not
    /// at all) to 2,592,000 (30 days).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2592000)]
    former_secret_good_for_s: u32,
    /// `automatic` (nodes call in by themselves, the default) or `manual`.
    #[serde(default)]
    #[schema(value_type = String)]
    registration: Registration,
    /// The addresses of its nodes; only with manual registration.
    #[serde(default)]
    addresses: Vec<String>,
}

/// What a client wants with a secret.
#[derive(Default)]
enum SecretChange {
    /// It was not mentioned.
    #[default]
    Keep,
    /// None is to be asked for.
    Clear,
    /// It is to be this one.
    Set(String),
}

impl<'de> Deserialize<'de> for SecretChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = Option::<String>::deserialize(deserializer)?.filter(|secret| !secret.is_empty());
        Ok(wanted.map_or(SecretChange::Clear, SecretChange::Set))
    }
}

impl ExecutorInput {
    /// Whether a secret has to be made up for this new executor: nobody gets in who was not let in, nor reports for nodes whose
    /// addresses were entered by hand.
    pub(super) fn wants_secret(&self) -> bool {
        matches!(self.secret, SecretChange::Keep)
    }

    /// How long a secret that is replaced stays good.
    pub(super) fn overlap(&self) -> TimeDelta {
        TimeDelta::seconds(self.former_secret_good_for_s.into())
    }

    pub(super) fn draft(self, current: Option<String>) -> ExecutorDraft {
        let app_secret = match self.secret {
            SecretChange::Keep => current,
            SecretChange::Clear => None,
            SecretChange::Set(secret) => Some(secret),
        };
        let (name, app_key) = (self.name, self.app_key);
        ExecutorDraft { name, app_key, app_secret, registration: self.registration, addresses: self.addresses }
    }
}
