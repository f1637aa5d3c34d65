//! Which directory, and how users and groups are found in it.

use super::address::Address;
use super::dn;
use crate::problem::{self, SettingProblem};
use crate::secret::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// Attributes that no entry is named after: a user must be searched for by these, and that takes `bindDn`.
const NEVER_IN_A_DN: [&str; 3] = ["sAMAccountName", "userPrincipalName", "mail"];

/// Which directory, and how users and groups are found in it. `addr`, `dc`, `group` and `cnkey` are the original's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapSettings {
    /// `ldap://HOST:389`, `ldaps://HOST:636`, or `HOST:PORT` as in the original.
    pub addr: String,
    /// Whether a connection to `ldap://` speaks TLS before anything is said (StartTLS, RFC 4511 §4.14).
    pub start_tls: bool,
    /// Whether passwords may go to another machine without TLS. For networks that nobody else is in.
    pub allow_plain: bool,
    /// A PEM file of the authorities that the certificate may come from; `None`: those that browsers trust.
    pub ca: Option<PathBuf>,
    /// Below which entry everything is: `dc=example,dc=org`, or the domain `example.org`.
    pub dc: String,
    /// Below which part of that the users are, the innermost first: `ou=dev,ou=people`, or just `dev,people`; may be empty.
    pub group: String,
    /// The attribute that holds the name a user types: `cn`, `uid`, `sAMAccountName`.
    pub cnkey: String,
    /// An entry that may search for users and groups. `None`: users are named `CNKEY=NAME,GROUP,DC`, and each looks
    /// for its own groups.
    pub bind_dn: Option<String>,
    /// The password of that entry.
    pub bind_password: Secret,
    /// Whether the groups in the user's attribute `memberOf` count.
    pub member_of: bool,
    /// Whether groups are searched that have the user as `member`, `uniqueMember` or `memberUid`.
    pub group_members: bool,
    /// Below which entry groups count; `None`: those of `memberOf` wherever they are, and others are searched below `dc`.
    pub group_base: Option<String>,
    /// How long a login may take in all, 100 ms to 60 s.
    pub within: Duration,
}

impl Default for LdapSettings {
    fn default() -> Self {
        LdapSettings {
            addr: String::new(),
            start_tls: false,
            allow_plain: false,
            ca: None,
            dc: String::new(),
            group: String::new(),
            cnkey: "cn".to_owned(),
            bind_dn: None,
            bind_password: Secret::default(),
            member_of: true,
            group_members: true,
            group_base: None,
            within: Duration::from_secs(5),
        }
    }
}

impl LdapSettings {
    /// Whether these settings can be used at all. The directory is not asked.
    ///
    /// # Errors
    /// The first value that cannot be used, by its key.
    pub fn check(&self) -> Result<(), SettingProblem> {
        self.check_way()?;
        self.check_names()?;
        problem::first([
            (
                "within",
                (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&self.within),
                "give 100ms to 60s",
            ),
            ("bindDn", self.bind_dn.as_deref().is_none_or(dn::is_dn), "give a DN such as cn=reader,dc=example,dc=org"),
            (
                "bindPassword",
                self.bind_dn.is_some() != self.bind_password.is_empty(),
                "bindDn and bindPassword go together; a directory lets anybody in who names no password",
            ),
        ])
    }

    /// The same of the way there.
    fn check_way(&self) -> Result<(), SettingProblem> {
        let address = self.address()?;
        let encrypts = address.tls || self.start_tls;
        problem::first([
            ("startTls", !(address.tls && self.start_tls), "ldaps:// speaks TLS from the start; remove one of the two"),
            (
                "addr",
                encrypts || self.allow_plain || address.is_loopback(),
                "passwords would travel readably: use ldaps://, or set startTls (or allowPlain, where nobody else listens)",
            ),
            (
                "ca",
                encrypts || self.ca.is_none(),
                "without TLS no certificate is looked at; use ldaps://, or set startTls",
            ),
        ])
    }

    /// The same of the names of entries and attributes.
    fn check_names(&self) -> Result<(), SettingProblem> {
        let is_never_in_a_dn = NEVER_IN_A_DN.iter().any(|name| name.eq_ignore_ascii_case(&self.cnkey));
        problem::first([
            ("dc", dn::is_dn(&self.dc_dn()), "give the DN below which everything is, such as dc=example,dc=org"),
            (
                "group",
                dn::is_dn(&self.users_base()),
                "give units, the innermost first, such as ou=dev,ou=people; or nothing",
            ),
            ("cnkey", dn::is_attribute(&self.cnkey), "give an attribute such as cn, uid or sAMAccountName"),
            (
                "cnkey",
                self.bind_dn.is_some() || !is_never_in_a_dn,
                "no entry is named after this attribute, so users must be searched for: give bindDn and bindPassword",
            ),
            (
                "groupBase",
                self.group_base.as_deref().is_none_or(dn::is_dn),
                "give a DN such as ou=groups,dc=example,dc=org",
            ),
        ])
    }

    /// Where the directory is.
    pub(super) fn address(&self) -> Result<Address, SettingProblem> {
        let advice = "give ldap://HOST:389 or ldaps://HOST:636";
        Address::parse(&self.addr).ok_or_else(|| SettingProblem::new("addr", advice))
    }

    /// `dc` as a DN.
    pub(super) fn dc_dn(&self) -> String {
        let dc = self.dc.trim();
        if dc.contains('=') || dc.is_empty() {
            return dc.to_owned();
        }
        let parts: Vec<String> = dc.split('.').map(|part| format!("dc={}", dn::escaped(part))).collect();
        parts.join(",")
    }

    /// The DN below which users are.
    pub(super) fn users_base(&self) -> String {
        let group = self.group.trim();
        let units = match group.is_empty() || group.contains('=') {
            true => group.to_owned(),
            false => {
                group.split(',').map(|unit| format!("ou={}", dn::escaped(unit.trim()))).collect::<Vec<_>>().join(",")
            }
        };
        if units.is_empty() { self.dc_dn() } else { format!("{units},{}", self.dc_dn()) }
    }

    /// The DN of a user who is not searched for.
    pub(super) fn user_dn(&self, user: &str) -> String {
        format!("{}={},{}", self.cnkey, dn::escaped(user), self.users_base())
    }
}

#[cfg(test)]
mod tests;
