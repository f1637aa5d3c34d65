//! Settings that do not go with the directory: somebody should look, and nobody is told a wrong password.

use crate::world::{World, let_in, refusal};
use hzm_job_identity::Secret;
use hzm_job_identity::ldap::{LdapError, LdapSettings};

/// The key that the directory's refusal is put down to.
async fn key(settings: &LdapSettings) -> &'static str {
    match refusal(settings, "alice", "wonderland").await {
        LdapError::Misconfigured(problem) => problem.key,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_searching_entry_that_is_not_let_in_is_a_wrong_setting() {
    let Some(world) = World::start() else { return };
    let wrong = LdapSettings { bind_password: Secret("s3cret-guess".into()), ..world.searching("uid") };
    assert_eq!(key(&wrong).await, "bindDn");
    let told = refusal(&wrong, "alice", "wonderland").await;
    for text in [told.to_string(), format!("{told:?}"), format!("{wrong:?}")] {
        assert!(!text.contains("s3cret-guess") && !text.contains("wonderland"), "{text}");
    }
    let unknown = LdapSettings { bind_dn: Some("cn=nemo,dc=example,dc=org".into()), ..world.searching("uid") };
    assert_eq!(key(&unknown).await, "bindDn");
}

#[tokio::test]
async fn a_base_that_is_not_there_is_a_wrong_setting() {
    let Some(world) = World::start() else { return };
    assert_eq!(key(&LdapSettings { dc: "dc=nowhere,dc=org".into(), ..world.searching("uid") }).await, "dc");
    assert_eq!(key(&LdapSettings { group: "ou=nowhere".into(), ..world.searching("uid") }).await, "dc");
    let groups = LdapSettings { group_base: Some("ou=nowhere,dc=example,dc=org".into()), ..world.settings() };
    assert_eq!(key(&groups).await, "groupBase");
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused_before_anybody_is_asked() {
    let Some(world) = World::start() else { return };
    assert_eq!(key(&LdapSettings { cnkey: "mail".into(), ..world.settings() }).await, "cnkey");
    assert_eq!(key(&LdapSettings { addr: "ldap://dir.example.org".into(), ..world.settings() }).await, "addr");
    let_in(&world.settings(), "alice", "wonderland").await;
}
