//! Who somebody is according to others, and what that lets them do: LDAP directories ([`ldap`]), OpenID Connect providers
//! ([`oidc`]), and the rules that turn their groups into a role and executors ([`mapping`]).
//!
//! Nothing here knows users, sessions or pages of the admin: settings and what somebody typed go in, an [`Identity`] or a
//! reason why there is none comes out. Everything is bounded: in time by the settings, in size and number by the constants at
//! the top of each module. Time is an argument where it matters. No password, secret or code is ever in an error or in what
//! `Debug` shows.

mod identity;
pub mod ldap;
pub mod mapping;
pub mod oidc;
mod problem;
mod secret;
mod tls;

pub use identity::{Identity, LONGEST_NAME, MOST_GROUPS};
pub use problem::SettingProblem;
pub use secret::Secret;

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_to_other_threads(_: &(impl Send + ?Sized)) {}

    fn is_shared_by_threads<T: Send + Sync>() {}

    #[test]
    fn a_login_by_a_directory_may_run_on_any_thread_and_a_provider_is_shared_by_all() {
        let settings = ldap::LdapSettings::default();
        goes_to_other_threads(&ldap::login(&settings, "", ""));
        is_shared_by_threads::<oidc::Oidc>();
        is_shared_by_threads::<oidc::Pending>();
    }
}
