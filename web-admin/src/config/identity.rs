//! Who else says who somebody is: `hzm.job.admin.ldap`, `hzm.job.admin.oidc`, and what groups there may do here, `hzm.job.admin.groups`.

use super::secret::Secret;
use super::span;
use chrono::TimeDelta;
use hzm_job_identity::SettingProblem;
use hzm_job_identity::ldap::LdapSettings;
use hzm_job_identity::mapping::{Executors, Grant, Mapping, Role, Rule};
use hzm_job_identity::oidc::OidcSettings;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The address of the login's end.
const CALLBACK: &str = "/login/oidc/callback";

/// A directory: `hzm.job.admin.ldap`. `addr`, `dc`, `group` and `cnkey` are the original's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct LdapConfig {
    /// `ldap://HOST:389`, `ldaps://HOST:636` or `HOST:PORT`; empty (default): no directory is asked.
    pub addr: String,
    /// Below which entry everything is, such as `dc=example,dc=org`, or the domain `example.org`.
    pub dc: String,
    /// Below which part of that the users are, the innermost first, such as `ou=dev,ou=people`; default: nowhere in particular.
    pub group: String,
    /// The attribute that holds the name a user types, such as `uid` or `sAMAccountName`; default `cn`.
    pub cnkey: String,
    /// Whether `ldap://` speaks TLS before anything is said (StartTLS); default `false`.
    pub start_tls: bool,
    /// Whether passwords may go to another machine without TLS; default `false`.
    pub allow_plain: bool,
    /// A PEM file with the authorities of the directory's certificate; default: those that browsers trust.
    pub ca: PathBuf,
    /// An entry that may search for users and groups; default: users are named directly.
    pub bind_dn: String,
    /// The password of that entry.
    pub bind_password: Secret,
    /// Whether the groups in the user's `memberOf` count; default `true`.
    pub member_of: bool,
    /// Whether groups are searched that have the user as member; default `true`.
    pub group_members: bool,
    /// Below which entry groups count; default: everywhere.
    pub group_base: String,
    /// How long a login may take in all, `100ms` to `60s`; default `5s`.
    #[serde(with = "span")]
    pub within: TimeDelta,
}

/// A provider of OpenID Connect: `hzm.job.admin.oidc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct OidcConfig {
    /// The provider's name for itself, such as `https://login.example.org/realms/work`; empty (default): there is none.
    pub issuer: String,
    /// What the button on the login page calls it; default `OpenID Connect`.
    pub label: String,
    /// The name under which this admin is registered there.
    pub client_id: String,
    /// The secret of that registration; empty: none, PKCE alone.
    pub client_secret: Secret,
    /// Where the provider sends the browser back to: this admin's address and `/login/oidc/callback`.
    pub redirect_url: String,
    /// What is asked for besides `openid`, with blanks between; default `profile email`. A list is understood as well.
    #[serde(deserialize_with = "words")]
    pub scopes: String,
    /// The claim that holds the user's name; default: `preferred_username`, else a verified `email`, else `sub`.
    pub name_claim: String,
    /// The claim that holds the user's groups; default `groups`.
    pub groups_claim: String,
    /// A PEM file with the authorities of the provider's certificate; default: those that browsers trust.
    pub ca: PathBuf,
    /// How long the provider may take for one step of a login, `100ms` to `60s`; default `5s`.
    #[serde(with = "span")]
    pub within: TimeDelta,
}

/// A rule of `hzm.job.admin.groups`: what the members of a group may do here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GroupRule {
    /// The group: its DN, its name, or what the provider calls it.
    pub group: String,
    /// `viewer`, `operator`, `editor` or `administrator`.
    pub role: String,
    /// The app keys of the executors they may work on; left out: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executors: Option<BTreeSet<String>>,
}

impl Default for LdapConfig {
    fn default() -> Self {
        let LdapSettings { addr, dc, group, cnkey, start_tls, allow_plain, member_of, group_members, within, .. } =
            LdapSettings::default();
        LdapConfig {
            addr,
            dc,
            group,
            cnkey,
            start_tls,
            allow_plain,
            ca: PathBuf::new(),
            bind_dn: String::new(),
            bind_password: Secret::default(),
            member_of,
            group_members,
            group_base: String::new(),
            within: TimeDelta::from_std(within).unwrap_or(TimeDelta::seconds(5)),
        }
    }
}

impl Default for OidcConfig {
    fn default() -> Self {
        let OidcSettings { scopes, groups_claim, within, .. } = OidcSettings::default();
        OidcConfig {
            issuer: String::new(),
            label: "OpenID Connect".to_owned(),
            client_id: String::new(),
            client_secret: Secret::default(),
            redirect_url: String::new(),
            scopes: scopes.join(" "),
            name_claim: String::new(),
            groups_claim,
            ca: PathBuf::new(),
            within: TimeDelta::from_std(within).unwrap_or(TimeDelta::seconds(5)),
        }
    }
}

