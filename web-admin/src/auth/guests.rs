//! Logins of those for whom somebody else vouches: a directory, or a provider of OpenID Connect.
//!
//! They come about here with their first login, and get with each login what their groups may do. A user who has a password here is
//! asked for that and nothing else, whatever the directory says of the name: so a directory that is down, or bad, keeps none of them out
//! and takes none of them over.

use super::{LoginRefusal, absent};
use crate::config::mapping;
use crate::error::{ApiError, Failure};
use crate::state::App;
use hzm_job_identity::ldap::LdapError;
use hzm_job_identity::mapping::{Executors, Grant, Spelling};
use hzm_job_identity::oidc::OidcError;
use hzm_job_identity::{Identity, ldap};
use hzm_job_scheduler::{ExecutorId, names};
use hzm_job_store::account::Rights;
use hzm_job_store::account_guest::{Entered, Guest};
use hzm_job_store::user::User;
use std::collections::BTreeSet;

/// Who vouches, as it is stored.
pub(crate) const LDAP: &str = "ldap";
pub(crate) const OIDC: &str = "oidc";

/// Why somebody is not let in for whom somebody else vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwanted {
    /// Nothing here says what the user may do.
    NoRights,
    /// Another user has the name: with a password here, or vouched for by somebody else.
    NameTaken,
    /// The name has brackets, or letters that nobody sees.
    OddName,
    /// The user is disabled here.
    Disabled,
}

impl Unwanted {
    /// Every one.
    pub(crate) const ALL: [Unwanted; 4] =
        [Unwanted::NoRights, Unwanted::NameTaken, Unwanted::OddName, Unwanted::Disabled];

    /// How it stands in the operation log.
    pub(crate) const fn recorded(self) -> &'static str {
        match self {
            Unwanted::NoRights => "in no group that may do something here",
            Unwanted::NameTaken => "another user has this name",
            Unwanted::OddName => "the name has brackets, or letters that nobody sees",
            Unwanted::Disabled => "the user may not log in here",
        }
    }

    /// What programs are told.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Unwanted::NoRights => "you are known, but nothing here says what you may do; ask an administrator",
            Unwanted::NameTaken => "you are known, but another user here has your name; ask an administrator",
            Unwanted::OddName => {
                "you are known, but no name with brackets, or letters that nobody sees, is taken here; ask an administrator"
            }
            Unwanted::Disabled => "you are known, but may not log in here; ask an administrator",
        }
    }
}

/// Asks the directory about a name that has no password here.
pub(super) async fn by_directory(
    app: &App,
    settings: &ldap::LdapSettings,
    (name, password): (&str, &str),
    address: &str,
) -> Result<User, LoginRefusal> {
    match ldap::login(settings, name, password).await {
        Ok(identity) => enter(app, LDAP, identity, address).await,
        Err(error) if error.is_refusal() => Err(LoginRefusal::Wrong),
        Err(error @ LdapError::Unreachable { .. }) => {
            slog::error!(app.log, "the directory could not be asked; users with a password here can log in"; "error" => %error);
            Err(LoginRefusal::Away)
        }
        Err(error) => {
            slog::error!(app.log, "what the directory answered was refused; users with a password here can log in"; "error" => %error);
            Err(LoginRefusal::Distrusted)
        }
    }
}

/// Lets in whom a provider named.
pub(crate) async fn by_provider(
    app: &App,
    named: Result<Identity, OidcError>,
    address: &str,
) -> Result<User, LoginRefusal> {
    match named {
        Ok(identity) => {
            // A subject is one of its issuer: another provider's may have the same.
            let subject = format!("{} {}", app.config.admin.oidc.issuer, identity.subject);
            enter(app, OIDC, Identity { subject, ..identity }, address).await
        }
        Err(error) if error.is_refusal() => {
            slog::warn!(app.log, "a login by the provider was refused"; "reason" => %error, "address" => address);
            Err(if matches!(error, OidcError::Refused { .. }) { LoginRefusal::GivenUp } else { LoginRefusal::NotBegun })
        }
        Err(error) => Err(provider_failed(app, &error)),
    }
}

