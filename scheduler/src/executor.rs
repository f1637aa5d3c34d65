//! An executor as a user describes it, and the checks that make the description trustworthy.
//!
//! Limits: name 1 to 128 characters; app key 1 to 128 characters of `A-Z a-z 0-9 . _ -`; secret at most 256 visible ASCII
//! characters; at most 1,000 addresses of 255 bytes each, and only when registration is manual. Whether the app key is
//! unique is the store's business. Addresses are kept as they were normalised here: scheme and host in lower case, no
//! slash at the end.

use crate::job::text;
use crate::problem::{FieldProblem, Problem};
use serde::{Deserialize, Serialize};
use std::fmt;

mod address;

/// The most addresses one executor may have.
pub const MOST_ADDRESSES: usize = 1_000;
/// The longest secret, in bytes.
pub const LONGEST_SECRET: usize = 256;

/// How the nodes of an executor become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// They call in by themselves.
    #[default]
    Automatic,
    /// A user lists their addresses; calls to register and to go offline are ignored.
    Manual,
}

/// An executor as it comes from a user or from the store: nothing is checked yet. Its `Debug` output hides
/// the secret, and what may be a password in an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutorDraft {
    /// The name shown to people.
    pub name: String,
    /// The key by which its nodes name it.
    pub app_key: String,
    /// The secret both sides send with each call; none or an empty one means that none is asked for.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// How its nodes become known.
    #[serde(default)]
    pub registration: Registration,
    /// Addresses of its nodes; only with manual registration.
    #[serde(default)]
    pub addresses: Vec<String>,
}

impl fmt::Debug for ExecutorDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorDraft")
            .field("name", &self.name)
            .field("app_key", &self.app_key)
            .field("app_secret", &self.app_secret.as_ref().map(|_| "(hidden)"))
            .field("registration", &self.registration)
            .field("addresses", &self.addresses.iter().map(|text| address::printable(text)).collect::<Vec<_>>())
            .finish()
    }
}

/// A checked executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorSpec {
    draft: ExecutorDraft,
}

impl ExecutorSpec {
    /// The description, normalised: name and key trimmed, an empty secret gone, addresses in their one spelling.
    #[must_use]
    pub fn draft(&self) -> &ExecutorDraft {
        &self.draft
    }
}

impl ExecutorDraft {
    /// Checks and normalises the whole draft.
    ///
    /// # Errors
    /// Every problem of every field, not only the first one.
    pub fn check(mut self) -> Result<ExecutorSpec, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        text::trim(&mut self.name);
        text::trim(&mut self.app_key);
        self.app_secret = self.app_secret.filter(|secret| !secret.is_empty());
        text::check_name("name", &self.name, &mut problems);
        check_app_key(&self.app_key, &mut problems);
        if let Some(secret) = &self.app_secret {
            check_secret(secret, &mut problems);
        }
        self.addresses = check_addresses(self.registration, &self.addresses, &mut problems);
        if problems.is_empty() { Ok(ExecutorSpec { draft: self }) } else { Err(problems) }
    }
}

/// Whether a letter may stand in an app key.
#[must_use]
pub fn is_of_app_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
}

fn check_app_key(key: &str, problems: &mut Vec<FieldProblem>) {
    let before = problems.len();
    text::check_name("app_key", key, problems);
    let foreign = key.chars().enumerate().find(|(_, found)| !is_of_app_key(*found));
    if let (Some((index, found)), true) = (foreign, problems.len() == before) {
        let problem = Problem::ForeignCharacter { found, position: index + 1, allowed: "A-Z a-z 0-9 . _ -" };
        problems.push(FieldProblem { field: "app_key", problem });
    }
}

fn check_secret(secret: &str, problems: &mut Vec<FieldProblem>) {
    let mut report = |problem| problems.push(FieldProblem { field: "app_secret", problem });
    if secret.len() > LONGEST_SECRET {
        report(Problem::TooManyBytes { found: secret.len(), most: LONGEST_SECRET });
    }
    if let Some(index) = secret.chars().position(|found| !found.is_ascii_graphic()) {
        report(Problem::SecretCharacter { position: index + 1 });
    }
}

/// The normalised addresses; those with a problem are left out and reported.
fn check_addresses(registration: Registration, given: &[String], problems: &mut Vec<FieldProblem>) -> Vec<String> {
    let mut report = |problem| problems.push(FieldProblem { field: "addresses", problem });
    match registration {
        Registration::Automatic if !given.is_empty() => report(Problem::AddressesNotWanted),
        Registration::Manual if given.is_empty() => report(Problem::AddressesMissing),
        Registration::Manual if given.len() > MOST_ADDRESSES => {
            report(Problem::TooManyAddresses { found: given.len(), most: MOST_ADDRESSES });
        }
        Registration::Automatic | Registration::Manual => return normalise_all(given, report),
    }
    Vec::new()
}

fn normalise_all(given: &[String], mut report: impl FnMut(Problem)) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::with_capacity(given.len());
    for text in given {
        match address::normalise(text) {
            Ok(address) if addresses.contains(&address) => report(Problem::DuplicateAddress { address }),
            Ok(address) => addresses.push(address),
            Err(fault) => report(Problem::Address { address: address::printable(text), fault }),
        }
    }
    addresses
}