impl LdapConfig {
    /// The directory, if there is one.
    #[must_use]
    pub fn settings(&self) -> Option<LdapSettings> {
        (!self.addr.is_empty()).then(|| LdapSettings {
            addr: self.addr.clone(),
            start_tls: self.start_tls,
            allow_plain: self.allow_plain,
            ca: given_path(&self.ca),
            dc: self.dc.clone(),
            group: self.group.clone(),
            cnkey: self.cnkey.clone(),
            bind_dn: given(&self.bind_dn),
            bind_password: hzm_job_identity::Secret(self.bind_password.0.clone()),
            member_of: self.member_of,
            group_members: self.group_members,
            group_base: given(&self.group_base),
            within: duration(self.within),
        })
    }
}

impl OidcConfig {
    /// The provider, if there is one.
    #[must_use]
    pub fn settings(&self) -> Option<OidcSettings> {
        (!self.issuer.is_empty()).then(|| OidcSettings {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: given(&self.client_secret.0).map(hzm_job_identity::Secret),
            redirect_url: self.redirect_url.clone(),
            scopes: self.scopes.split_whitespace().map(str::to_owned).collect(),
            name_claim: given(&self.name_claim),
            groups_claim: self.groups_claim.clone(),
            ca: given_path(&self.ca),
            within: duration(self.within),
        })
    }
}

/// What groups may do here; `otherwise` is the role of those whom no rule concerns, empty: they are not let in.
///
/// # Errors
/// A role that there is not, by the key of its rule; or what the mapping itself refuses.
pub fn mapping(rules: &[GroupRule], otherwise: &str) -> Result<Mapping, (String, String)> {
    let role = |key: String, word: &str| {
        let known = Role::ALL.map(Role::word).join(", ");
        Role::of(word).ok_or_else(|| (key, format!("{word:?} is no role; give one of {known}")))
    };
    let rule = |(place, rule): (usize, &GroupRule)| {
        let (group, executors) = (rule.group.clone(), rule.executors.clone());
        if rule.role == Role::Administrator.word() && executors.is_some() {
            return Err((
                format!("groups[{place}].executors"),
                "an administrator has all executors; leave them out".to_owned(),
            ));
        }
        Ok(Rule { group, role: role(format!("groups[{place}].role"), &rule.role)?, executors })
    };
    let rules = rules.iter().enumerate().map(rule).collect::<Result<Vec<_>, (String, String)>>()?;
    let otherwise = match otherwise {
        "" => None,
        word => Some(Grant { role: role("otherwise".to_owned(), word)?, executors: Executors::All }),
    };
    let mapping = Mapping { rules, otherwise };
    mapping.check().map_err(|problem| ("groups".to_owned(), problem.advice))?;
    Ok(mapping)
}

/// The first value of these that cannot be used: its key below `hzm.job.admin`, and what to do.
pub(super) fn check(
    ldap: &LdapConfig,
    oidc: &OidcConfig,
    (groups, otherwise): (&[GroupRule], &str),
) -> Result<(), (String, String)> {
    let of = |section: &str, problem: SettingProblem| (format!("{section}.{}", problem.key), problem.advice);
    ldap.settings().map_or(Ok(()), |settings| settings.check().map_err(|problem| of("ldap", problem)))?;
    oidc.settings().map_or(Ok(()), |settings| settings.check().map_err(|problem| of("oidc", problem)))?;
    mapping(groups, otherwise)?;
    let half = |key: &str, what: &str| {
        Err((
            key.to_owned(),
            format!("is missing, and other keys of {what} are there; without it they count for nothing"),
        ))
    };
    if ldap.addr.is_empty() && *ldap != LdapConfig::default() {
        return half("ldap.addr", "ldap");
    }
    if oidc.issuer.is_empty() && *oidc != OidcConfig::default() {
        return half("oidc.issuer", "oidc");
    }
    if !oidc.issuer.is_empty() && !oidc.redirect_url.ends_with(CALLBACK) {
        let advice = format!("give this admin's address and {CALLBACK}, as it is registered at the provider");
        return Err(("oidc.redirectUrl".to_owned(), advice));
    }
    if oidc.label.trim().is_empty() {
        return Err(("oidc.label".to_owned(), "say what the button on the login page is to call it".to_owned()));
    }
    let is_asked = ldap.settings().is_some() || oidc.settings().is_some();
    if is_asked && groups.is_empty() && otherwise.is_empty() {
        let advice =
            "nobody would be let in: say what groups may do, or what everybody may do with hzm.job.admin.otherwise";
        return Err(("groups".to_owned(), advice.to_owned()));
    }
    let says_something = !groups.is_empty() || !otherwise.is_empty();
    if says_something && !is_asked {
        let advice =
            "there is neither a directory (ldap.addr) nor a provider (oidc.issuer) whose users this could be about";
        let key = if groups.is_empty() { "otherwise" } else { "groups" };
        return Err((key.to_owned(), advice.to_owned()));
    }
    Ok(())
}

/// Words as a text with blanks between, or as a list.
#[derive(Deserialize)]
#[serde(untagged, expecting = "give words with blanks between, such as profile email, or a list of them")]
enum Words {
    Text(String),
    List(Vec<String>),
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Words::deserialize(from)? {
        Words::Text(text) => text,
        Words::List(words) => words.join(" "),
    })
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn given_path(path: &Path) -> Option<PathBuf> {
    Some(path.to_owned()).filter(|path| !path.as_os_str().is_empty())
}

fn duration(span: TimeDelta) -> Duration {
    span.to_std().unwrap_or_default()
}