/// Logs that a provider vouches for nobody now, and answers why: it cannot be asked, or is not believed.
pub(crate) fn provider_failed(app: &App, error: &OidcError) -> LoginRefusal {
    if matches!(error, OidcError::Unreachable { .. }) {
        slog::error!(app.log, "the provider could not be asked"; "error" => %error);
        return LoginRefusal::Away;
    }
    slog::error!(app.log, "what the provider answered was refused"; "error" => %error);
    LoginRefusal::Distrusted
}

async fn enter(app: &App, origin: &'static str, identity: Identity, address: &str) -> Result<User, LoginRefusal> {
    if !names::is_plain(&identity.name) {
        slog::warn!(app.log, "somebody was not let in: the name has brackets, or letters that cannot be seen"; "origin" => origin,
            "subject" => &identity.subject);
        return Err(LoginRefusal::Unwanted { name: identity.name, why: Unwanted::OddName });
    }
    let Some(rights) = rights(app, &identity, origin).await? else {
        // Whatever the user may still do by an earlier login ends here.
        let Identity { name, subject, .. } = identity.clone();
        let nothing = Rights { role: String::new(), executors: None, disabled: false };
        let guest = Guest { origin, subject, name, by_name: origin == LDAP, rights: nothing };
        let expelled = app.store.guest_expel(&guest).await;
        app.rights_changed();
        expelled?;
        slog::warn!(app.log, "somebody was not let in: no rule of hzm.job.admin.groups concerns them"; "origin" => origin,
            "user" => &identity.name, "groups" => identity.groups.join("; "));
        return Err(LoginRefusal::Unwanted { name: identity.name, why: Unwanted::NoRights });
    };
    let Identity { name, subject, .. } = identity;
    let guest = Guest { origin, subject, name, by_name: origin == LDAP, rights };
    let refused = |why: Unwanted| {
        slog::warn!(app.log, "somebody was not let in"; "origin" => origin, "user" => &guest.name, "reason" => why.recorded());
        Err(LoginRefusal::Unwanted { name: guest.name.clone(), why })
    };
    let entered = app.store.guest_enter(&guest, &app.by(&guest.name, address)).await;
    app.rights_changed();
    match entered? {
        Entered::Known(user) => Ok(user),
        Entered::NameTaken => refused(Unwanted::NameTaken),
        Entered::Disabled => refused(Unwanted::Disabled),
        Entered::NoExecutor | Entered::Busy => {
            Err(LoginRefusal::Unavailable(ApiError::Conflict("it was changed meanwhile; log in again".to_owned())))
        }
    }
}

/// What the groups of somebody may do here; `None`: they may not even log in. Executors that there are not (yet) are left out.
async fn rights(app: &App, identity: &Identity, origin: &str) -> Result<Option<Rights>, LoginRefusal> {
    let admin = &app.config.admin;
    // Checked when the configuration was read.
    let mapping = mapping(&admin.groups, &admin.otherwise)
        .map_err(|(_, problem)| LoginRefusal::Unavailable(ApiError::Internal(Failure::because(problem))))?;
    let spelling = if origin == LDAP { Spelling::AnyCase } else { Spelling::Exact };
    let Some(Grant { role, executors }) = mapping.grant(&identity.groups, spelling) else { return Ok(None) };
    let executors = match executors {
        Executors::All => None,
        // An administrator has all of them.
        Executors::Only(_) if role == hzm_job_identity::mapping::Role::Administrator => None,
        Executors::Only(keys) => {
            let all = app.store.executor_list().await?;
            absent::tell(app, &all, |rule| spelling.is_among(&rule.group, &identity.groups));
            let named = all.iter().filter(|executor| keys.contains(&executor.spec.draft().app_key));
            Some(named.map(|executor| executor.id).collect::<BTreeSet<ExecutorId>>())
        }
    };
    Ok(Some(Rights { role: role.word().to_owned(), executors, disabled: false }))
}
